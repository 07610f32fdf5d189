"""Where the TUI gets its reports: anything that yields them. A file yields one, a living cluster goes on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from diag.document import CauseRow, Report

if TYPE_CHECKING:
    from diag.llm.ask import Conversation
    from diag.snapshot.snapshot import Snapshot
    from diag.trouble.trouble import Trouble
    from diag.views.because import Trees


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One look: a report whose texts are safe to draw (`sanitize.cleaned`), and what it was made of.

    `hidden` says what the user's choices keep from being shown. `capture` is the place of the capture that it is of,
    among those of its source, None where nobody chose one; `again` the flags that look at the same, where they differ
    from those of the source. `lost` says why what is shown may be old: a cluster that does not answer any more.
    """

    report: Report
    troubles: "Sequence[Trouble]"
    hidden: str = ""
    capture: int | None = None
    again: str | None = None
    lost: str = ""

    @cached_property
    def snapshots(self) -> "Sequence[Snapshot]":
        """What was read of each cluster."""
        return [trouble.snap for trouble in self.troubles]

    @cached_property
    def trees(self) -> "Trees":
        """The because-trees of its causes."""
        from diag.views.because import Trees  # noqa: PLC0415  # not before the first frame

        return Trees(self.report)

    @cached_property
    def _causes(self) -> dict[str, CauseRow]:
        return {row.id: row for row in self.report.causes}

    def cause(self, cause: str) -> CauseRow | None:
        """A cause by its id."""
        return self._causes.get(cause)


class Captures(Protocol):
    """The captures that a source holds. Both calls read, and run in a thread."""

    def times(self, say: Callable[[str], None]) -> tuple[Sequence[str], int]:
        """From when they are (RFC 3339, empty where one does not say), and which of them is looked at now.

        Fewer than two where there is nothing to step through.
        """

    def read(self, at: int, say: Callable[[str], None], *, turn: bool) -> Seen:
        """A look at one of them. `turn`: from now on the source looks at this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`looks` is called for the first look and for every refresh; it runs in a thread and says how far it is.

    It may yield several reports, each replacing the one before. `again` are the flags with which a command looks at the
    same, None where none can. `stop` ends a look that is under way, and is called from another thread. `converse`
    begins a talk about a cause, and says why no model takes part; `close` ends what talks need. `save` writes what is
    looked at to a file, names redacted, and says so in a sentence. `baseline`: fingerprints of an older report.
    `captures` are those of files; `other` looks at something else, named as `--from` takes it, to compare with.
    `lives`: look follows look by itself, and one that is stopped gives what was read until then.
    """

    name: str
    again: str | None
    looks: Callable[[Callable[[str], None]], Iterator[Seen]]
    stop: Callable[[], None] = lambda: None
    converse: "Callable[[Report, CauseRow], tuple[Conversation, str]] | None" = None
    close: Callable[[], None] = lambda: None
    save: Callable[[Path, Callable[[str], None]], str] | None = None
    baseline: frozenset[str] | None = None
    captures: Captures | None = None
    other: Callable[[str, Callable[[str], None]], Seen] | None = None
    lives: bool = False
