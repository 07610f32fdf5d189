"""The worked example of the design: five pods of four GPUs, a node whose plugin is down, and scattered free GPUs."""

from diag.catalog.registry import load
from diag.causes.diagnose import diagnose
from diag.causes.report import make_report

MESSAGE = "0/9 nodes are available: 9 Insufficient nvidia.com/gpu."


def test_the_lost_node_explains_two_waiters_and_fragmentation_the_other_three(cluster):
    job = cluster.job("train", parallelism=5)
    job["status"] = {"active": 5}
    waiting = [cluster.pod(f"train-{n}", 4, owner=job, message=MESSAGE) for n in range(5)]
    nodes = [cluster.node(f"gpu-{n}", 8, offers=0 if n == 7 else None) for n in range(1, 10)]
    free = {"gpu-1": 3, "gpu-2": 3, "gpu-3": 3, "gpu-4": 2, "gpu-5": 2}
    holders = [cluster.pod(f"holds-{n}", 8 - free.get(f"gpu-{n}", 0), node=f"gpu-{n}") for n in range(1, 10) if n != 7]
    snap = cluster.snap(job, *waiting, *nodes, *holders)
    registry = load(third_party=False)
    report = make_report([diagnose(snap, registry, lambda *_: True)], registry)

    found = {cause.name: cause for cause in report.causes}
    assert set(found) == {"node-without-gpus", "gpu-fragmentation"}
    node, scattered = found["node-without-gpus"], found["gpu-fragmentation"]
    assert (str(node.root), node.affected.pods, node.affected.gpus, node.affected.gpus_lost) == ("Node/gpu-7", 2, 8, 8)
    assert (str(scattered.root), scattered.affected.pods, scattered.affected.gpus) == ("Job/ml/train", 3, 12)
    assert "13 are free" in scattered.summary
    assert "at most 3" in scattered.summary
