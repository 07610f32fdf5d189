"""Queues that are no objects: YuniKorn's and Armada's."""

import pytest
from cluster_objects import node, pod

from diag.views.queue_tables import queue_tables
from diag.views.queues import queues

QUEUE = "yunikorn.apache.org/queue"
CONFIG = """
partitions:
  - name: default
    placementrules: [{name: provided, create: true}]
    queues:
      - name: root
        queues:
          - name: research
            resources: {guaranteed: {nvidia.com/gpu: 8}, max: {vcore: 128, nvidia.com/gpu: 16}}
            queues:
              - name: llm
                resources: {max: {nvidia.com/gpu: 32}}
          - name: prod
            resources: {guaranteed: {nvidia.com/gpu: 16}}
"""


def config(text=CONFIG, name="yunikorn-configs"):
    return {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "yunikorn"},
        "data": {"queues.yaml": text},
    }  # fmt: skip


def member(name, queue, on=None, *, gpus=8, app="train", priority=None, namespace="ml", **status):
    """A pod that YuniKorn schedules."""
    made = pod(name, on, gpus=gpus, namespace=namespace, phase="Running" if on else "Pending", **status)
    made["spec"] |= {"schedulerName": "yunikorn", **({"priority": priority} if priority is not None else {})}
    labels = {"yunikorn.apache.org/app-id": app, **({QUEUE: queue} if queue else {})}
    made["metadata"]["labels"] = labels
    return made


def told(name, text, namespace="ml"):
    return {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": f"{name}.1", "namespace": namespace},
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": name}, "reason": "Informational",
        "message": text, "type": "Normal", "lastTimestamp": "2026-11-26T09:30:00Z",
    }  # fmt: skip


@pytest.fixture
def read(look):
    """The queues of some objects, by name, and the whole answer."""

    def found(*items):
        examined = look(*items)
        document = queues(examined.report, examined.snapshots)
        return {row.called: row for row in document.queues}, document

    return found


def gpus(row):
    (slot,) = (slot for slot in row.slots if slot.gpu)
    return slot.nominal, slot.used, slot.borrowed, slot.limit, slot.full


def test_what_pods_with_a_node_ask_for_is_used_in_their_queue_and_in_all_above_it(read):
    rows, _ = read(config(), node("a"), node("b"), member("p", "root.research.llm", "a"), member("q", "root.prod", "b"))

    assert gpus(rows["root.research.llm"]) == (None, "8", None, "16", False)
    assert gpus(rows["root.research"]) == ("8", "8", "0", "16", False)
    assert gpus(rows["root.prod"]) == ("16", "8", "0", None, False)
    assert gpus(rows["root"]) == (None, "16", None, None, False)


def test_a_queue_may_use_no_more_than_those_above_it_and_is_full_there(read):
    rows, _ = read(
        config(), node("a"), node("b"), member("p", "root.research.llm", "a"), member("q", "root.research.llm", "b")
    )

    assert gpus(rows["root.research.llm"]) == (None, "16", None, "16", True)


def test_vcore_is_cpu(read):
    rows, _ = read(config(), member("p", "root.research", "a"))

    (cpu,) = (slot for slot in rows["root.research"].slots if slot.resource == "cpu")
    assert (cpu.used, cpu.limit) == ("1", "128")


def test_pods_that_ended_hold_nothing(read):
    ended = member("p", "root.prod", "a")
    ended["status"]["phase"] = "Succeeded"

    assert gpus(read(config(), ended)[0]["root.prod"])[1] == "0"


def test_a_pod_that_names_no_queue_may_be_in_any_so_nothing_is_known_of_what_is_used(read):
    rows, _ = read(config(), member("p", "root.prod", "a"), member("q", "", "b"))

    assert gpus(rows["root.prod"])[:3] == ("16", None, None)
    assert rows["(placed by rules that were not followed)"].state == "not known"


def test_labels_say_nothing_where_another_rule_comes_first(read):
    ruled = CONFIG.replace("{name: provided, create: true}", "{name: tag, value: namespace, create: true}")

    assert gpus(read(config(ruled), member("p", "root.prod", "a"))[0]["root.prod"])[1] is None


def test_a_short_name_is_that_of_a_queue_below_the_root(read):
    assert gpus(read(config(), member("p", "prod", "a"))[0]["root.prod"])[1] == "8"


def test_without_pods_nothing_is_known_of_what_is_used(read):
    assert gpus(read(config())[0]["root.prod"])[1] is None


