"""A container that crashes is told with the last line of its termination message, without secrets."""

import pytest


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("starting\nout of fruit\n", " (out of fruit)"),
        ("login with password=hunter2secret", " (login with password=***)"),
        (None, ""),
    ],
)
def test_the_last_words_of_a_container_are_repeated_without_secrets(cluster, said, expected):
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-25T11:58:00Z"} | (
        {"message": said} if said else {}
    )
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    status = {"name": "main", "restartCount": 4, "state": waiting, "lastState": {"terminated": ended}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "ml", "creationTimestamp": "2026-11-25T11:00:00Z"},
        "spec": {"nodeName": "n1", "containers": [{"name": "main"}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }
    (group,) = cluster.groups(pod)
    assert group.message == f"container main ended with exit code 1{expected}, 4 restarts"
