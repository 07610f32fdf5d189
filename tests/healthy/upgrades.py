"""Upgrades and maintenance within their time: closed nodes, budgets that hold, roll-outs that wait for a person."""

from healthy.made import CLOCK, DAYS_AGO, HOURS_AGO, Break, custom, spec_of, well

from diag.testing import cordoned, daemon_set, gpu_node, lease, node, pdb

STATE = "nvidia.com/gpu-driver-upgrade-state"


def cluster():
    """Three GPU nodes, of which one is being upgraded and one has been closed by hand."""
    busy = gpu_node("gpu-1", created=DAYS_AGO, heartbeat=CLOCK.ago(), labels={STATE: "upgrade-done"})
    changing = cordoned(
        gpu_node(
            "gpu-2", created=DAYS_AGO, heartbeat=CLOCK.ago(), labels={STATE: "drain-required"},
        ),
        since=CLOCK.ago(minutes=6),
    )  # fmt: skip
    closed = cordoned(node("cpu-1", created=DAYS_AGO, heartbeat=CLOCK.ago()), since=CLOCK.ago(hours=2))
    nodes = [busy, changing, closed]
    driver = daemon_set(
        "nvidia-driver-daemonset", spec_of("nvcr.example.com/driver:2"), namespace="gpu-operator", desired=2,
        updated=1, created=DAYS_AGO, on_delete=True, generation=2,
    )  # fmt: skip
    drivers = [
        well(f"nvidia-driver-daemonset-{where}", where, namespace="gpu-operator", owner=driver)
        for where in ("gpu-1", "gpu-2")
    ]
    policy = custom(
        "nvidia.com/v1", "ClusterPolicy", "cluster-policy", status={"state": "ready"},
        spec={"driver": {"upgradePolicy": {"autoUpgrade": True, "maxParallelUpgrades": 1, "maxUnavailable": "50%"}}},
        told={"Ready": "True Reconciled", "Error": "False Ready"},
    )  # fmt: skip
    return [
        *nodes,
        *(lease(item, renewed=CLOCK.micro(seconds=4)) for item in nodes),
        driver,
        *drivers,
        policy,
        well("train-0", "gpu-2", spec=spec_of(gpus=8), namespace="ml"),
        well("db-0", "cpu-1", namespace="db", labels={"app": "db"}),
        pdb("db", namespace="db", app="db", expected=1, min_available=1, created=DAYS_AGO),
    ]


BREAKS = (
    Break(
        says="the drain of a node failed",
        where="Node/gpu-2",
        path=("metadata", "labels", STATE),
        value="upgrade-failed",
        finds="Node/gpu-2",
    ),
    Break(
        says="a node lost its kubelet",
        where="Node/gpu-1",
        path=("status", "conditions", {"type": "Ready"}),
        value={"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown",
               "message": "Kubelet stopped posting node status.", "lastTransitionTime": HOURS_AGO},
        finds="Node/gpu-1",
    ),
)  # fmt: skip