def test_an_application_waits_once_with_the_words_of_its_scheduler(read):
    text = (
        "Request 'x' does not fit in queue 'root.research' (requested map[nvidia.com/gpu:8], "
        "available map[nvidia.com/gpu:0])"
    )
    waits = [member(f"w-{at}", "root.research") for at in range(3)]
    urgent = member("u", "root.research", app="urgent", priority=9)

    rows, _ = read(config(), *waits, urgent, told("w-1", text))

    first, second = rows["root.research"].waiting
    assert (first.subject.name, first.gpus) == ("u", 8)
    assert (second.subject.name, second.gpus, second.waits_s) == ("w-0", 24, 3600)
    assert second.reason == f"train, 3 pods: {text}"
    assert first.reason == "no word of its scheduler was read"


def test_the_queue_that_the_scheduler_names_is_believed_before_the_label(read):
    text = "Request 'x' does not fit in queue 'root.prod' (requested map[pods:1], available map[pods:0])"

    rows, _ = read(config(), member("w", ""), told("w", text))

    assert [one.subject.name for one in rows["root.prod"].waiting] == ["w"]


def test_a_queue_that_only_pods_name_has_the_quota_of_its_namespace(read):
    space = {
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "ml", "annotations": {"yunikorn.apache.org/namespace.quota": '{"nvidia.com/gpu": "8"}'}},
    }  # fmt: skip

    rows, _ = read(config(), space, member("p", "root.ml", "a"))

    assert rows["root.ml"].state == "not in queues.yaml"
    assert gpus(rows["root.ml"])[3:] == ("8", True)


@pytest.mark.parametrize("text", ["[", "partitions: 3", "partitions: [{queues: [{name: {}}]}]"])
def test_a_configuration_that_cannot_be_read_loses_no_queue_that_pods_name(read, text):
    rows, document = read(config(text), member("p", "root.ml", "a"))

    assert rows["root.ml"].state == "queues.yaml cannot be read"
    assert gpus(rows["root.ml"])[1] == "8"
    assert queue_tables(document)[0].lines[0].values[-4] == "?"


def test_the_cause_of_one_that_waits_is_that_of_its_queue_alone(read):
    text = (
        "Request 'x' does not fit in queue 'root.research' (requested map[nvidia.com/gpu:8], "
        "available map[nvidia.com/gpu:0])"
    )

    rows, _ = read(config(), node("a"), member("w", "root.research"), told("w", text))

    assert rows["root.research"].causes == ["C1"]
    assert rows["root.prod"].causes == []


def test_sums_over_some_namespaces_say_so(read):
    assert "only pods of ml were read" in read(config(), member("p", "root.prod", "a"))[1].doubts[0]
    whole = (member("p", "root.prod", "a"), pod("dns", "a", namespace="kube-system"))
    assert read(config(), *whole)[1].doubts == []


def leased(name, queue, on=None, **annotations):
    made = pod(name, on, gpus=8, phase="Running" if on else "Pending")
    made["metadata"] |= {"labels": {"armada_queue_id": queue, "armada_job_id": name}, "annotations": annotations}
    return made


def test_armada_queues_show_what_was_leased_and_call_the_rest_unknown(read):
    rows, document = read(node("a"), leased("p", "nlp", "a"), leased("q", "nlp"))

    row = rows["nlp"]
    assert gpus(row) == (None, "8", None, None, False)
    assert [one.subject.name for one in row.waiting] == ["q"]
    assert row.state == "only jobs that were leased to this cluster are seen"
    line = queue_tables(document)[0].lines[0]
    assert line.values[5:7] == ("?", "?")


def test_a_gang_of_armada_waits_once(read):
    gang = {"armadaproject.io/gangId": "g"}

    (one,) = read(leased("p", "nlp", **gang), leased("q", "nlp", **gang))[0]["nlp"].waiting

    assert one.gpus == 16


def test_a_federated_quota_has_the_same_words(read):
    quota = {
        "apiVersion": "policy.karmada.io/v1alpha1", "kind": "FederatedResourceQuota",
        "metadata": {"name": "q", "namespace": "ml"}, "spec": {"overall": {"nvidia.com/gpu": "32"}},
        "status": {"overallUsed": {"nvidia.com/gpu": "32"}},
    }  # fmt: skip

    assert gpus(read(quota)[0]["ml/q"]) == ("32", "32", "0", "32", True)


@pytest.mark.parametrize(
    ("kind", "group", "spec"),
    [
        ("ElasticQuota", "scheduling.x-k8s.io/v1alpha1", {"min": {"nvidia.com/gpu": 4}, "max": {"nvidia.com/gpu": 8}}),
        ("Queue", "scheduling.volcano.sh/v1beta1", {"deserved": {"nvidia.com/gpu": 4}}),
    ],
)
def test_what_no_status_counts_is_unknown_and_not_zero(read, kind, group, spec):
    item = {"apiVersion": group, "kind": kind, "metadata": {"name": "q"}, "spec": spec}
    status = {"used": {}, "allocated": {}}

    assert gpus(read(item)[0]["q"])[1] is None
    assert gpus(read(item | {"status": status})[0]["q"])[1] == "0"
