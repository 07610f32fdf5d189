"""The large cluster while it is being generated: its nodes, where pods go, and the random choices."""  # noqa: INP001 - a folder of scripts

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from diag.testing import (
    A10G,
    GPU_TOLERATION,
    H100,
    L40S,
    Clock,
    GpuModel,
    Object,
    Room,
    gpu_node,
    lease,
    name_of,
    namespace_of,
    node,
)

TEAMS = (
    "ads",
    "chat",
    "codegen",
    "forecast",
    "fraud",
    "genomics",
    "maps",
    "recsys",
    "robotics",
    "search",
    "speech",
    "vision",
)
CLOCK = Clock.at("2026-10-06T14:00:00Z")
POOL = "example.com/pool"

# Pool, share of the nodes in per cent, GPU model, GPUs, CPUs, GiB: what is left over has no GPU.
GPU_POOLS: tuple[tuple[str, int, GpuModel, int, int, int], ...] = (
    ("h100", 15, H100, 8, 192, 2044),
    ("l40s", 10, L40S, 4, 128, 1020),
    ("a10g", 5, A10G, 4, 48, 188),
)
TOLERATIONS = [GPU_TOLERATION]


class Cluster:
    """Nodes by pool, and a turn of each pool so that pods spread evenly."""

    def __init__(self, nodes: int, seed: int) -> None:
        self.choose = random.Random(seed)  # noqa: S311 - no secret depends on it
        self.nodes: list[Object] = []
        self.pools: dict[str, list[str]] = {}
        for pool, share, model, gpus, cpu, memory in GPU_POOLS:
            made = [
                gpu_node(
                    f"{pool}-{i:04}",
                    model,
                    gpus=gpus,
                    cpu=cpu,
                    memory_gib=memory,
                    heartbeat=CLOCK.ago(minutes=2),
                    labels=_place(pool, i),
                )
                for i in range(nodes * share // 100)
            ]
            self._add(pool, made)
        self.gpu_names = [name for pool in self.pools.values() for name in pool]
        rest = range(nodes - len(self.nodes))
        self._add(
            "general",
            [
                node(
                    f"general-{i:04}",
                    cpu=16,
                    memory_gib=60,
                    heartbeat=CLOCK.ago(minutes=2),
                    labels=_place("general", i),
                )
                for i in rest
            ],
        )
        self.names = [name_of(item) for item in self.nodes]
        self.room = Room(self.nodes)
        self.gpus_asked: Counter[str] = Counter()
        self._turns = dict.fromkeys(self.pools, 0)

    def _add(self, pool: str, nodes: list[Object]) -> None:
        self.nodes.extend(nodes)
        self.pools[pool] = [name_of(item) for item in nodes]

    def next_node(self, pool: str) -> str:
        """The pool's next node in turn."""
        names = self.pools[pool]
        self._turns[pool] += 1
        return names[self._turns[pool] % len(names)]

    def next_node_with(self, pool: str, gpus: int) -> str:
        """The pool's next node in turn that has so many GPUs left."""
        for _ in self.pools[pool]:
            name = self.next_node(pool)
            if self.room.left(name, "nvidia.com/gpu") >= gpus:
                return name
        raise ValueError(f"no node of pool {pool} has {gpus} GPUs left: ask for more nodes")

    def ask(self, item: Object) -> None:
        """Counts the GPUs that a pod asks for in its namespace, placed or not."""
        for container in item["spec"]["containers"]:
            self.gpus_asked[namespace_of(item)] += int(container["resources"]["requests"].get("nvidia.com/gpu", 0))

    def leases(self) -> Iterator[Object]:
        """The Lease of each node, renewed within the last ten seconds."""
        for index, item in enumerate(self.nodes):
            yield lease(item, renewed=CLOCK.micro(seconds=1 + index % 97 / 10))

    def pick(self, options: Sequence[str]) -> str:
        """One of the options."""
        return self.choose.choice(options)


def _place(pool: str, index: int) -> dict[str, str]:
    zone = f"north-1{'abc'[index % 3]}"
    return {
        POOL: pool,
        "node.kubernetes.io/instance-type": f"{pool}.large",
        "topology.kubernetes.io/region": "north-1",
        "topology.kubernetes.io/zone": zone,
    }
