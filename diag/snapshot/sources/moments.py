"""The moments from which there are captures, where sources hold several of one cluster, and what shows each of them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from diag.snapshot.archive.read import is_archive
from diag.snapshot.sources.captured import Captured, captured
from diag.snapshot.sources.part import Limits
from diag.snapshot.sources.source import taken_apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """`at` (RFC 3339) is empty where the capture does not say; `sources` are what `--from` takes to look at it."""

    at: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """A capture and the source that it is in, by its place among the sources."""

    place: int
    one: Captured
    source: str
    cluster: str


def several_archives(sources: Sequence[str]) -> bool:
    """Whether more than one of the sources is an archive, so that one cluster may be in two of them."""
    return sum(map(_is_archive, sources)) > 1


def moments(sources: Sequence[str], limits: Limits) -> tuple[list[Moment], int]:
    """The moments, the oldest first, and which of them `sources` alone would show; none where there is one capture.

    A file with several captures is one moment for each. Several files of one cluster are as well, unless they hold
    other namespaces: these belong together. Where there are several clusters, each stands as it was last seen by then.
    What is no archive stays beside them. Raises SnapshotError where an archive cannot be read.
    """
    beside = {place for place, source in enumerate(sources) if not _is_archive(source)}
    held = [one for place, source in enumerate(sources) if place not in beside for one in _held(place, source, limits)]
    if len({one.place for one in held}) == 1:
        found = [_shown(sources, beside, [one]) for one in held]
        number = taken_apart(sources[held[0].place])[2]
        at = _place(number, len(found))
        return (found, at) if len(found) > 1 else ([], 0)
    chosen = [one for one in held if taken_apart(sources[one.place])[2] in (None, one.one.number)]
    by_cluster: dict[str, list[_Held]] = {}
    for one in sorted(chosen, key=lambda one: (one.one.at, one.place, one.one.number)):
        by_cluster.setdefault(one.cluster, []).append(one)
    if any(not _steps(each) for each in by_cluster.values()):
        return [], 0
    if all(len(each) == 1 for each in by_cluster.values()):
        return [], 0
    times = sorted({one.one.at for one in chosen})
    found = [_shown(sources, beside, [_by_then(each, at) for each in by_cluster.values()], at) for at in times]
    found = list({each.sources: each for each in found}.values())  # a cluster's first capture stands before its time
    return found, len(found) - 1


def _is_archive(source: str) -> bool:
    return source != "-" and is_archive(Path(taken_apart(source)[1]))


def _held(place: int, source: str, limits: Limits) -> Iterator[_Held]:
    name, path, _ = taken_apart(source)
    prefix = f"{name}={path}" if name is not None else path
    for one in captured(Path(path), limits):
        yield _Held(place, one, f"{prefix}@{one.number}", name or one.cluster)


def _place(number: int | None, count: int) -> int:
    """The place of the capture that is asked for: the newest where nobody asks."""
    wanted = count if number is None else number if number > 0 else count + 1 + number
    return min(max(wanted, 1), count) - 1


def _steps(held: Sequence[_Held]) -> bool:
    """Whether captures of one cluster follow each other: all say from when they are, and hold the same namespaces."""
    return len(held) == 1 or (all(one.one.at for one in held) and len({one.one.scope for one in held}) == 1)


def _by_then(held: Sequence[_Held], at: str) -> _Held:
    return next((one for one in reversed(held) if one.one.at <= at), held[0])


def _shown(sources: Sequence[str], beside: Collection[int], chosen: Sequence[_Held], at: str = "") -> Moment:
    """The sources with only the chosen captures, each at its file's place; what is `beside` the archives as it is."""
    by_place = {one.place: one.source for one in chosen}
    kept = [by_place.get(place, source) for place, source in enumerate(sources) if place in by_place or place in beside]
    return Moment(at=at or max(one.one.at for one in chosen), sources=tuple(kept))
