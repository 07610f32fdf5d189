"""Writes a large cluster as one v1 List, and beside it what is wrong there.

    python bench/generate.py --nodes 2000 --pods 20000 --out .bench/large.json

The make-up is that of a real control plane's dump: three nodes in ten have GPUs (a half with 8 H100, a third with 4
L40S, a sixth with 4 A10G), each node runs four agents and each GPU node six operands more, the other pods belong to
Deployments and Jobs, three to two. Everything grows in step with `--nodes` and `--pods`; only the seven failing
workloads with their twenty pods stay as they are. The same arguments give the same bytes.
"""  # noqa: INP001 - a folder of scripts

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from cluster import CLOCK, Cluster
from failing import PODS, Failing
from healthy import AGENTS, agents, deployments, history, jobs, quotas, scenery

from diag.testing import Object

EVENTS_EVERY = 120  # one pod in so many is young enough for its events to be left


def main() -> None:
    """Reads the arguments and writes both files."""
    arguments = argparse.ArgumentParser(description="Write a large cluster dump and its truth.")
    arguments.add_argument("--nodes", type=int, default=2000)
    arguments.add_argument("--pods", type=int, default=20000)
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--out", type=Path, required=True)
    given = arguments.parse_args()
    cluster = Cluster(given.nodes, given.seed)
    failing = Failing(cluster)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    try:
        write(given.out, objects(cluster, failing, given.pods))
    except ValueError as error:
        given.out.unlink(missing_ok=True)
        arguments.error(str(error))
    truth = {"what": "Ground truth of the failing pods", "captured_at": CLOCK.ago(), "roots": failing.roots}
    Path(f"{given.out}.truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")


def objects(cluster: Cluster, failing: Failing, pods: int) -> Iterator[Object]:
    """Every object of the cluster; the failing ones near the end, since the scheduler's words depend on all others."""
    everywhere = sum(not label for _, _, label in AGENTS)
    daemons = everywhere * len(cluster.nodes) + (len(AGENTS) - everywhere) * len(cluster.gpu_names)
    free = pods - daemons - PODS
    if free < 0:
        raise ValueError(f"{len(cluster.nodes)} nodes have {daemons + PODS} pods already: ask for more pods")
    yield from scenery()
    yield from cluster.nodes
    yield from cluster.leases()
    yield from agents(cluster)
    served = free * 3 // 5
    young = 0
    for part in (deployments(cluster, served), jobs(cluster, free - served)):
        for item in part:
            yield item
            if item["kind"] == "Pod":
                young += 1
                if young % (EVENTS_EVERY // 2) == 0:
                    yield from history(item)
    yield from failing.items()
    yield from quotas(cluster)


def write(path: Path, items: Iterator[Object]) -> None:
    """Writes a compact v1 List, one item at a time, so that memory does not grow with the file."""
    encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
    with path.open("w", encoding="utf-8") as out:
        out.write('{"apiVersion":"v1","kind":"List","metadata":{"resourceVersion":""},"items":[')
        for number, item in enumerate(items):
            out.write("," if number else "")
            out.write(encode(item))
        out.write("]}\n")


if __name__ == "__main__":
    main()
