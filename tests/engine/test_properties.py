"""Properties that hold for any cluster: order, blame without cycles, healthy neighbours, hostile objects."""

import json
import random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diag.api import scan
from diag.catalog.registry import load as load_rules
from diag.causes.diagnose import diagnose
from diag.causes.report import make_report
from diag.demo import demo_sources
from diag.snapshot.load import load
from diag.snapshot.sources import read
from diag.snapshot.sources.part import Part, Slice

REGISTRY = load_rules(third_party=False)
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def report_of(items, *, now=None):
    slices = [Slice(raw=msgspec.Raw(msgspec.json.encode(item))) for item in items]
    snapshots = load([Part(path="objects.json", items=slices)], now=now)
    return make_report([diagnose(snap, REGISTRY, lambda *_: True) for snap in snapshots], REGISTRY)


def demo_items():
    return [json.loads(bytes(piece.raw)) for source in demo_sources() for part in read(source) for piece in part.items]


ITEMS = demo_items()
BASE = report_of(ITEMS)


def essence(report):
    """Causes without what a healthy neighbour may change: sums over all nodes and their wording."""
    return [
        (cause.name, cause.severity, cause.confidence, str(cause.root), cause.affected.pods, cause.affected.gpus)
        for cause in report.causes
    ]


@SLOW
@given(st.randoms(use_true_random=False))
def test_the_order_of_objects_never_matters(rng):
    items = list(ITEMS)
    rng.shuffle(items)

    assert msgspec.json.encode(report_of(items)) == msgspec.json.encode(BASE)


def test_the_order_of_files_never_matters(tmp_path):
    paths = []
    for number, chunk in enumerate((ITEMS[::3], ITEMS[1::3], ITEMS[2::3])):
        path = tmp_path / f"{number}.json"
        path.write_bytes(msgspec.json.encode({"apiVersion": "v1", "kind": "List", "items": chunk}))
        paths.append(str(path))
    reports = {msgspec.json.encode(scan(order)) for order in (paths, paths[::-1], [paths[1], paths[2], paths[0]])}

    assert len(reports) == 1
    assert essence(msgspec.json.decode(reports.pop(), type=type(BASE))) == essence(BASE)


@SLOW
@given(st.lists(st.sampled_from(range(len(ITEMS))), unique=True, max_size=len(ITEMS)))
def test_any_part_of_a_cluster_gives_a_report_whose_parts_fit_together(dropped):
    gone = set(dropped)
    report = report_of([item for place, item in enumerate(ITEMS) if place not in gone])

    findings = {row.id: row for row in report.findings}
    evidence = {row.id for row in report.evidence}
    blamed = [symptom for cause in report.causes for symptom in cause.symptoms]
    assert all(row.evidence and set(row.evidence) <= evidence for row in report.findings)
    assert {cause.finding for cause in report.causes} <= findings.keys()
    assert not {cause.finding for cause in report.causes} & set(blamed)
    assert not any(gap.why in ("rule-crashed", "error") for gap in report.gaps)
    # Every error symptom has a cause: another finding, or itself with the rules that were asked.
    roots = {cause.finding: cause for cause in report.causes}
    for row in report.findings:
        if row.role == "symptom" and row.severity == "error" and row.id not in blamed:
            assert roots[row.id].alternatives


@SLOW
@given(st.integers(1, 6), st.randoms(use_true_random=False))
def test_a_healthy_node_that_offers_nothing_to_a_waiter_never_changes_a_cause(extra, rng):
    template = next(
        item for item in ITEMS if item["kind"] == "Node" and "nvidia.com/gpu" not in item["status"]["allocatable"]
    )
    text = json.dumps(ITEMS)
    before = sum(item["kind"] == "Node" for item in ITEMS)
    # The scheduler's own sentences count the new nodes as well.
    grown = json.loads(_with_nodes(text, before, extra))
    for number in range(extra):
        node = json.loads(
            json.dumps(template).replace(template["metadata"]["name"], f"extra-{number}-{rng.randrange(10**6)}")
        )
        node["metadata"]["uid"] = f"extra-{number}"
        node["spec"]["taints"] = [{"key": "diag.test/other-team", "value": "x", "effect": "NoSchedule"}]
        grown.append(node)

    assert essence(report_of(grown, now=BASE.target.clusters[0].now)) == essence(BASE)


def _with_nodes(text, before, extra):
    import re  # noqa: PLC0415

    def counted(found):
        return found[0].replace(
            f"0/{before} nodes are available: ",
            f"0/{before + extra} nodes are available: {extra} node(s) had untolerated taint(s), ",
        )

    return re.sub(rf"0/{before} nodes are available: ", counted, text)


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\x1b[2J", "Pending", "8", "nvidia.com/gpu"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["kind", "name", "status"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def paths_of(node, path=()):
    yield path
    if isinstance(node, dict):
        for key, value in node.items():
            yield from paths_of(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from paths_of(value, (*path, index))


def spoil(item, path, junk):
    spoiled = json.loads(json.dumps(item))
    node = spoiled
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = junk
    return spoiled


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_field_of_any_type_anywhere_never_costs_the_report(data):
    troubled = [
        place
        for place, item in enumerate(ITEMS)
        if item["kind"]
        in (
            "Pod",
            "Node",
            "Event",
            "ReplicaSet",
            "Job",
            "PodDisruptionBudget",
            "ResourceQuota",
            "PodGroup",
            "Deployment",
        )
    ]
    place = data.draw(st.sampled_from(troubled))
    path = data.draw(st.sampled_from([path for path in paths_of(ITEMS[place]) if path]))
    items = list(ITEMS)
    items[place] = spoil(ITEMS[place], path, data.draw(JUNK))
    report = report_of(items)

    assert not [gap for gap in report.gaps if gap.why in ("rule-crashed", "error")], (path, items[place]["kind"])
    assert len(report.causes) >= len(BASE.causes) - 2


@pytest.mark.parametrize(
    "change",
    [
        {"spec": None},
        {"status": None},
        {"metadata": None},
        {"spec": {"containers": None}},
        {"status": {"conditions": None, "containerStatuses": None}},
    ],
)
def test_nulls_are_unknown_not_trouble(change):
    report = report_of(
        [
            {**item, **change}
            if item["kind"] in ("Pod", "Node") and random.Random(item["metadata"]["name"]).random() < 0.2
            else item
            for item in ITEMS
        ]
    )

    assert not [gap for gap in report.gaps if gap.why in ("rule-crashed", "error")]
