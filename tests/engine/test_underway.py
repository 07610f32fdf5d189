"""What takes its time on a GPU node and is no trouble yet: a driver that is built, a change of MIG devices."""

import pytest

from diag.findings import Severity

MINUTES_AGO = "2026-11-25T11:{:02d}:00Z"  # the cluster's clock says 12:00


def operand(name, since, *, ready=False, restarts=0):
    status = {
        "name": "main",
        "ready": ready,
        "restartCount": restarts,
        "state": {"running": {"startedAt": since}},
    }
    unready = {"type": "Ready", "status": str(ready), "lastTransitionTime": since}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "gpu-operator", "creationTimestamp": since},
        "spec": {"nodeName": "n1", "containers": [{"name": "main"}]},
        "status": {"phase": "Running", "containerStatuses": [status], "conditions": [unready]},
    }


@pytest.mark.parametrize(
    ("name", "minutes", "restarts", "expected"),
    [
        ("nvidia-driver-daemonset-x", 20, 0, []),
        ("nvidia-driver-daemonset-x", 22, 0, ["container-not-ready"]),
        ("nvidia-driver-daemonset-x", 20, 1, ["container-not-ready"]),
        ("nvidia-device-plugin-daemonset-x", 20, 0, ["container-not-ready"]),
    ],
)
def test_a_driver_has_the_time_of_its_startup_probe(cluster, name, minutes, restarts, expected):
    since = MINUTES_AGO.format(60 - minutes)
    found = cluster.groups(cluster.node("n1"), operand(name, since, restarts=restarts))
    assert [group.symptom for group in found] == expected


@pytest.mark.parametrize(
    ("state", "minutes", "expected"),
    [
        ("pending", 4, Severity.INFO),
        ("pending", 6, Severity.ERROR),
        ("rebooting", 4, Severity.INFO),
        ("failed", 4, Severity.ERROR),
        ("success", 4, Severity.ERROR),
    ],
)
def test_a_node_whose_mig_devices_change_offers_none_meanwhile(cluster, state, minutes, expected):
    node = cluster.node("n1", offers=0, labels={"nvidia.com/mig.config.state": state})
    manager = operand("nvidia-mig-manager-x", MINUTES_AGO.format(60 - minutes), ready=True)
    (group,) = cluster.groups(node, manager)
    assert (group.symptom, group.severity) == ("node-without-gpus", expected)


@pytest.mark.parametrize(("minute", "expected"), [(58, Severity.INFO), (48, Severity.ERROR)])
def test_mig_manager_itself_says_when_it_began_a_change(cluster, minute, expected):
    node = cluster.node("n1", offers=0, labels={"nvidia.com/mig.config.state": "pending"})
    manager = operand("nvidia-mig-manager-x", "2026-11-20T12:00:00Z", ready=True)
    line = f'time="2026-11-25T11:{minute}:00Z" level=info msg="Updating to MIG config: all-1g.10gb"'
    log = {"pod": "gpu-operator/nvidia-mig-manager-x", "container": "main", "previous": False, "text": line}
    (group,) = cluster.groups(node, manager, logs=[log])
    assert group.severity == expected


BUILDING = {"initialDelaySeconds": 60, "periodSeconds": 10, "failureThreshold": 120}  # 21 minutes


@pytest.mark.parametrize(
    ("ran", "code", "restarted", "expected"),
    [
        (21, 137, "11:50", ["container-not-ready"]),  # killed when its time was over: the next run fares no better
        (20, 137, "11:50", []),  # it ended sooner
        (23, 143, "11:50", ["container-not-ready"]),
        (24, 137, "11:50", []),  # it had started, and was ended later
        (21, 1, "11:50", []),  # it ended by itself
    ],
)
def test_a_container_whose_last_start_ran_out_of_time_is_not_given_another(cluster, ran, code, restarted, expected):
    pod = operand("nvidia-driver-daemonset-x", f"2026-11-25T{restarted}:00Z", restarts=2)
    pod["spec"]["containers"][0]["startupProbe"] = BUILDING
    began = {"startedAt": f"2026-11-25T11:{30 - ran:02d}:00Z", "finishedAt": "2026-11-25T11:30:00Z"}
    pod["status"]["containerStatuses"][0] |= {
        "started": False,
        "lastState": {"terminated": {"exitCode": code, **began}},
    }
    pod["status"]["conditions"][0]["lastTransitionTime"] = "2026-11-25T11:00:00Z"
    found = cluster.groups(cluster.node("n1"), pod)
    assert [group.symptom for group in found] == expected
