"""Prometheus answers: conditions of kube-state-metrics, and samples that name no node but what they were read from."""

import json

import pytest

from diag.api import capture, scan
from diag.snapshot.archive.write import save
from diag.snapshot.sources.side import readings_of

PENDING = "DCGM_FI_DEV_ROW_REMAP_PENDING"
FATAL = "GpuNvswitchFatalWatch"  # its type names the fault


def node(name, *conditions, address="10.0.0.9"):
    since = "2026-11-01T00:00:00Z"
    gpus = {"nvidia.com/gpu": "8"}
    own = [{"type": kind, "status": status, "lastTransitionTime": since} for kind, status in conditions]
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "creationTimestamp": since},
        "status": {"capacity": gpus, "allocatable": gpus, "addresses": [{"type": "InternalIP", "address": address}],
                   "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": since}, *own]},
    }  # fmt: skip


def sample(name, value="1", **labels):
    return {"metric": {"__name__": name, **labels}, "value": [1764000000.5, value]}


def conditions(name="gpu-a", kind=FATAL, *, holds="true", label="node", **labels):
    """The three samples of a condition."""
    told = {label: name, "instance": "10.0.0.9:8080", "condition": kind, **labels}
    return [
        sample("kube_node_status_condition", str(int(status == holds)), status=status, **told)
        for status in ("true", "false", "unknown")
    ]


def answer(*samples):
    return {"status": "success", "data": {"resultType": "vector", "result": list(samples)}}


@pytest.fixture
def told(tmp_path):
    """The causes of nodes with such an answer beside them: name, node, confidence; and the folder."""

    def of(nodes, *samples, more=()):
        for file, content in (("nodes.json", {"apiVersion": "v1", "kind": "List", "items": nodes}), *more):
            (tmp_path / file).write_text(content if isinstance(content, str) else json.dumps(content))
        (tmp_path / "query.json").write_text(json.dumps(answer(*samples), indent=1))
        found = scan([tmp_path]).causes
        return [(cause.name, cause.root.name, cause.confidence) for cause in found]

    return of


def test_a_condition_that_the_node_does_not_have_is_one_sign(told):
    assert told([node("gpu-a")], *conditions()) == [("nvswitch-fatal-error", "gpu-a", "likely")]


@pytest.mark.parametrize(
    "samples",
    [
        conditions(holds="false"),
        conditions(holds="unknown"),
        conditions("gpu-b"),
        conditions(kind="Ready"),
        conditions(kind="GpuNvswitchHealthy"),
        conditions(label="pod"),  # its target's address is that of the node on which the exporter runs
    ],
)
def test_what_is_not_so_or_of_another_node_tells_nothing(told, samples):
    assert told([node("gpu-a")], *samples) == []


def test_the_node_knows_better_and_a_metric_adds_nothing_to_what_it_says(told):
    assert told([node("gpu-a", (FATAL, "False"))], *conditions()) == []
    alone = told([node("gpu-a", (FATAL, "True"))])
    assert told([node("gpu-a", (FATAL, "True"))], *conditions()) == alone
    assert [name for name, _, _ in alone] == ["nvswitch-fatal-error"]


def test_a_metric_that_repeats_an_agent_is_no_second_tool(told):
    sxid = "[1.000000] nvidia-nvswitch0: SXid (PCI:0000:01:00.0): 12028, Fatal, Link 3"
    kernel = ("gpu-a.dmesg", f"[0.000000] Linux version 6.8.0\n[2.000000] NVRM: Xid: x\n{sxid}\n")

    assert told([node("gpu-a")], more=[kernel]) == told([node("gpu-a")], *conditions(), more=[kernel])


def test_its_own_label_counts_before_that_of_its_target(told):
    samples = conditions("gpu-b", label="node", exported_node="gpu-a")

    assert [name for _, name, _ in told([node("gpu-a"), node("gpu-b", address="10.0.0.8")], *samples)] == ["gpu-a"]


def test_the_line_of_the_sample_is_cited_and_not_one_before_it():
    text = json.dumps(answer(*conditions("gpu-b", holds="false"), *conditions()), indent=1)
    (one,) = readings_of(text.encode(), "query.json")

    assert (one.value, one.node) == (f"{FATAL}=True", "gpu-a")
    assert text.split("\n")[one.line - 1].strip() == one.text
    assert one.line > text[: text.index("gpu-a")].count("\n")


@pytest.mark.parametrize(
    ("instance", "meant"),
    [
        ("10.0.0.9:9400", ["gpu-a"]),
        ("gpu-a:9100", ["gpu-a"]),
        ("gpu-a", ["gpu-a"]),
        ("10.0.0.90:9400", []),
        ("gpu-a.example.com:9100", []),
        ("10.0.0.7:9400", []),  # of two nodes
        ("localhost:9400", []),
    ],
)
def test_what_a_metric_was_read_from_names_one_node_or_none(told, instance, meant):
    nodes = [node("gpu-a"), node("gpu-b", address="10.0.0.7"), node("gpu-c", address="10.0.0.7")]

    assert [name for _, name, _ in told(nodes, sample(PENDING, instance=instance, UUID="GPU-1"))] == meant


def test_the_label_of_a_node_counts_before_what_it_was_read_from(told):
    one = sample(PENDING, instance="10.0.0.9:9400", Hostname="gpu-b")

    assert [name for _, name, _ in told([node("gpu-a"), node("gpu-b", address="10.0.0.8")], one)] == ["gpu-b"]


def test_an_archive_keeps_what_a_metric_was_read_from(told, tmp_path):
    assert told([node("gpu-a")], sample(PENDING, instance="10.0.0.9:9400"), *conditions())
    save(tmp_path / "saved" / "a.jsonl.gz", capture([tmp_path]).packed)

    assert {cause.name for cause in scan([tmp_path / "saved" / "a.jsonl.gz"]).causes} == {
        "row-remap-pending",
        "nvswitch-fatal-error",
    }
