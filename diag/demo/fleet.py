"""Nodes in four pools, their Leases, and the namespaces.

The pools keep the failures apart: what waits for one pool can never use what another lacks.
"""

from datetime import datetime

from diag.demo.cluster import POOL, Cluster
from diag.testing import H100, L40S, GpuModel, Object, gpu_node, lease, manifest, namespace, node
from diag.testing.nodes import cordoned

NAMESPACES = (
    "atlas-serve",
    "default",
    "ferry-vision",
    "gpu-operator",
    "kube-node-lease",
    "kube-public",
    "kube-system",
    "lumen-search",
    "monitoring",
    "orca-pretrain",
    "polar-research",
    "scheduler-plugins",
    "tidal-forecast",
)
GENERAL = [f"general-{i:02}" for i in range(1, 5)]
TRAIN = [f"train-h100-{i:02}" for i in range(1, 7)]
RESEARCH = [f"research-h100-{i:02}" for i in range(1, 3)]
SERVE = [f"serve-l40s-{i:02}" for i in range(1, 7)]

NEW_DRIVER, OLD_DRIVER = "580.105.08", "580.95.05"
STUCK_NODE = SERVE[3]  # the last node of the driver upgrade (stuck_upgrade)
DEAF_NODE = RESEARCH[1]  # where the device plugin cannot start (plugin_crash)

# The driver upgrade took one node after another; whatever uses a GPU there is younger.
UPGRADED_HOURS = {name: 30 - 2 * i for i, name in enumerate(n for n in TRAIN + RESEARCH + SERVE if n != STUCK_NODE)}


def build(cluster: Cluster) -> None:
    """Adds namespaces, nodes and Leases."""
    clock = cluster.clock
    cluster.add(*(namespace(name, created=clock.ago(days=210)) for name in NAMESPACES))
    nodes = [_general(cluster, name) for name in GENERAL]
    nodes += [_gpu(cluster, name, H100, "DGX-H100") for name in TRAIN + RESEARCH]
    nodes += [_gpu(cluster, name, L40S, "ThinkSystem-SR675-V3") for name in SERVE]
    cluster.add(*nodes)
    for second, item in enumerate(nodes):
        cluster.add(lease(item, renewed=clock.micro(seconds=1.5 + 0.37 * second)))
    for name in ("kube-controller-manager", "kube-scheduler"):
        spec = {
            "holderIdentity": f"control-1_{name}",
            "leaseDurationSeconds": 15,
            "leaseTransitions": 3,
            "renewTime": clock.micro(seconds=1.2),
        }
        created = clock.ago(days=210)
        cluster.add(
            manifest("coordination.k8s.io/v1", "Lease", name, namespace="kube-system", created=created, spec=spec)
        )


def _general(cluster: Cluster, name: str) -> Object:
    clock = cluster.clock
    return node(
        name,
        cpu=64,
        memory_gib=256,
        created=clock.ago(days=180),
        heartbeat=clock.ago(minutes=2),
        labels={POOL: "general", **_place(name)},
    )


def _gpu(cluster: Cluster, name: str, model: GpuModel, machine: str) -> Object:
    clock = cluster.clock
    driver_since = clock.ago(hours=UPGRADED_HOURS[name]) if name in UPGRADED_HOURS else clock.ago(days=61)
    labels = {
        POOL: name.rpartition("-")[0],
        "nvidia.com/gfd.timestamp": str(int(datetime.fromisoformat(driver_since).timestamp()) + 400),
        **_place(name),
    }
    item = gpu_node(
        name,
        model,
        cpu=192 if model is H100 else 128,
        memory_gib=2048 if model is H100 else 1024,
        created=clock.ago(days=120),
        heartbeat=clock.ago(minutes=2),
        labels=labels,
        driver=OLD_DRIVER if name == STUCK_NODE else NEW_DRIVER,
        machine=machine,
    )
    if name == STUCK_NODE:
        item["metadata"]["labels"]["nvidia.com/gpu-driver-upgrade-state"] = "upgrade-failed"
        return cordoned(item, since=clock.ago(minutes=52))
    if name == DEAF_NODE:
        # The kubelet marks all devices unhealthy once the plugin's socket is gone, and keeps the capacity for five
        # minutes (kubernetes `pkg/kubelet/cm/devicemanager`).
        item["status"]["allocatable"]["nvidia.com/gpu"] = "0"
    return item


def _place(name: str) -> dict[str, str]:
    zone = "north-1a" if int(name[-2:]) % 2 else "north-1b"
    return {"topology.kubernetes.io/region": "north-1", "topology.kubernetes.io/zone": zone}
