"""The logs of one capture: noted where they stand while it is read, and read again when a rule asks for them."""

import sys
from collections.abc import Collection, Iterator, Sequence

import msgspec

from diag.errors import SnapshotError
from diag.snapshot.archive.frames import Line, Opens, lines
from diag.snapshot.sources import log_list
from diag.snapshot.sources.budget import Budget, LimitExceededError
from diag.snapshot.sources.bundles.log_files import READ_LOGS
from diag.snapshot.sources.part import RAISE, LogKey, LogText, Part, Problem
from diag.snapshot.sources.words import first_of

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

    def every(self) -> Iterator[LogText]:
        """All logs, one after the other; raises SnapshotError where they cannot be read again.

        Held is one at a time, and of a log that stands there several times the best so far.
        """
        try:
            yield from self._found(list(self._places))
        except OSError as error:
            raise SnapshotError(f"{self._path} cannot be read: {error.strerror or error}", hint=_AGAIN) from error

    @property
    def keys(self) -> Collection[LogKey]:
        """The logs that are there."""
        return self._places.keys()

    def fetch(self, keys: Sequence[LogKey]) -> Iterator[LogText | Problem]:
        """The logs that are there, in one pass over their capture, and what went wrong."""
        found: list[LogText] = []
        try:
            for log in self._found([key for key in keys if key in self._places]):
                self._budget.spend_bytes(_held(log), self._path)
                found.append(log)
        except LimitExceededError as error:
            yield from found
            had = {(log.pod, log.container, log.previous) for log in found}
            pods = list(dict.fromkeys(key[0] for key in keys if key in self._places and key not in had))
            what = f"{READ_LOGS}{first_of(pods)}"
            yield Problem(what=what, why="truncated", detail=error.message, fix=RAISE, pods=tuple(pods))
        except (SnapshotError, OSError) as error:
            yield Problem(what=f"some logs of {self._path}", why="error", detail=str(error), fix=_AGAIN)
        else:
            yield from found

    def _found(self, keys: Sequence[LogKey]) -> Iterator[LogText]:
        """Each log when the last of its places has passed."""
        left = {key: len(self._places[key][1]) for key in keys}
        wanted = {place: key for key in left for place in self._places[key][1]}
        best: dict[LogKey, LogText] = {}
        held: dict[LogKey, int] = {}
        for line in self._lines(set(wanted)):
            key = wanted[line.frame, line.offset]
            try:
                log = self._decoded(line)
            except (msgspec.MsgspecError, ValueError) as error:
                raise SnapshotError(f"{self._path} has changed since it was read: {error}", hint=_AGAIN) from error
            if (log.pod, log.container, log.previous) != key:
                raise SnapshotError(f"{self._path} has changed since it was read", hint=_AGAIN)
            left[key] -= 1
            if left[key] and key not in held:
                held[key] = _held(log)
                self._budget.spend_bytes(held[key], self._path)
            if key not in best or log.text > best[key].text:
                best[key] = log
            if not left[key]:
                self._budget.return_bytes(held.pop(key, 0))
                del left[key]
                yield best.pop(key)
        if left:
            raise SnapshotError(f"{self._path} has changed since it was read: logs are gone", hint=_AGAIN)

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


def stored_logs(part: Part) -> Iterator[LogText]:
    """All logs that came with a part: those of an archive as they are read. What only a bundle offers is not asked for.

    Raises SnapshotError where they cannot be read again.
    """
    yield from part.logs
    if isinstance(part.store, ArchivedLogs):
        yield from part.store.every()


def stored_keys(part: Part) -> set[LogKey]:
    """Which logs these are."""
    own = {(log.pod, log.container, log.previous) for log in part.logs}
    return own.union(part.store.keys) if isinstance(part.store, ArchivedLogs) else own
