"""Every list of remedies begins with a command that only reads and shows what the verdict rests on."""

import json
import re
from pathlib import Path

import pytest

from diag import analyzers
from diag.api import scan
from diag.causes.confirm import confirmed_first, looks
from diag.facts.command_lines import effect
from diag.findings import (
    LOOK,
    AbsentEvidence,
    AbsentPathEvidence,
    ComputedEvidence,
    FieldEvidence,
    LogEvidence,
    Ref,
    Remedy,
)

POD = Ref("c", "v1", "Pod", "ml", "p-0")
NODE = Ref("c", "v1", "Node", "", "n1")
GANG = Ref("c", "scheduling.volcano.sh/v1beta1", "PodGroup", "ml", "g")
FIX = Remedy(text="add nodes", who="platform")
FIELD = FieldEvidence(object=NODE, path='status.allocatable["nvidia.com/gpu"]', value="0")


@pytest.mark.parametrize(
    ("piece", "command"),
    [
        (FIELD, "kubectl get node n1 -o jsonpath='{.status.allocatable}'"),
        (
            FieldEvidence(object=POD, path="status.conditions[2].message", value="it has words"),
            "kubectl get pod p-0 -n ml -o jsonpath='{.status.conditions[2].message}'",
        ),
        (
            FieldEvidence(object=POD, path="status.conditions[2].status", value="False"),
            "kubectl get pod p-0 -n ml -o jsonpath='{.status.conditions[2]}'",
        ),
        (
            FieldEvidence(object=NODE, path="spec.taints[0].key", value="nvidia.com/gpu"),
            "kubectl get node n1 -o jsonpath='{.spec.taints[0]}'",
        ),
        (FieldEvidence(object=NODE, path="spec.unschedulable", value=True), "kubectl describe node n1"),
        (FieldEvidence(object=POD, path="spec.priorityClassName", value="low"),
         "kubectl get pod p-0 -n ml -o jsonpath='{.spec.priorityClassName}'"),
        (FieldEvidence(object=NODE, path='metadata.labels["nvidia.com/gpu.count"]', value="8"),
         "kubectl get node n1 -L nvidia.com/gpu.count"),
        (FieldEvidence(object=NODE, path="metadata.labels.pool", value="a"), "kubectl get node n1 -L pool"),
        (LogEvidence(pod=POD, container="main", previous=True, line=3, value="x"),
         "kubectl logs p-0 -n ml -c main --previous"),
        (LogEvidence(pod=POD, container="main", previous=False, line=3, value="x"), "kubectl logs p-0 -n ml -c main"),
        (AbsentEvidence(absent=Ref("c", "v1", "ConfigMap", "ml", "settings")), "kubectl get configmap settings -n ml"),
        (AbsentPathEvidence(object=POD, absent_path="spec.tolerations"), "kubectl get pod p-0 -n ml -o yaml"),
        (ComputedEvidence(computed="free", value=2, parts=(FIELD,)),
         "kubectl describe podgroup.scheduling.volcano.sh g -n ml"),
    ],
)  # fmt: skip
def test_the_first_step_shows_the_deciding_piece(cluster, piece, command):
    first, *rest = confirmed_first(cluster.snap(cluster.node("n1")), GANG, (FIX,), (piece,))

    assert (first.command, first.risk) == (command, "safe")
    assert effect(first.command) == "looks"
    assert rest == [FIX]


@pytest.mark.parametrize(
    ("path", "value", "command"),
    [
        ("status.containerStatuses[0].lastState.terminated.exitCode", 1, "kubectl logs p-0 -n ml -c main --previous"),
        ("status.containerStatuses[0].state.terminated.reason", "Error", "kubectl logs p-0 -n ml -c main"),
        ("status.initContainerStatuses[0].state.terminated.exitCode", 1, "kubectl logs p-0 -n ml -c setup"),
        (
            "status.containerStatuses[0].lastState.terminated.message",
            "no such model",
            "kubectl get pod p-0 -n ml -o jsonpath='{.status.containerStatuses[0].lastState.terminated.message}'",
        ),
    ],
)
def test_of_a_container_that_ended_it_shows_the_log_of_that_run(cluster, path, value, command):
    pod = cluster.pod("p-0")
    pod["status"] = {
        "containerStatuses": [{"name": "main"}], "initContainerStatuses": [{"name": "setup"}], "phase": "Running"
    }  # fmt: skip
    piece = FieldEvidence(object=POD, path=path, value=value)

    assert confirmed_first(cluster.snap(pod), POD, (), (piece,))[0].command == command


