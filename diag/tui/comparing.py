"""What changed between what is shown and a look before: the capture before, the one that was kept, or the first."""

from textual import on, work
from textual.worker import get_current_worker

from diag.document import EvidenceRow
from diag.tui.dialogs import Prompt, Reader
from diag.tui.frame import Frame
from diag.tui.paragraphs import Paragraph
from diag.tui.source import Seen
from diag.tui.stepping import Stepping, quietly


class Comparing(Stepping):
    """The frame, and comparisons."""

    opened: Seen | None = None  # the first look of a source without captures
    base: Seen | None = None
    base_name = ""

    @on(Frame.Arrived)
    def first_arrived(self, event: Frame.Arrived) -> None:
        """Remembers the first look, to compare with."""
        if self.opened is None and event.seen.capture is None:
            self.opened = event.seen

    def action_keep(self) -> None:
        """Comparisons are with this look from now on."""
        if self.seen is None:
            self.notify("There is no look to keep yet.", markup=False)
            return
        self.base, self.base_name = self.seen, self._called()
        self.notify(f"D compares with {self.base_name} from now on.", markup=False)

    def _called(self) -> str:
        """What the look that is shown is called."""
        return self.capture or f"the look as of {self.as_of()}"

    def action_compare(self) -> None:
        """What changed since the look that was kept, the capture before, or the first look; else asks for a file."""
        seen = self.seen
        captures = self.source.captures
        steps = len(self.times or ()) > 1
        if seen is None:
            self.notify("There is no look to compare yet.", markup=False)
        elif self.base is not None and self.base is not seen:
            self.contrast(self.base, seen, f"What changed from {self.base_name} to {self._called()}")
        elif captures is not None and self.times is None:
            self.notify("The captures are still being counted.", markup=False)
        elif captures is not None and steps and self.at > 0:
            self.read_before(self.at - 1, seen, f"What changed from the capture before to {self._called()}")
        elif steps:
            self.notify("There is no capture before this one; m keeps it to compare with.", markup=False)
        elif self.opened is not None and self.opened is not seen:
            self.contrast(self.opened, seen, f"What changed since the first look, to {self._called()}")
        elif self.source.other is not None:
            hint = "an older snapshot, as --from takes it"
            self.push_screen(Prompt("Compare with", hint=hint), self._other)
        else:
            self.notify("There is nothing to compare with.", markup=False)

    def _other(self, typed: str | None) -> None:
        if typed and self.seen is not None:
            self.read_other(typed, self.seen)

    @work(thread=True, exclusive=True, group="compare", exit_on_error=False, description="reads a capture")
    def read_before(self, at: int, seen: Seen, title: str) -> None:
        """Reads a capture without turning to it, then compares."""
        if self.source.captures is not None:
            self._contrast(self.source.captures.read(at, quietly, turn=False), seen, title)

    @work(thread=True, exclusive=True, group="compare", exit_on_error=False, description="reads something else")
    def read_other(self, path: str, seen: Seen) -> None:
        """Reads something else, then compares."""
        if self.source.other is not None:
            self._contrast(self.source.other(path, quietly), seen, f"What changed from {path}")

    @work(thread=True, exclusive=True, group="compare", exit_on_error=False, description="compares")
    def contrast(self, before: Seen, seen: Seen, title: str) -> None:
        """Compares two looks that are at hand."""
        self._contrast(before, seen, title)

    def _contrast(self, before: Seen, after: Seen, title: str) -> None:
        from diag.compare.compare import difference  # noqa: PLC0415  # the engine, only then
        from diag.views.changes import change_lines  # noqa: PLC0415

        found = difference(before.report, after.report, before.snapshots, after.snapshots)
        rows = [
            Paragraph(
                text=line.text, lead="  " * line.depth,
                tone="title" if line.is_title else line.severity if line.side == "after" else "", stands_for=line,
            )
            for line in change_lines(found)
        ]  # fmt: skip

        def open_(paragraph: Paragraph) -> None:
            self._open_change(paragraph, before, after)

        if not get_current_worker().is_cancelled:
            self.call_from_thread(self.push_screen, Reader(title, rows, marks=self.marks, open_=open_))

    def _open_change(self, paragraph: Paragraph, before: Seen, after: Seen) -> None:
        """Goes to what a line is about: a cause that is there, the tree of one that was, an object at its field."""
        from diag.tui import panels  # noqa: PLC0415  # only once there is a report
        from diag.views.changes import ChangeLine  # noqa: PLC0415  # the engine, only then
        from diag.views.inside import object_yaml  # noqa: PLC0415

        line = paragraph.stands_for
        if not isinstance(line, ChangeLine):
            return
        side = before if line.side == "before" else after
        if line.cause is not None and side is self.seen:
            self.open_cause(line.cause.id)
        elif line.cause is not None:
            title = f"Why, then · {panels.cause_title(line.cause)}"
            tree = panels.why(side, line.cause)
            self.push_screen(
                Reader(title, tree, marks=self.marks, subject=line.cause.root, open_=lambda one: self.cite(one, side))
            )
        elif line.ref is not None:
            shown = object_yaml(side.snapshots, line.ref, line.path)
            at = next((at for at, each in enumerate(shown.lines) if each.cited), 0)
            self.push_screen(
                Reader(shown.place, panels.object_lines(shown), marks=self.marks, subject=line.ref, cursor=at)
            )

    def cite(self, paragraph: Paragraph, seen: Seen | None) -> None:
        """Opens the evidence that a paragraph stands for, as one look has it."""
        from diag.tui import panels  # noqa: PLC0415  # as above

        if seen is not None and isinstance(paragraph.stands_for, EvidenceRow):
            place, lines, at = panels.evidence(seen, paragraph.stands_for)
            self.push_screen(Reader(place, lines, marks=self.marks, cursor=at))
