"""What the tools tell of: the latest look, kept until a newer one is asked for, so that ids go on meaning the same."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from diag.document import RefRow, Report

if TYPE_CHECKING:
    from diag.snapshot.snapshot import Snapshot
    from diag.trouble.trouble import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look: a report whose texts are safe to show (`sanitize.cleaned`), what it was made of, and what that gave.

    `summary` is the sentence below a table, `hidden` says what the choices of the command line keep from being shown;
    `known` gives every object that was read. Looks are numbered from 1, in the order in which they were taken.
    """

    report: Report
    snapshots: "Sequence[Snapshot]"
    troubles: "Sequence[Trouble]" = ()
    known: Callable[[], Sequence[RefRow]]
    put_aside: Sequence[Sequence[RefRow]] = ()
    summary: str
    hidden: str = ""
    number: int = 0


@dataclass(slots=True, kw_only=True)
class Looks:
    """Takes looks, one at a time. A scan is not answered with one older than `keep_s` (None: files do not age)."""

    take: Callable[[], Look]
    keep_s: float | None = None
    _latest: Look | None = None
    _taken: float = 0.0
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def latest(self) -> Look:
        """The look that was taken last; the first, where there is none yet. Raises DiagError where none succeeds."""
        with self._one_at_a_time:
            return self._latest or self._new()

    def for_scan(self, *, fresh: bool) -> Look:
        """A look that is new enough for a scan; `fresh`: taken now."""
        with self._one_at_a_time:
            old = self.keep_s is not None and time.monotonic() - self._taken > self.keep_s
            return self._new() if fresh or old or self._latest is None else self._latest

    def _new(self) -> Look:
        number = self._latest.number + 1 if self._latest else 1
        self._latest, self._taken = replace(self.take(), number=number), time.monotonic()
        return self._latest
