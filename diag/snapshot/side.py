"""To which node a reading of a side file belongs."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from diag.snapshot.sources.part import Reading


def placed(readings: Iterable[Reading], nodes: Sequence[str]) -> Iterator[Reading]:
    """The readings with the names of nodes that are known: as the file says, else as its path does.

    A file says a host name, which may be the first part of the node's or the other way round, where only one node has
    that part; a path names a node by a folder or a part of the file's name (`gpu-7/dmesg.txt`,
    `gpu-7.nvidia-smi.txt`, `nvidia-bug-report_gpu-7.log.gz`). The longest name that fits is meant; where none does, the
    reading is of no known node.
    """
    hosts: dict[str, list[str]] = defaultdict(list)
    for name in nodes:
        hosts[name.partition(".")[0]].append(name)
    known = set(nodes)
    by_length = sorted(nodes, key=len, reverse=True)
    by_path: dict[str, str] = {}
    for one in readings:
        if one.node:
            node = one.node if one.node in known else _host(one.node, hosts[one.node.partition(".")[0]])
        else:
            if one.file not in by_path:
                by_path[one.file] = next((name for name in by_length if _names(one.file, name)), "")
            node = by_path[one.file]
        yield replace(one, node=node)


def _host(said: str, nodes: Sequence[str]) -> str:
    """The one of the nodes with the same first part that a host name means; none where their domains differ."""
    meant = [name for name in nodes if f"{name}.".startswith(f"{said}.") or f"{said}.".startswith(f"{name}.")]
    return meant[0] if len(meant) == 1 else ""


def _names(path: str, node: str) -> bool:
    return re.search(rf"(?:^|[/\\_]){re.escape(node)}(?:[/\\._-]|$)", path) is not None
