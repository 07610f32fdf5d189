"""A container that is refused its GPU, and the driver of its node that does not come up."""

import pytest

DRIVER = "nvidia-driver-daemonset-x"
GONE = "nvidia-container-cli: initialization error: nvml error: driver not loaded"


def crashing(cluster, name, *, node="n1", state="terminated", message=""):
    pod = cluster.pod(name, node=node)
    status = {"name": "main", "restartCount": 9, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    status["lastState"] = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": cluster.LONG_AGO}}
    if state == "waiting":
        status["state"]["waiting"] = {"reason": "RunContainerError", "message": message}
    else:
        status["lastState"]["terminated"]["message"] = message
    pod["status"] |= {"phase": "Running", "containerStatuses": [status]}
    return pod


@pytest.mark.parametrize(
    ("node", "state", "message", "expected"),
    [
        ("n1", "terminated", GONE, ["w"]),
        ("n1", "waiting", "load library failed: libnvidia-ml.so.1: cannot open shared object file", ["w"]),
        ("n2", "terminated", GONE, []),
        ("n1", "terminated", "exec: no such file", []),
    ],
    ids=["its last end says so", "its state says so", "on another node", "another reason"],
)
def test_the_driver_is_charged_with_what_it_keeps_from_starting(cluster, node, state, message, expected):
    nodes = cluster.node("n1"), cluster.node("n2")
    refused = crashing(cluster, "w", node=node, state=state, message=message)
    found = cluster.trouble(*nodes, crashing(cluster, DRIVER), refused).charges
    assert [one.because.symptom.workload.name for one in found if one.source.workload.name == DRIVER] == expected
