"""To which node a reading of a side file belongs, and whether it is over."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from diag.projection import Object, dicts
from diag.snapshot.sources.part import BOOT, OFFERS, ONLY_METRIC, Reading

# What logrotate puts behind a log's name: a number, or with `dateext` a date; and what packs it.
_ROTATED = re.compile(
    r"(?P<log>.*(?:\.log|syslog|messages|kern|dmesg))(?:\.(?P<number>\d{1,4})|-(?P<date>\d{8}(?:-\d{1,10})?))(?:\.(?:gz|zst))?",
    re.DOTALL,
)
_PORT = re.compile(r":\d{1,5}$")


def since_boot(readings: Sequence[Reading]) -> list[Reading]:
    """The readings without those of rotated logs (`kern.log.2.gz`) that an own or a newer file has a later boot of.

    The boots themselves are left out. Within one file what was before the last boot was never read.
    """
    boots: dict[tuple[str, str], tuple[bool, int, str]] = {}
    for one in readings:
        if one.what == BOOT:
            log, age = _rotated(one.file)
            boots[log, one.node] = max(age, boots.get((log, one.node), age))
    return [
        one
        for one in readings
        if one.what != BOOT
        and not (boots and (found := _rotated(one.file))[1] < boots.get((found[0], one.node), found[1]))
    ]


def _rotated(file: str) -> tuple[str, tuple[bool, int, str]]:
    """Of which log a file is, and its place there: what is written now is greater than what was rotated later."""
    found = _ROTATED.fullmatch(file)
    if found is None:
        return file.removesuffix(".gz").removesuffix(".zst"), (True, 0, "")
    return found["log"], (False, -int(found["number"] or 0), found["date"] or "")


def placed(
    readings: Iterable[Reading], nodes: Sequence[str], addresses: Mapping[str, Collection[str]] | None = None
) -> Iterator[Reading]:
    """The readings with the names of nodes that are known: as the file says, else as its path does.

    A file says a host name, which may be the first part of the node's or the other way round, where only one node has
    that part; a path names a node by a folder or a part of the file's name (`gpu-7/dmesg.txt`,
    `gpu-7.nvidia-smi.txt`, `nvidia-bug-report_gpu-7.log.gz`). The longest name that fits is meant; where none does, the
    reading is of no known node. Between them stands what a metric was read from: it tells of a node where it is the
    whole name or an InternalIP (`addresses`, by node) of just one.
    """
    by_instance: dict[str, list[str]] = defaultdict(list)
    for name in nodes:
        for each in {name, *(addresses or {}).get(name, ())}:
            by_instance[each].append(name)
    hosts: dict[str, list[str]] = defaultdict(list)
    for name in nodes:
        hosts[name.partition(".")[0]].append(name)
    known = set(nodes)
    by_length = sorted(nodes, key=len, reverse=True)
    by_path: dict[str, str] = {}
    for one in readings:
        if one.what in (ONLY_METRIC, *OFFERS):  # of an object that need not be here, by its own name
            yield one
            continue
        if one.node:
            node = one.node if one.node in known else _host(one.node, hosts[one.node.partition(".")[0]])
        elif named := by_instance.get(_PORT.sub("", one.instance).strip("[]"), ()):
            node = named[0] if len(named) == 1 else ""
        else:
            if one.file not in by_path:
                by_path[one.file] = next((name for name in by_length if _names(one.file, name)), "")
            node = by_path[one.file]
        yield replace(one, node=node)


def internal_addresses(readings: Iterable[Reading], nodes: Iterable[Object]) -> dict[str, set[str]]:
    """The InternalIPs of each node, where a reading says no more than what it was read from."""
    if not any(one.instance for one in readings):
        return {}
    return {item.name: set(_internal(item)) for item in nodes}


def _internal(node: Object) -> Iterator[str]:
    status = node.whole.get("status")
    for one in dicts(status.get("addresses")) if isinstance(status, dict) else ():
        if one.get("type") == "InternalIP":
            yield str(one.get("address"))


def _host(said: str, nodes: Sequence[str]) -> str:
    """The one of the nodes with the same first part that a host name means; none where their domains differ."""
    meant = [name for name in nodes if f"{name}.".startswith(f"{said}.") or f"{said}.".startswith(f"{name}.")]
    return meant[0] if len(meant) == 1 else ""


def _names(path: str, node: str) -> bool:
    return re.search(rf"(?:^|[/\\_]){re.escape(node)}(?:[/\\._-]|$)", path) is not None
