"""Members of a gang in which one failed are wanted, too: at most eight, and of nobody else's."""

import msgspec
import pytest

from diag.causes.examine import Choice, examine
from diag.snapshot.load import load
from diag.snapshot.sources.part import LogText, Part, Slice


class Store:
    """Offers every log, and remembers what was asked for."""

    def __init__(self):
        self.asked = []

    def offers(self, _key):
        return True

    def fetch(self, keys):
        self.asked += keys
        yield from (LogText(pod=pod, container=name, previous=previous, text="said") for pod, name, previous in keys)


def pod(name, labels, *, failed=False, annotations=None):
    state = {"terminated": {"exitCode": 1, "reason": "Error"}} if failed else {"running": {}}
    status = {"name": "main", "ready": not failed, "restartCount": 0, "state": state}
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml", "labels": labels, "annotations": annotations or {}},
        "spec": {"nodeName": "n", "containers": [{"name": "main"}]},
        "status": {
            "phase": "Failed" if failed else "Running", "containerStatuses": [status],
            "conditions": [{"type": "Ready", "status": str(not failed)}],
        },
    }  # fmt: skip


def read(items):
    store = Store()
    slices = [Slice(raw=msgspec.Raw(msgspec.json.encode(item))) for item in items]
    examine(load([Part(path="x", items=slices, store=store)]), Choice(), lambda _: None)
    return {key[0] for key in store.asked}


GANGS = {
    "pod group": ({"scheduling.x-k8s.io/pod-group": "a"}, {}),
    "volcano": ({}, {"scheduling.k8s.io/group-name": "a"}),
    "kueue": ({"kueue.x-k8s.io/pod-group-name": "a"}, {}),
    "jobset": ({"jobset.sigs.k8s.io/jobset-name": "a"}, {}),
    "kubeflow": ({"training.kubeflow.org/job-name": "a"}, {}),
    "leader and workers": (
        {"leaderworkerset.sigs.k8s.io/name": "a", "leaderworkerset.sigs.k8s.io/group-index": "0"}, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", GANGS)
def test_the_siblings_of_a_failed_member_are_read(kind):
    labels, annotations = GANGS[kind]
    others = dict.fromkeys(labels, "b")
    gang = [pod(f"rank-{number}", labels, annotations=annotations, failed=number == 1) for number in range(4)]
    stranger = pod("stranger", others, annotations=dict.fromkeys(annotations, "b"))

    assert read([*gang, stranger]) == {f"ml/rank-{number}" for number in range(4)}


def test_members_of_an_indexed_job_need_each_other_whatever_their_index():
    def labels(index):
        return {"batch.kubernetes.io/job-name": "a", "batch.kubernetes.io/job-completion-index": str(index)}

    assert read([pod("r0", labels(0), failed=True), pod("r1", labels(1))]) == {"ml/r0", "ml/r1"}


def test_at_most_eight_siblings_are_read():
    labels = {"scheduling.x-k8s.io/pod-group": "a"}
    gang = [pod(f"rank-{number:02}", labels, failed=number == 0) for number in range(20)]

    assert len(read(gang) - {"ml/rank-00"}) == 8


def test_replicas_and_gangs_without_a_failure_are_not_read():
    replicas = [pod(f"web-{number}", {"app": "web"}, failed=number == 0) for number in range(3)]
    well = [pod(f"rank-{number}", {"scheduling.x-k8s.io/pod-group": "a"}) for number in range(3)]

    assert read([*replicas, *well]) == {"ml/web-0"}
