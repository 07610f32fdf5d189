"""What quotas and queues of a namespace say beside the nodes, with their numbers."""

import pytest

from diag.errors import UsageError

from .conftest import SYSTEM, node, pod

GPU = "nvidia.com/gpu"
NODES = [node("a"), node("b"), SYSTEM]
NO_QUOTA = "no ResourceQuota of ml was read, so none is counted"
NO_QUEUE = "no LocalQueue of ml was read, so none is counted"


def quota(hard, used, *, name="gpu-budget", namespace="ml"):
    counted = {f"requests.{GPU}": hard}
    return {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name, "namespace": namespace},
        "spec": {"hard": counted}, "status": {"hard": counted, "used": {f"requests.{GPU}": used}},
    }  # fmt: skip


def local_queue(name="team", *, to="gpus", namespace="ml", **spec):
    return {
        "apiVersion": "kueue.x-k8s.io/v1beta1", "kind": "LocalQueue",
        "metadata": {"name": name, "namespace": namespace}, "spec": {"clusterQueue": to, **spec},
    }  # fmt: skip


def cluster_queue(*flavors, name="gpus", resource=GPU, **spec):
    """Flavors as (name, nominal, used, limits)."""
    quotas = [
        {"name": one, "resources": [{"name": resource, "nominalQuota": has, **more}]} for one, has, _, more in flavors
    ]
    reserved = [{"name": one, "resources": [{"name": resource, "total": used}]} for one, _, used, _ in flavors if used]
    return {
        "apiVersion": "kueue.x-k8s.io/v1beta1", "kind": "ClusterQueue", "metadata": {"name": name},
        "spec": {"resourceGroups": [{"coveredResources": [resource], "flavors": quotas}], **spec},
        "status": {"flavorsReservation": reserved},
    }  # fmt: skip


def flavor(name, **spec):
    return {"apiVersion": "kueue.x-k8s.io/v1beta1", "kind": "ResourceFlavor", "metadata": {"name": name}, "spec": spec}


def volcano(name="train", *, allocated="4", state="Open", **spec):
    return {
        "apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "Queue", "metadata": {"name": name}, "spec": spec,
        "status": {"state": state, "allocated": {GPU: allocated}},
    }  # fmt: skip


def test_without_a_namespace_one_line_says_that_nothing_of_it_is_counted(ask):
    row = ask(*NODES, quota("8", "8"), local_queue(), gpus=1)

    assert (row.notes, row.limits) == (
        [],
        ["quotas and queues are not counted; -n NAMESPACE counts those of a namespace"],
    )


def test_a_quota_of_the_named_namespace_refuses_or_lets_in_with_its_numbers(ask):
    items = [*NODES, quota("8", "5"), quota("8", "8", namespace="other")]
    refused, taken = (ask(*items, gpus=gpus, namespace="ml") for gpus in (4, 3))
    numbers = "ResourceQuota ml/gpu-budget (5 of 8 requests.nvidia.com/gpu used, {} asked)"

    assert refused.notes == [f"this is about nodes; {numbers.format(4)} would refuse it"]
    assert refused.limits == [NO_QUEUE]
    assert (taken.notes, taken.limits) == ([], [f"{numbers.format(3)} would let it in", NO_QUEUE])


def test_a_namespace_without_quota_and_queue_is_not_said_to_have_room(ask):
    row = ask(*NODES, gpus=1, namespace="ml")

    assert row.limits == ["no ResourceQuota and no LocalQueue of ml was read, so none is counted"]


def test_the_queue_of_the_namespace_keeps_waiting_what_its_cluster_queue_has_no_room_for(ask):
    items = [*NODES, local_queue(), local_queue("foreign", namespace="other"), cluster_queue(("h100", "8", "6", {}))]
    numbers = "LocalQueue ml/team (ClusterQueue gpus: 6 of 8 nvidia.com/gpu of flavor h100 used; {} asked"

    def said(**question):
        row = ask(*items, namespace="ml", **question)
        return row.notes, row.limits

    assert said(gpus=3) == ([f"this is about nodes; {numbers.format(3)}) would keep it waiting"], [NO_QUOTA])
    assert said(gpus=2) == ([], [f"{numbers.format(2)}) would let it in", NO_QUOTA])
    assert said(gpus=1, pods=3)[0] == [
        f"this is about nodes; {numbers.format(1)} for each pod) would keep all but 2 of the 3 pods waiting"
    ]
    assert said(gpus=9)[0] == [f"this is about nodes; {numbers.format(9)}) could never let it in"]


def test_what_the_cohort_lends_is_counted_up_to_the_borrowing_limit(ask):
    other = cluster_queue(("h100", "8", "0", {}), name="lender", cohort="all")

    def notes(limits):
        own = cluster_queue(("h100", "8", "8", limits), cohort="all")
        return ask(*NODES, local_queue(), own, other, gpus=4, namespace="ml")

    assert notes({}).notes == []
    assert "8 of 8 nvidia.com/gpu of flavor h100 used, 8 left with cohort all" in notes({}).limits[0]
    full = cluster_queue(("h100", "0", "0", {}), cohort="all")
    lent = cluster_queue(("h100", "8", "8", {}), name="lender", cohort="all")
    waits = ask(*NODES, local_queue(), full, lent, gpus=4, namespace="ml")
    assert "0 left with cohort all; 4 asked) would keep it waiting" in waits.notes[0]
    assert "used, 2 left with cohort all; 4 asked) would keep it waiting" in notes({"borrowingLimit": "2"}).notes[0]


