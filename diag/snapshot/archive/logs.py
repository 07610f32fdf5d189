"""The logs of one capture: noted where they stand while it is read, and read again when a rule asks for them."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec

from diag.errors import SnapshotError
from diag.snapshot.archive.frames import Line, Opens, lines
from diag.snapshot.sources import log_list
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.part import LogKey, LogText, Part, Problem

Place = tuple[int, int]  # the frame's first byte in the file, and the line's own in what the frame expands to
_AGAIN = "save the snapshot again, and do not write to it meanwhile"


class ArchivedLogs:
    """A `LogStore`. It holds the place of each log and none of the texts, however often an archive is looked at."""

    def __init__(self, opens: Opens, path: str, budget: Budget) -> None:
        self._opens, self._path, self._budget = opens, path, budget
        self._places: dict[LogKey, tuple[int, list[Place]]] = {}

    def note(self, line: Line) -> LogText:
        """Remember where a log stands; raises ValueError where it is none that can be read."""
        log = self._decoded(line)
        key = (log.pod, log.container, log.previous)
        length, places = self._places.get(key, (-1, []))
        if len(log.text) > length:
            self._places[key] = (len(log.text), [(line.frame, line.offset)])
        elif len(log.text) == length:
            places.append((line.frame, line.offset))  # of equal ones the text decides, when they are read
        return log

    @property
    def pods(self) -> frozenset[str]:
        """The pods ("namespace/name") of which there is a log that is not empty."""
        return frozenset(pod for (pod, _, _), (length, _) in self._places.items() if length)

    def offers(self, key: LogKey) -> bool:
        """Whether the log is there."""
        return key in self._places

    def named(self, start: str) -> list[LogKey]:
        """The logs that are not empty of pods whose "namespace/name" begins so."""
        return [key for key, (length, _) in self._places.items() if length and key[0].startswith(start)]

    def every(self) -> list[LogText]:
        """All logs, in the order of the file; raises SnapshotError where they cannot be read again, or are too many."""
        return self._found(list(self._places))

    def fetch(self, keys: Sequence[LogKey]) -> Iterator[LogText | Problem]:
        """The logs that are there, in one pass over their capture, and what went wrong."""
        try:
            yield from self._found([key for key in keys if key in self._places])
        except (SnapshotError, OSError) as error:
            yield Problem(what=f"some logs of {self._path}", why="error", detail=str(error), fix=_AGAIN)

    def _found(self, keys: Sequence[LogKey]) -> list[LogText]:
        wanted = {place: key for key in keys for place in self._places[key][1]}
        found: dict[LogKey, LogText] = {}
        for line in self._lines(set(wanted)):
            key = wanted[line.frame, line.offset]
            try:
                log = self._decoded(line)
            except (msgspec.MsgspecError, ValueError) as error:
                raise SnapshotError(f"{self._path} has changed since it was read: {error}", hint=_AGAIN) from error
            if (log.pod, log.container, log.previous) != key:
                raise SnapshotError(f"{self._path} has changed since it was read", hint=_AGAIN)
            if key not in found or log.text > found[key].text:
                self._budget.spend_bytes(_held(log), self._path)
                found[key] = log
        if len(found) < len(set(keys)):
            raise SnapshotError(f"{self._path} has changed since it was read: logs are gone", hint=_AGAIN)
        return list(found.values())

    def _lines(self, left: set[Place]) -> Iterator[Line]:
        """The lines at these places, in one pass that ends with the last of them."""
        if not left:
            return
        with self._opens() as file:
            for line in lines(file, self._path, self._budget, frame=min(left)[0]):
                if isinstance(line, Line) and (line.frame, line.offset) in left:
                    left.discard((line.frame, line.offset))
                    yield line
                if not left:
                    return

    def _decoded(self, line: Line) -> LogText:
        """One log; for this moment its line and its text are held both, and count."""
        self._budget.spend_bytes(len(line.text), self._path)
        try:
            log = log_list.read_entry(msgspec.Raw(line.text))
            self._budget.spend_bytes(_held(log), self._path)
            self._budget.return_bytes(_held(log))
        finally:
            self._budget.return_bytes(len(line.text))
        return log


def _held(log: LogText) -> int:
    return sys.getsizeof(log.text)


def with_logs(part: Part) -> Part:
    """The part with the logs of its archive in memory, for whoever writes or changes all of them.

    Raises SnapshotError where they cannot be read again, or are beyond the limits.
    """
    if not isinstance(part.store, ArchivedLogs):
        return part
    return replace(part, logs=part.store.every(), store=None, offered=0, logged=frozenset())
