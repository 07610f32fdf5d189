"""Which init containers a pod still waits for: `started` is true of every one that runs, since kubelet 1.28."""

import pytest

from diag.facts.pods import PodClass, classify, initialises, statuses


def pod(cluster, *, started, ready=False, policy=None, phase="Running"):
    running = {"name": "wait", "ready": ready, "started": started, "restartCount": 0}
    return cluster.pod(
        "w", node="n", phase=phase,
        spec={"initContainers": [{"name": "wait", **({"restartPolicy": policy} if policy else {})}]},
        initContainerStatuses=[running | {"state": {"running": {"startedAt": cluster.LONG_AGO}}}],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "waited_for"),
    [
        ({"started": False}, True),
        ({"started": True}, True),
        ({"started": False, "policy": "Always"}, True),
        ({"started": True, "policy": "Always"}, False),
        ({"started": True, "policy": "Always", "ready": True}, False),
        ({"started": True, "ready": True}, False),
    ],
    ids=["before 1.28", "since 1.28", "a sidecar that starts", "a sidecar", "a ready sidecar", "what is ready"],
)
def test_a_pod_waits_for_an_init_container_that_runs_and_for_a_sidecar_that_has_not_started(
    cluster, fields, waited_for
):
    found = cluster.snap(pod(cluster, **fields)).pods[0]
    ((path, status),) = [one for one in statuses(found) if one[0].startswith("status.init")]

    assert initialises(found, path, status) is waited_for
    assert (classify(found) is PodClass.STARTING) is waited_for


def test_an_init_container_that_runs_and_runs_is_a_slow_start(cluster):
    started = pod(cluster, started=True, phase="Pending")
    started["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": cluster.LONG_AGO},
        {"type": "Initialized", "status": "False", "lastTransitionTime": cluster.LONG_AGO},
    ]
    assert [group.symptom for group in cluster.groups(cluster.node("n"), started)] == ["pod-start-slow"]
