"""The rules about placement against a naive scheduler on small random clusters.

Where the model finds room, no rule may say that there is none; where it finds none, what the engine blames must be true
in the model. A message of another age or of another cluster size never leaves anything certain.
"""

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diag.catalog.registry import load as load_rules
from diag.causes.diagnose import diagnose
from diag.causes.report import make_report
from diag.snapshot.load import load
from diag.snapshot.sources.part import Part, Slice

from .placement_model import GPU, Model, sentence

REGISTRY = load_rules(third_party=False)
THOROUGH = settings(max_examples=150, deadline=None)
NOW, LONG_AGO = "2026-11-25T12:00:00Z", "2026-11-25T11:00:00Z"
PRODUCT = "nvidia.com/gpu.product"

labels = st.fixed_dictionaries(
    {},
    optional={
        "zone": st.sampled_from(["a", "b"]),
        "pool": st.sampled_from(["x", "y"]),
        "generation": st.sampled_from(["1", "2", "3", "new"]),
        PRODUCT: st.sampled_from(["NVIDIA-H100-80GB-HBM3", "NVIDIA-L40S"]),
    },
)
taints = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from(["team", "spot"]),
            "effect": st.sampled_from(["NoSchedule", "NoExecute", "PreferNoSchedule"]),
        },
        optional={"value": st.sampled_from(["", "blue", "red"])},
    ),
    max_size=2,
)
tolerations = st.lists(
    st.fixed_dictionaries(
        {"operator": st.just("Exists")},
        optional={"key": st.sampled_from(["team", "spot"]), "effect": st.sampled_from(["NoSchedule", "NoExecute"])},
    )
    | st.fixed_dictionaries(
        {"key": st.sampled_from(["team", "spot"]), "value": st.sampled_from(["", "blue", "red"])},
        optional={"operator": st.just("Equal"), "effect": st.sampled_from(["NoSchedule", "NoExecute"])},
    ),
    max_size=2,
)
expression = st.one_of(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from(["zone", "pool", "generation", PRODUCT]),
            "operator": st.sampled_from(["In", "NotIn"]),
            "values": st.lists(
                st.sampled_from(["a", "b", "x", "y", "2", "NVIDIA-L40S", "NVIDIA-B200"]), min_size=1, max_size=2
            ),
        }
    ),
    st.fixed_dictionaries(
        {"key": st.sampled_from(["zone", "pool", PRODUCT]), "operator": st.sampled_from(["Exists", "DoesNotExist"])}
    ),
    st.fixed_dictionaries(
        {
            "key": st.just("generation"),
            "operator": st.sampled_from(["Gt", "Lt"]),
            "values": st.sampled_from([["1"], ["2"]]),
        }
    ),
)
affinity = st.lists(
    st.fixed_dictionaries({"matchExpressions": st.lists(expression, min_size=1, max_size=2)}),
    min_size=1,
    max_size=2,
).map(lambda terms: {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}})


@st.composite
def nodes(draw, *, crowded):
    found = []
    for number in range(draw(st.integers(1, 6))):
        gpus = draw(st.sampled_from(["4", "8"] if crowded else [None, "0", "1", "4", "8"]))
        has = {
            "cpu": draw(st.sampled_from(["4", "16", "64"])),
            "memory": draw(st.sampled_from(["16Gi", "64Gi"])),
            "pods": draw(st.sampled_from(["3", "110"] if crowded else ["1", "2", "3", "110", "110"])),
            **({GPU: gpus} if gpus is not None else {}),
        }
        spec = {"taints": draw(taints) if not crowded and draw(st.booleans()) else []}
        if not crowded and draw(st.integers(0, 5)) == 0:
            spec["unschedulable"] = True
        found.append(
            {
                "apiVersion": "v1", "kind": "Node",
                "metadata": {"name": f"n{number}", "labels": draw(labels), "creationTimestamp": "2026-11-01T00:00:00Z"},
                "spec": spec,
                "status": {"capacity": has, "allocatable": has, "conditions": [{"type": "Ready", "status": "True"}]},
            }
        )  # fmt: skip
    return found


@st.composite
def containers(draw, gpus, *, port_odds):
    requests = {
        **({GPU: draw(st.sampled_from(gpus))} if draw(st.booleans()) else {}),
        **({"cpu": draw(st.sampled_from(["0", "1", "3", "8", "32", "100"]))} if draw(st.booleans()) else {}),
        **({"memory": draw(st.sampled_from(["1Gi", "8Gi", "32Gi", "200Gi"]))} if draw(st.booleans()) else {}),
    }
    one = {"name": "main", "resources": {"requests": requests}}
    if draw(st.integers(1, port_odds)) == port_odds:
        one["ports"] = [{"containerPort": 80, "hostPort": 8080}]
    return [one]


