"""What the TUI is fed with: looks at what the flags name, talks about causes, snapshots."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diag import config
from diag.cli.captures import StoredCaptures
from diag.cli.diagnostics import Narrator
from diag.cli.flags import Flags
from diag.cli.looking import Looked, looked, sources
from diag.collect.requests import Stop
from diag.collect.watching import Watch
from diag.document import CauseRow, Report
from diag.report.sanitize import cleaned
from diag.tui.source import Seen, Source

if TYPE_CHECKING:
    from diag.cli.talks import Talks
    from diag.llm.ask import Conversation


class _Teller(Narrator):
    """Says in the header of the TUI what a command says on stderr."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(quiet=True, verbose=0)
        self._say = say

    def progress(self, text: str) -> None:
        """How far the reading is."""
        self._say(text)


class _Feed:
    """The look that is under way, and the talks, which are made with the first."""

    def __init__(self, flags: Flags, asked: dict[str, Any]) -> None:
        self.flags, self.asked = flags, asked
        self._under_way: list[Stop] = []
        self._talks: Talks | None = None
        self.captures = StoredCaptures(flags, _look) if flags.from_ else None

    def looks(self, say: Callable[[str], None]) -> Iterator[Seen]:
        """One look at files; of a cluster one after the other, as it changes."""
        reading = sources(self.flags)
        # What was suppressed since stands in a file.
        flags = replace(self.flags, config=config.load())
        if isinstance(reading, list):
            yield self.captures.look(flags, say) if self.captures else _look(flags, say)
            return
        watch = Watch(reading)
        self._under_way.append(reading.stop)
        while not reading.stop.ended:
            found = _seen(looked(flags, _Teller(say), watch=watch))
            lost = "; ".join(f"{name} {why}" for name, why in watch.lost.items())
            if reading.stop.ended:
                lost = "the reading was ended, r reads again"
            yield replace(found, lost=lost) if lost else found
            del found  # a look that is over makes room for the next one
            # Loading sets what it read apart from the collector; of looks that are over, nothing may stay.
            gc.unfreeze()
            gc.collect()

    def other(self, path: str, say: Callable[[str], None]) -> Seen:
        """Looks at something else."""
        return _look(replace(self.flags, from_=(path,), demo=False, context=(), kubeconfig=None, as_=None), say)

    def stop(self) -> None:
        """Ends the look."""
        while self._under_way:
            self._under_way.pop().interrupted.set()

    def converse(self, report: Report, cause: CauseRow) -> "tuple[Conversation, str]":
        """Begins a talk."""
        from diag.cli.talks import Talks  # noqa: PLC0415  # brings the template engine

        if self._talks is None:
            self._talks = Talks(self.asked)
        return self._talks.begin(report, cause)

    def save(self, path: Path, say: Callable[[str], None]) -> str:
        """Writes a snapshot with pseudonyms."""
        from diag.cli.redacting import redaction_key  # noqa: PLC0415  # only then
        from diag.cli.saving import saved_capture  # noqa: PLC0415

        flags = self.captures.flags if self.captures else self.flags
        return saved_capture(sources(flags), path, say, redact=redaction_key(None), now=self.flags.now)

    def close(self) -> None:
        """Ends the model."""
        if self._talks is not None:
            self._talks.close()


def source_for(flags: Flags, name: str, asked: dict[str, Any], known: frozenset[str] | None) -> Source:
    """What the flags name, as the TUI takes it; `known` are the fingerprints of an older report."""
    feed = _Feed(flags, asked)
    return Source(
        name=name, again=flags.again, looks=feed.looks, stop=feed.stop, converse=feed.converse, close=feed.close,
        save=feed.save, baseline=known, captures=feed.captures, other=feed.other,
        lives=not flags.from_ and not flags.demo,
    )  # fmt: skip


def _look(flags: Flags, say: Callable[[str], None]) -> Seen:
    return _seen(looked(flags, _Teller(say)))


def _seen(found: Looked) -> Seen:
    hidden = f"{found.hidden.count} hidden by {found.hidden.by}" if found.hidden.count else ""
    return Seen(report=cleaned(found.report), troubles=found.troubles, hidden=hidden)
