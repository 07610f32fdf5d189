"""Which files are which logs: from places that paths tell to keys that rules ask for."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Protocol

from diag.snapshot.sources.bundles.index import Member
from diag.snapshot.sources.bundles.log_files import Piece
from diag.snapshot.sources.bundles.pods import Pods
from diag.snapshot.sources.bundles.tool import LogPlace, Tool
from diag.snapshot.sources.part import LogKey


class Trees(Protocol):
    """Where collectors' trees begin."""

    def places(self, name: str) -> Iterator[tuple[Tool, str, str]]:
        """The collectors that a member may be of, with the root and the path below it."""


def placed_logs(members: Mapping[str, Member], trees: Trees, pods: Pods) -> dict[LogKey, list[Piece]]:
    """The files of each log, oldest first."""
    newest: dict[LogKey, Piece] = {}
    by_run: dict[tuple[str, str], dict[int, list[Piece]]] = defaultdict(lambda: defaultdict(list))
    for name, member in members.items():
        place = _place(name, trees)
        pod = _pod(place, pods) if place else None
        if place is None or pod is None:
            continue
        piece = Piece(member=name, size=member.size, stamp=place.stamp, marked=place.marked, stamped=place.stamped)
        if place.run is not None:
            by_run[pod, place.container][place.run].append(piece)
            continue
        container = place.container or ("" if place.marked else pods.only_container(pod))
        if container is None:
            continue
        key = (pod, container, place.previous)
        # Of two files of one log the longer one says more: a tail, or what an insecure request gave.
        if key not in newest or newest[key].size < member.size:
            newest[key] = piece
    found = {key: [piece] for key, piece in newest.items()}
    for (pod, container), runs in by_run.items():
        for previous in (False, True):
            _add_run(found, (pod, container, previous), runs, pods)
    return found


def _place(name: str, trees: Trees) -> LogPlace | None:
    return next((place for tool, _, path in trees.places(name) if (place := tool.log(path)) is not None), None)


def _pod(place: LogPlace, pods: Pods) -> str | None:
    return f"{place.namespace}/{place.pod}" if place.namespace else pods.meant(place.pod, place.container)


def _add_run(found: dict[LogKey, list[Piece]], key: LogKey, runs: Mapping[int, list[Piece]], pods: Pods) -> None:
    """Put the files of the run that a log is of before what is there of it. Rotated ones alone need a known pod."""
    pod, container, previous = key
    run = pods.run(pod, container, previous=previous)
    if run is None and key not in found and any(not piece.stamp for pieces in runs.values() for piece in pieces):
        run = max(runs) - previous
    pieces = sorted(runs.get(-1 if run is None else run, ()), key=lambda piece: (not piece.stamp, piece.stamp))
    if pieces:
        found[key] = [*pieces, *found.get(key, ())]