def test_a_bare_symptom_of_a_crash_begins_with_the_log_and_any_other_with_its_root(cluster):
    pod = cluster.pod("p-0")
    pod["status"] = {"containerStatuses": [{"name": "main"}], "phase": "Running"}
    ended = FieldEvidence(object=POD, path="status.containerStatuses[0].lastState.terminated.exitCode", value=1)

    first, *rest = looks(cluster.snap(pod), GANG, ended)

    assert first.command == "kubectl logs p-0 -n ml -c main --previous"
    assert [one.command for one in rest] == ["kubectl describe podgroup.scheduling.volcano.sh g -n ml"]
    assert looks(cluster.snap(pod), GANG, FIELD) == tuple(rest)
    assert looks(cluster.snap(pod), GANG, AbsentEvidence(absent=POD)) == tuple(rest)


def test_of_an_event_it_shows_the_events_of_its_subject(cluster):
    snap = cluster.snap(cluster.pod("p-0"), cluster.event("Pod", "p-0", "FailedMount", "no", warning=True))
    event = next(iter(snap.all("Event").values()))
    piece = FieldEvidence(object=event.ref, path="message", value="no")

    assert confirmed_first(snap, POD, (), (piece,))[0].command == "kubectl events --for pod/p-0 -n ml"


@pytest.mark.parametrize(("text", "command"), [("look at it", "kubectl get pods -n ml"), ("see", "sysctl fs.file-max")])
def test_a_look_of_the_rule_comes_first_and_only_once(cluster, text, command):
    look = Remedy(text=text + " ", command=command)

    assert confirmed_first(cluster.snap(), POD, (FIX, look), (FIELD,)) == (look, FIX)


@pytest.mark.parametrize("command", ["kubectl delete pod p", "kubectl get pods | xargs kill", "sysctl -w a=1"])
def test_what_changes_something_is_no_look(cluster, command):
    fix = Remedy(text="look, then delete", command=command)

    assert confirmed_first(cluster.snap(cluster.node("n1")), POD, (fix,), (FIELD,))[0] is not fix


@pytest.mark.parametrize(("revision", "last"), [("b", True), ("a", False)])
def test_a_pod_that_its_roll_out_left_behind_is_to_be_deleted(tmp_path, revision, last):
    owner = {
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "shard", "namespace": "kv", "uid": "u1"},
        "spec": {"replicas": 1}, "status": {"replicas": 1, "currentRevision": "a", "updateRevision": "a"},
    }  # fmt: skip
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-25T10:00:00Z"}
    pod = {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "shard-0", "namespace": "kv", "labels": {"controller-revision-hash": revision},
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "shard", "uid": "u1", "controller": True}
            ],
        },
        "spec": {"nodeName": "n1", "containers": [{"name": "c"}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {
                    "name": "c", "ready": False, "restartCount": 4, "lastState": {"terminated": ended},
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                }
            ],
        },
    }  # fmt: skip
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [owner, pod]}))
    cause = next(one for one in scan([path], now="2026-11-25T10:01:00Z").causes if one.root.name == "shard")
    deleting = [(one.risk, one.who) for one in cause.remedies if one.command == "kubectl delete pod shard-0 -n kv"]

    assert deleting == ([("disruptive", "user")] if last else [])


def test_a_step_that_begins_as_a_look_asks_for_nothing_else():
    more = re.compile(
        rf'"(?:{"|".join(LOOK)})[^"\n]*(?:;|, then|, and| and) '
        r"(?:add|correct|delete|drain|let|make|move|raise|remove|repair|restart|resume|run|set|start|stop) "
    )
    rules = Path(analyzers.__file__).parent.rglob("*.py")

    assert [(path.name, found[0]) for path in rules for found in more.finditer(path.read_text(encoding="utf-8"))] == []