def test_only_flavors_that_may_take_the_pod_count(ask):
    queue = cluster_queue(("l40s", "8", "0", {}), ("h100", "8", "8", {}))
    labels = [flavor("l40s", nodeLabels={"pool": "l40s"}), flavor("h100", nodeLabels={"pool": "h100"})]
    items = [node("a", labels={"pool": "h100"}), SYSTEM, local_queue(), queue]
    taint = {"key": "team", "value": "x", "effect": "NoSchedule"}

    chosen = ask(*items, *labels, gpus=1, namespace="ml", node_selector={"pool": "h100"})
    assert "8 of 8 nvidia.com/gpu of flavor h100 used" in chosen.notes[0]
    assert ask(*items, *labels, gpus=1, namespace="ml").notes == []
    tainted = [flavor("l40s", nodeTaints=[taint]), flavor("h100", nodeTaints=[taint])]
    shut = ask(*items, *tainted, gpus=1, namespace="ml")
    assert "selector or tolerations fit none of its flavors) would refuse it" in shut.notes[0]
    tolerant = [flavor("l40s", nodeTaints=[taint], tolerations=[{"key": "team", "operator": "Exists"}]), tainted[1]]
    assert ask(*items, *tolerant, gpus=1, namespace="ml").notes == []


@pytest.mark.parametrize(
    ("items", "words"),
    [
        (
            [local_queue(stopPolicy="Hold"), cluster_queue(("x", "8", "0", {}))],
            "(stopPolicy Hold) would keep it waiting",
        ),
        ([local_queue(), cluster_queue(("x", "8", "0", {}), stopPolicy="HoldAndDrain")], "stopPolicy HoldAndDrain)"),
        ([local_queue(), cluster_queue(("x", "8", "0", {}), name="y")], "ClusterQueue gpus, which does not exist"),
        ([local_queue(), cluster_queue(("x", "8", "0", {}), resource="amd.com/gpu")], "no quota for nvidia.com/gpu"),
    ],
)
def test_a_queue_that_takes_nothing_is_told_with_what_shuts_it(ask, items, words):
    assert words in ask(*NODES, *items, gpus=1, namespace="ml").notes[0]


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([local_queue()], "its ClusterQueue gpus was not read"),
        ([local_queue(), cluster_queue(("x", "8", None, {}))], "how much of its quota is used was not read"),
    ],
)
def test_what_was_not_read_of_a_queue_is_not_taken_for_room_or_refusal(ask, items, words):
    row = ask(*NODES, *items, gpus=1, namespace="ml")

    assert row.notes == []
    assert words in row.limits[0]


def test_a_queue_is_chosen_by_name_or_by_the_label_of_what_is_alike(ask):
    items = [local_queue(), local_queue("second", to="spare"), cluster_queue(("x", "8", "8", {}))]
    items += [cluster_queue(("x", "8", "0", {}), name="spare")]
    like = pod("holder", "a", gpus=1, labels={"kueue.x-k8s.io/queue-name": "second"})

    both = ask(*NODES, *items, gpus=1, namespace="ml")
    assert ("ml/team" in both.notes[0], "ml/second" in both.limits[0]) == (True, True)
    assert ask(*NODES, *items, gpus=1, namespace="ml", queue="second").notes == []
    assert ask(*NODES, *items, like, like="ml/holder").notes == []
    assert ask(*NODES, *items, gpus=1, namespace="ml", queue="third").limits[0] == (
        "no LocalQueue third of ml and no Volcano Queue third was read"
    )
    with pytest.raises(UsageError):
        ask(*NODES, *items, gpus=1, queue="second")


def test_a_volcano_queue_counts_where_it_is_named(ask):
    def row(*items, **question):
        found = ask(*NODES, *items, namespace="ml", **{"gpus": 4, "queue": "train", **question})
        return [one.removeprefix("this is about nodes; ") for one in found.notes], found.limits[0]

    full = volcano(allocated="6", capability={GPU: "8"})
    numbers = "Volcano Queue train (6 of 8 nvidia.com/gpu allocated, 4 asked) would refuse it"
    assert row(full)[0] == [numbers]
    assert row(full, gpus=2)[1] == "Volcano Queue train (train: 6 of 8 nvidia.com/gpu allocated) would let it in"
    assert row(volcano())[1] == "Volcano Queue train (no capability limits it) would let it in"
    assert row(volcano(state="Closed"))[0] == ["Volcano Queue train is Closed and would refuse it"]
    above = volcano("root", allocated="7", capability={GPU: "8"})
    assert row(volcano(parent="root"), above)[0][0].startswith("Volcano Queue root (7 of 8")
    space = {
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "ml", "annotations": {"scheduling.volcano.sh/queue-name": "train"}},
    }  # fmt: skip
    assert row(full, space, queue="")[0] == [numbers]
    assert row(full, queue="")[0] == []


def test_what_waits_already_is_not_counted_twice(ask):
    items = [*NODES, quota("8", "8"), pod("waiting", gpus=2)]

    there = ask(*items, like="ml/waiting")
    assert (there.notes, there.limits) == (
        [],
        ["quotas and queues are not counted anew: the pod is there already"],
    )
    elsewhere = ask(*items, quota("8", "8", namespace="other"), like="ml/waiting", namespace="other")
    assert "ResourceQuota other/gpu-budget" in elsewhere.notes[0]


def test_a_namespace_that_is_not_among_those_read_is_said(ask):
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}

    assert ask(*NODES, space, gpus=1, namespace="ml").limits[0] == "no namespace ml was read"


def test_hostile_queues_never_crash(ask):
    items = [local_queue(stopPolicy=[1]), cluster_queue(("x", [], {}, {"borrowingLimit": {}}), cohort=7)]
    items += [flavor("x", nodeTaints="no", tolerations=3, nodeLabels=[1]), volcano(capability=[1], parent=8)]

    assert ask(*NODES, *items, gpus=1, namespace="ml", queue="train").fits
    assert ask(*NODES, *items, gpus=1, namespace="ml").fits