@st.composite
def clusters(draw):
    """Nodes, pods that have one, and one pod that has none. In a crowded cluster only room is in question."""
    crowded = draw(st.booleans())
    machines = draw(nodes(crowded=crowded))
    bound = []
    for number in range(draw(st.integers(len(machines) if crowded else 0, 11))):
        on = draw(st.sampled_from(machines))["metadata"]["name"]
        bound.append(
            {
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": f"p{number}", "namespace": "ml", "creationTimestamp": LONG_AGO},
                "spec": {"nodeName": on, "containers": draw(containers(["1", "2", "4"], port_odds=6))},
                "status": {"phase": draw(st.sampled_from(["Running", "Running", "Running", "Succeeded"]))},
            }
        )  # fmt: skip
    wanted = ["4", "8"] if crowded else ["0", "1", "2", "4", "8", "16"]
    spec = {"containers": draw(containers(wanted, port_odds=8)), "tolerations": draw(tolerations)}
    if not crowded and draw(st.integers(0, 3)) == 0:
        spec["nodeSelector"] = draw(labels)
    if not crowded and draw(st.integers(0, 3)) == 0:
        spec["affinity"] = draw(affinity)
    pod = {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "waiter", "namespace": "ml", "creationTimestamp": LONG_AGO},
        "spec": spec, "status": {"phase": "Pending"},
    }  # fmt: skip
    return machines, bound, pod


def told(pod, message):
    """The pod as the scheduler left it."""
    condition = {
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
        "lastTransitionTime": LONG_AGO,
    }  # fmt: skip
    return {**pod, "status": {"phase": "Pending", "conditions": [condition]}}


def report_of(*items):
    slices = [Slice(raw=msgspec.Raw(msgspec.json.encode(item))) for item in items]
    (snap,) = load([Part(path="objects.json", items=slices)], now=NOW)
    diagnosis = diagnose(snap, REGISTRY, lambda *_: True)
    assert [gap.detail for gap in diagnosis.gaps if gap.why in ("rule-crashed", "error")] == []
    return make_report([diagnosis], REGISTRY)


# What a name says, as the model sees it. A name that is not here may not be blamed for a pod that finds no node.

EXCEEDS = {"cpu-request-exceeds-any-node": "cpu", "memory-request-exceeds-any-node": "memory"}
TAKEN = {"cpu-capacity-exhausted": "cpu", "memory-capacity-exhausted": "memory"}


def free(model):
    """Free GPUs of each eligible node, those left out whose CPU, memory or slots are too few even when empty."""
    return [max(model.free(node, GPU), 0) for node in model.eligible() if set(model.small(node)) <= {GPU}]


def large(model):
    """Selected nodes with as many GPUs as are asked for, when empty."""
    return [
        node for node in filter(model.selected, model.nodes) if model.wanted.get(GPU, 0) <= offered(model, node, GPU)
    ]


def offered(model, node, resource):
    return model.offers[node["metadata"]["name"]].get(resource, 0)


def none_is_large(model):
    return (
        model.wanted.get(GPU, 0)
        > max((offered(model, n, GPU) for n in model.nodes if model.selected(n)), default=0)
        > 0
    )


def a_taint_is_in_the_way(model):
    only_taint = [n for n in model.nodes if model.open(n) and model.selected(n) and not model.untainted(n)]
    large_enough = [node for node in model.nodes if model.selected(node) and not model.small(node)]
    behind = large_enough and not any(map(model.untainted, large_enough))  # cordoned ones would not help either
    return (behind or any(not model.small(node) for node in only_taint)) and not model.able()


def scattered(model):
    return sum(free(model)) >= model.wanted.get(GPU, 0) > max(free(model), default=0) and model.able()


def stranded(model):
    enough = [node for node in model.able() if model.free(node, GPU) >= model.wanted.get(GPU, 0) > 0]
    return enough and all(model.short(node) for node in model.able())


def full(model):
    return any(model.short(node) == ["pods"] for node in model.able())


def taken(model):
    return model.able() and sum(free(model)) < model.wanted.get(GPU, 0)


def none_selected(model):
    return not any(map(model.selected, model.nodes))


def not_offered(model):
    return model.wanted.get(GPU, 0) > 0 and not any(offered(model, n, GPU) for n in model.nodes if model.selected(n))


def no_gpus(model):
    return model.wanted.get(GPU, 0) > 0 and not any(offered(model, node, GPU) for node in model.nodes)


def only_a_cordon(model):
    return any(
        not model.open(n) and model.untainted(n) and model.selected(n) and model.portless(n) and not model.short(n)
        for n in model.nodes
    )


