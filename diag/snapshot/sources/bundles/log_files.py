"""The logs of a bundle: listed when it is opened, read in one more pass when a rule has asked for them."""

import shlex
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from diag.errors import SnapshotError
from diag.snapshot.sources.budget import Budget, LimitExceededError
from diag.snapshot.sources.bundles.entry import CutOffError, Reader, Source, chunks
from diag.snapshot.sources.bundles.index import visit
from diag.snapshot.sources.bundles.log_cut import Gunzip, Prefixed, Section, Sink, Tail
from diag.snapshot.sources.bundles.log_text import log_text
from diag.snapshot.sources.bundles.noted import AGAIN
from diag.snapshot.sources.part import RAISE, LogKey, LogText, Problem
from diag.snapshot.sources.words import first_of

READ_LOGS = "read the logs of "
# What `kubectl cluster-info dump` writes in place of a log that it could not have (clusterinfo_dump.go).
_REFUSED = ("Request log error: ", "Create log request error: ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One file of a log, as `LogPlace` has it."""

    member: str
    size: int
    stamp: str = ""
    marked: str = ""
    stamped: bool = False


class _Cut(NamedTuple):
    piece: Piece
    sink: Sink
    tail: Tail


class LogFiles:
    """A `LogStore`. `pieces` are the files of each log, oldest first; an empty container stands for all of a pod."""

    def __init__(self, source: Source, pieces: Mapping[LogKey, Sequence[Piece]], shown: str, budget: Budget) -> None:
        self._source, self._pieces, self._shown, self._budget = source, pieces, shown, budget

    def offers(self, key: LogKey) -> bool:
        """Whether the log may be there."""
        return bool(self._of(key))

    def named(self, start: str) -> list[LogKey]:
        """The logs of pods whose "namespace/name" begins so, where a file says of which container it is."""
        return [
            key
            for key, pieces in self._pieces.items()
            if key[1] and key[0].startswith(start) and any(piece.size for piece in pieces)
        ]

    def fetch(self, keys: Sequence[LogKey]) -> Iterator[LogText | Problem]:
        """The logs that are there, in one pass, and what went wrong with others; what is kept counts as bytes read."""
        cuts = {key: [self._cut(key, piece) for piece in self._of(key)] for key in dict.fromkeys(keys)}
        refused: list[LogKey] = []
        yield from self._passed(cuts, refused)
        if refused:
            yield self._too_many(refused)

    def _too_many(self, keys: Sequence[LogKey]) -> Problem:
        pods = list(dict.fromkeys(pod for pod, _, _ in keys))
        limit = f"what is read would go beyond the limit of {self._budget.limits.bytes:,} bytes"
        what = f"{READ_LOGS}{first_of(pods)}"
        return Problem(what=what, why="truncated", detail=limit, fix=RAISE, pods=tuple(pods))

    def _of(self, key: LogKey) -> Sequence[Piece]:
        pod, _, previous = key
        return self._pieces.get(key) or self._pieces.get((pod, "", previous)) or ()

    def _cut(self, key: LogKey, piece: Piece) -> _Cut:
        pod, container, _ = key
        tail = Tail(self._budget.limits.log_bytes)
        sink: Sink = tail
        if piece.marked == "sections":
            sink = Section(pod, container, tail)
        elif piece.marked == "prefixes":
            sink = Prefixed(pod, container, tail)
        return _Cut(piece, Gunzip(sink) if piece.member.endswith(".gz") else sink, tail)

    def _passed(self, cuts: dict[LogKey, list[_Cut]], refused: list[LogKey]) -> Iterator[LogText | Problem]:
        """Let the wanted members pass through their sinks; a log is made when the last of its files has passed."""
        of_member: dict[str, dict[LogKey, None]] = defaultdict(dict)
        for key, found in cuts.items():
            for one in found:
                of_member[one.piece.member][key] = None
        ahead = set(of_member)
        fault: Problem | None = None
        try:
            for name, reader in visit(self._source, set(of_member), self._budget):
                _feed(reader, [one.sink for key in of_member[name] for one in cuts[key] if one.piece.member == name])
                ahead.discard(name)
                for key in of_member[name]:
                    if ahead.isdisjoint(one.piece.member for one in cuts[key]):
                        yield from self._text(key, cuts.pop(key), refused)
        except (CutOffError, SnapshotError, OSError) as error:
            detail = error.message if isinstance(error, SnapshotError) else str(error)
            fault = Problem(what=f"some logs of {self._shown}", why="error", detail=detail, fix=AGAIN)
        for key, found in cuts.items():
            yield from self._text(key, found, refused)
        if fault is not None:
            yield fault

    def _text(self, key: LogKey, found: Sequence[_Cut], refused: list[LogKey]) -> Iterator[LogText | Problem]:
        """One log, its pieces put together, and that only its end was read, where that is so.

        One that would go beyond the limit is `refused`.
        """
        pod, container, previous = key
        most = self._budget.limits.log_bytes
        whole = b"".join(one.tail.data() for one in found)
        passed = sum(one.tail.passed for one in found)
        if len(whole) > most:
            whole = whole[-most:]
            whole = whole[whole.find(b"\n") + 1 :]
        text = log_text(whole, stamped=any(one.piece.stamped for one in found))
        if text.startswith(_REFUSED) and any(one.piece.marked.startswith("section") for one in found):
            namespace, _, name = pod.partition("/")
            fix = shlex.join(["kubectl", "logs", "-n", namespace, name, "-c", container])
            yield Problem(what=f"{READ_LOGS}{pod}", why="error", detail=text[:300], fix=fix, pods=(pod,))
            return
        try:
            self._budget.spend_bytes(sys.getsizeof(text), self._shown)
        except LimitExceededError:
            self._budget.return_bytes(sys.getsizeof(text))
            refused.append(key)
            return
        yield LogText(pod=pod, container=container, previous=previous, text=text)
        if passed > len(whole):
            run = " before its last restart" if previous else ""
            detail = f"{container}{run}: the last {len(whole):,} of {passed:,} bytes were read"
            fix = "--max-log-bytes reads more of each log"
            yield Problem(what=f"{READ_LOGS}{pod}", why="truncated", detail=detail, fix=fix, pods=(pod,))


def _feed(reader: Reader, sinks: Sequence[Sink]) -> None:
    for chunk in chunks(reader):
        for sink in sinks:
            sink.feed(chunk)
    for sink in sinks:
        sink.close()
