"""kube-state-metrics where the objects were not collected: GPUs of nodes, and pods that nobody else tells of."""

import json

import pytest

from diag.api import capture, scan
from diag.snapshot.archive.write import save
from diag.snapshot.sources.side import readings_of
from diag.snapshot.sources.side.lines import MOST_CHARS
from diag.views.coverage import gap_lines

NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-z"}, "status": {"allocatable": {}}}
ALLOCATABLE, CAPACITY = "kube_node_status_allocatable", "kube_node_status_capacity"
WAITS, PHASE = "kube_pod_container_status_waiting_reason", "kube_pod_status_phase"
UNSCHEDULABLE = "kube_pod_status_unschedulable"


def pod(gpus, namespace="ml"):
    says = "0/2 nodes are available: 2 Insufficient nvidia.com/gpu."
    waits = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": says}
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "big", "namespace": namespace},
        "spec": {"containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": str(gpus)}}}]},
        "status": {"phase": "Pending", "conditions": [waits]},
    }  # fmt: skip


def sample(name, value="1", **labels):
    return {"metric": {"__name__": name, **labels}, "value": [1764000000.5, value]}


def offer(node, value, *, name=ALLOCATABLE, resource="nvidia_com_gpu"):
    return sample(name, value, node=node, resource=resource, unit="integer", instance="10.0.0.1:8080")


def of_pod(name, **labels):
    return sample(name, **{"namespace": "web", "pod": "api", **labels})


@pytest.fixture
def report(tmp_path):
    """The report on these objects with such an answer of Prometheus beside them, also as an archive keeps it."""

    def of(objects, *samples):
        (tmp_path / "dump.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        answer = {"status": "success", "data": {"resultType": "vector", "result": list(samples)}}
        (tmp_path / "query.json").write_text(json.dumps(answer, indent=1))
        found = scan([tmp_path])
        save(tmp_path / "saved" / "a.jsonl.gz", capture([tmp_path]).packed)
        assert [gap.what for gap in scan([tmp_path / "saved" / "a.jsonl.gz"]).gaps] == [gap.what for gap in found.gaps]
        (tmp_path / "saved" / "a.jsonl.gz").unlink()
        return found

    return of


def too_many(found):
    return [cause for cause in found.causes if cause.name == "gpu-request-exceeds-any-node"]


def test_more_gpus_than_any_node_has_by_a_metric_is_likely_at_most_and_says_so(report):
    found = report([pod(16)], offer("gpu-a", "8"), offer("gpu-b", "4"), offer("gpu-b", "64", resource="amd_com_gpu"))
    (cause,) = too_many(found)

    assert (
        "by kube-state-metrics the largest node, gpu-a, has 8 (the nodes themselves were not collected)"
        in cause.summary
    )
    assert cause.confidence != "certain"
    assert any(row.file and row.value == '"node": "gpu-a",' for row in found.evidence)


@pytest.mark.parametrize(
    "samples",
    [
        [offer("gpu-a", "8")],
        [offer("gpu-a", "4"), offer("gpu-a", "8", name=CAPACITY)],  # a plugin may come back
        [offer("gpu-a", "0")],  # that no node has any is another thing
        [offer("", "4")],
        [offer("gpu-a", "NaN")],
        [offer("gpu-a", "4", resource="cpu")],
        [],
    ],
)
def test_what_fits_or_is_not_told_is_no_cause(report, samples):
    assert too_many(report([pod(8)], *samples)) == []


def test_where_nodes_were_collected_no_metric_is_asked(report):
    assert too_many(report([pod(16), NODE], offer("gpu-a", "8"))) == []


def only_told(found):
    return {gap.what.removeprefix("pods that only kube-state-metrics tells of, "): gap for gap in found.gaps
            if gap.what.startswith("pods that")}  # fmt: skip


def test_pods_that_were_not_collected_and_wait_by_a_metric_are_a_gap_with_its_fix(report):
    found = report(
        [NODE],
        of_pod(PHASE, phase="Pending"),
        of_pod(WAITS, reason="CrashLoopBackOff"),
        of_pod(UNSCHEDULABLE, pod="big"),
        of_pod(PHASE, pod="big", phase="Pending"),
    )
    gaps = only_told(found)

    assert {what: gap.pods for what, gap in gaps.items()} == {
        "CrashLoopBackOff: web/api": ["web/api"],
        "unschedulable: web/big": ["web/big"],
    }
    assert all(gap.material for gap in gaps.values())
    assert "kubectl get pods,events -n web -o json" in gaps["unschedulable: web/big"].fix
    assert found.causes == []


@pytest.mark.parametrize(
    "one",
    [
        of_pod(PHASE, phase="Running"),
        of_pod(PHASE, value="0", phase="Pending"),
        of_pod(WAITS, reason="ContainerCreating"),
        of_pod("kube_pod_container_status_last_terminated_reason", reason="OOMKilled"),
        of_pod(PHASE, phase="Pending", pod=""),
        of_pod(PHASE, phase="Pending", namespace="ml"),  # whose pods were read: it is gone
    ],
)
def test_what_is_well_past_or_gone_is_no_gap(report, one):
    assert only_told(report([pod(1)], one)) == {}


def test_the_exporters_own_labels_count_before_those_of_its_target(report):
    one = of_pod(PHASE, phase="Pending", exported_namespace="x", exported_pod="y", namespace="monitoring", pod="ksm-0")

    assert list(only_told(report([NODE], one))) == ["Pending: x/y"]


def test_of_many_such_pods_all_are_named_where_all_is_asked_for(report):
    found = report(
        [NODE], *(of_pod(UNSCHEDULABLE, pod=f"p{number}", namespace=f"n{number % 2}") for number in range(7))
    )
    (what,) = only_told(found)
    (line,) = [line for line in gap_lines(found, every_pod=True) if "kube-state" in line.what]

    assert what.endswith("n1/p1 and 2 more")
    assert line.what.endswith("n1/p1, n1/p3, n1/p5")
    assert "-A" in line.fix


def test_a_condition_and_an_offer_name_their_own_lines():
    fatal = {"node": "gpu-a", "condition": "GpuNvswitchFatalWatch", "status": "true"}
    samples = [offer("gpu-a", "8"), sample("kube_node_status_condition", **fatal)]
    text = json.dumps({"data": {"resultType": "vector", "result": samples}}, indent=1)

    found = readings_of(text.encode(), "x")
    assert [(one.what, one.value, one.node, one.device) for one in found] == [
        ("allocatable", "8", "gpu-a", "nvidia_com_gpu"),
        ("condition", "GpuNvswitchFatalWatch=True", "gpu-a", ""),
    ]
    assert [text.split("\n")[one.line - 1].strip() for one in found] == [one.text for one in found]


def test_a_name_without_end_is_kept_as_short_as_the_line_that_tells_it():
    answer = {
        "status": "success",
        "data": {"resultType": "vector", "result": [of_pod(PHASE, phase="Pending", pod="p" * 5000)]},
    }
    (found,) = readings_of(json.dumps(answer).encode(), "k.json")
    assert len(found.pod) == MOST_CHARS
    assert len(found.text) == MOST_CHARS
