"""The first line: what is looked at, how many GPUs, how much trouble, how old. The last line: keys."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Static

from diag.report.cells import cut, cut_middle, width
from diag.report.sanitize import visible
from diag.tui.actions import Action, here
from diag.tui.source import Seen
from diag.views.wording import clock, counted, in_short, listed, short_duration


class Header(Static):
    """The first line. While something is wrong with what is shown, it takes the focus, and enter tells more."""

    BINDINGS: ClassVar[list[BindingType]] = [*here("open")]

    class Opened(Message):
        """More is asked for."""

    def say(self, text: str, *, is_wrong: bool) -> None:
        """Shows a line, and whether something is wrong."""
        self.update(text)
        self.set_class(is_wrong, "-stale")
        self.can_focus = is_wrong
        if self.has_focus and not is_wrong:
            self.screen.focus_next()

    def action_open(self) -> None:
        """Asks for more."""
        self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        """A click does as enter does."""
        event.stop()
        if self.can_focus:
            self.action_open()


def header_text(  # noqa: PLR0913  # one for each thing that the line says
    name: str, seen: Seen | None, progress: str, trouble: str, *, age_s: float | None = None, paused: bool = False,
    capture: str = "", is_live: bool = False, cells: int = 0,
) -> str:  # fmt: skip
    """One line of so many cells (0: as long as it gets); what is going on, or went wrong, stands before all else.

    `age_s`: how long ago the last look came; `capture`: which of several is shown. Where there is little room the line
    says the same in fewer words, then leaves out what the screens below tell as well; the age stays to the last.
    """
    name = cut_middle(visible(name), max(cells // 3, _LEAST_NAME)) if cells else visible(name)
    first = f"diag (read-only) {name}"
    if seen is None:
        return cut(f"{first}  │ {visible(trouble or progress)}", cells or _ENDLESS)
    doing = f"stale {short_duration(age_s)}: {visible(trouble)}" if trouble else visible(progress)
    if paused:
        doing = f"paused, {doing or _age(seen, short=True)}"
    text = ""
    for terseness in range(_TERSEST + 1):
        text = _line(seen, first, doing, capture, is_live=is_live, terseness=terseness)
        if not cells or width(text) <= cells:
            return text
    shorter = cut_middle(name, max(width(name) - width(text) + cells, 1))
    return cut(text.replace(f" {name}", f" {shorter}", 1), cells)


_BRIEF, _TERSEST, _ENDLESS = 2, 4, 10_000
_LEAST_NAME = 20  # cells


def _line(seen: Seen, first: str, doing: str, capture: str, *, is_live: bool, terseness: int) -> str:
    stats, report = seen.report.stats, seen.report
    lost = sum(cause.affected.gpus_lost for cause in report.causes)
    waited = sum(cause.affected.gpus for cause in report.causes)
    every, busy, idle = _gpus(seen)
    bad = [(stats[f"{each}s"], each) for each in ("error", "warning") if stats.get(f"{each}s")]
    parts = [counted(sum(gap.material for gap in report.gaps), "gap")]
    if terseness < _BRIEF:
        lacking = f"{f' {lost} lost' if lost else ''}{f' {waited} waited for' if waited else ''}"
        parts = [f"{every} GPU: {busy} busy {idle} idle{lacking}", _bad(bad), *parts]
    else:
        parts = [f"{busy}/{every} GPU busy", " ".join(f"{count} {_SHORT[name]}" for count, name in bad), *parts]
    if seen.hidden and terseness < _BRIEF:
        parts.append(visible(seen.hidden))
    if not doing and " of " not in capture:
        parts.append(("live, " if is_live else "as of ") + _age(seen, short=terseness > 0))
    if terseness > _BRIEF:
        first, capture = first.replace(" (read-only)", "", 1), capture.partition(" of ")[0]
    if terseness == _TERSEST:
        parts = [*parts[:2], *parts[3:]]
    return (" │ " if terseness else "  │ ").join(each for each in (first, capture, doing, *parts) if each)


def _gpus(seen: Seen) -> tuple[str, ...]:
    """All, busy and idle ones; `?` where the nodes or the pods of a cluster were not read."""
    has_nodes = all(snap.holds("Node") for snap in seen.snapshots)
    has_pods = has_nodes and all(snap.holds("Pod") for snap in seen.snapshots)
    known = (("gpus", has_nodes), ("gpus_allocated", has_pods), ("gpus_free", has_pods))
    return tuple(str(seen.report.stats.get(each, 0)) if is_known else "?" for each, is_known in known)


_SHORT = {"error": "err", "warning": "warn"}


def _bad(bad: Sequence[tuple[int, str]]) -> str:
    return listed(counted(*each) for each in bad) or "no error"


def _age(seen: Seen, *, short: bool) -> str:
    said = clock if not short else in_short
    return ", ".join(sorted({said(cluster.now) for cluster in seen.report.target.clusters}))


def footer_text(actions: Sequence[Action], current: str, cells: int) -> str:
    """As many keys as there is room for; the screen that is shown stands in brackets."""
    words: list[str] = []
    for one in actions:
        if one.footer:
            word = f"{one.shown_keys.partition(' ')[0]} {one.label}"
            words.append(f"[{word}]" if one.id == f"screen.{current}" else word)
    text = "  ".join(words)
    if width(text) > cells:
        text = " ".join(word if word.startswith("[") else word.split(" ")[0] for word in words[:-4])
        text += "  " + "  ".join(words[-4:])
    return cut(text, cells)