def a_port_is_taken(model):
    """On all that have room, or on all that are large enough, whatever else these are short of."""
    roomy = [node for node in model.able() if not model.short(node)] or model.able()
    return roomy and not any(map(model.portless, roomy))


def exceeds(resource):
    others = set(EXCEEDS.values())

    def holds(model):
        return (
            large(model)
            and all(others & set(model.small(node)) for node in large(model))
            and any(resource in model.small(node) for node in large(model))
        )

    return holds


def exhausted(resource):
    return lambda model: (
        not model.wanted.get(GPU) and model.able() and all(map(model.short, model.able()))
        and any(resource in model.short(node) for node in model.able())
    )  # fmt: skip


TRUE = {
    "gpu-request-exceeds-any-node": none_is_large,
    "untolerated-taint": a_taint_is_in_the_way,
    "node-selector-no-match": none_selected,
    "node-affinity-no-match": none_selected,
    "gpu-product-not-present": none_selected,
    "gfd-labels-missing": none_selected,
    "gpu-product-label-mismatch": none_selected,
    "gpu-label-provider-mismatch": none_selected,
    "gpu-resource-not-offered": not_offered,
    "no-gpu-nodes": no_gpus,
    "gpu-fragmentation": scattered,
    "gpu-stranded-by-cpu-memory": stranded,
    "pod-limit-of-node-reached": full,
    "gpu-capacity-exhausted": taken,
    "nodes-cordoned": only_a_cordon,
    "host-port-conflict": a_port_is_taken,
    **{name: exceeds(resource) for name, resource in EXCEEDS.items()},
    **{name: exhausted(resource) for name, resource in TAKEN.items()},
}


# What leans on sums of what is free: sure only where the scheduler counted the same nodes short.
SUMS = {
    "gpu-fragmentation",
    "gpu-stranded-by-cpu-memory",
    "pod-limit-of-node-reached",
    "gpu-capacity-exhausted",
    *TAKEN,
}


def winners(report):
    """Names and confidences of what the report blames for the waiting pod, its own symptom left out."""
    symptom = next(row.id for row in report.findings if row.name == "pod-unscheduled")
    return [(row.name, row.confidence) for row in report.causes if symptom in row.symptoms and row.finding != symptom]


def claims(report):
    """What is said to keep the pod off all nodes. That it would fit on a cordoned node as well says no such thing, nor
    does what is worth knowing only."""
    told = {row.name for row in report.findings if row.severity != "info"}
    return sorted(told & set(TRUE) - {"nodes-cordoned"})


@THOROUGH
@given(clusters(), st.data())
def test_where_the_model_finds_room_no_rule_says_that_there_is_none(cluster, data):
    machines, bound, pod = cluster
    model = Model(machines, bound, pod)
    assume(model.fits())
    total = data.draw(st.sampled_from([len(machines), len(machines), len(machines) + 1]))
    reasons = data.draw(st.dictionaries(st.sampled_from([
        "Insufficient nvidia.com/gpu", "Insufficient cpu", "Too many pods", "node(s) were unschedulable",
        "node(s) had untolerated taint(s)", "node(s) didn't match Pod's node affinity/selector",
    ]), st.integers(1, total), min_size=1, max_size=3))  # fmt: skip
    heard = data.draw(st.booleans())

    report = report_of(*machines, *bound, told(pod, sentence(total, reasons)) if heard else pod)

    assert claims(report) == []


@THOROUGH
@given(clusters())
def test_where_the_model_finds_none_the_blame_is_true_in_it(cluster):
    machines, bound, pod = cluster
    model = Model(machines, bound, pod)
    assume(not model.fits())

    report = report_of(*machines, *bound, told(pod, sentence(len(machines), model.counts())))

    blamed = winners(report)
    assert [name for name, _ in blamed if name not in TRUE or not TRUE[name](model)] == []


@THOROUGH
@given(clusters(), st.sampled_from(["absent", "older", "other nodes"]), st.data())
def test_words_of_another_age_leave_nothing_certain_and_the_blame_still_true(cluster, words, data):
    machines, bound, pod = cluster
    model = Model(machines, bound, pod)
    assume(not model.fits())
    counts, total = model.counts(), len(machines)
    if words == "older":
        counts = {
            why: data.draw(st.integers(1, total + 1).filter(lambda n, true=n: n != true)) for why, n in counts.items()
        }
    elif words == "other nodes":
        total += data.draw(st.sampled_from([1, 2, 30]))

    report = report_of(*machines, *bound, pod if words == "absent" else told(pod, sentence(total, counts)))

    blamed = winners(report)
    assert [name for name, _ in blamed if name in TRUE and not TRUE[name](model)] == []
    assert [name for name, sure in blamed if sure == "certain" and (words != "older" or name in SUMS)] == []
