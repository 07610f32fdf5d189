"""The selected object: in full, in words, its events, its owner."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import work
from textual.worker import get_current_worker

from diag.document import EvidenceRow, LogRow, RefRow
from diag.tui.dialogs import Reader
from diag.tui.paragraphs import Paragraph, Paragraphs
from diag.tui.stale import Stale
from diag.tui.table import VirtualTable

if TYPE_CHECKING:
    from diag.views.described import Said


class Objects(Stale):
    """The frame, and what it tells of an object."""

    def subject(self) -> RefRow | None:
        """The object that is read, else that of what has the focus, else that of the first list."""
        if isinstance(self.screen, Reader):
            return self.screen.subject if isinstance(self.screen.subject, RefRow) else None
        focused = self.focused
        if isinstance(focused, Paragraphs) and focused.current and isinstance(focused.current.stands_for, EvidenceRow):
            row = focused.current.stands_for
            if isinstance(row.object, RefRow):
                return row.object
            if isinstance(row.log, LogRow):
                return row.log.pod
        table = focused if isinstance(focused, VirtualTable) else self.lists.lists[0]
        return table.current.ref if table.current else None

    def read_object(self, ref: RefRow) -> None:
        """An object in full."""
        from diag.tui.panels import object_lines  # noqa: PLC0415  # the engine, only once there is a report
        from diag.views.inside import object_yaml  # noqa: PLC0415

        if self.seen is not None:
            shown = object_yaml(self.seen.snapshots, ref)
            self.push_screen(Reader(shown.place, object_lines(shown), marks=self.marks, subject=ref))

    def action_yaml(self) -> None:
        """The selected object in full."""
        if (ref := self._selected()) is not None:
            self.read_object(ref)

    def action_describe(self) -> None:
        """The selected object in words."""
        from diag.views.described import described  # noqa: PLC0415  # the engine, only then

        if (seen := self.seen) is not None and (ref := self._selected()) is not None:
            self.read_of(str(ref), ref, lambda: described(seen.report, seen.snapshots, ref))

    def action_events(self) -> None:
        """The events of the selected object and of what it owns."""
        from diag.views.described import events_of  # noqa: PLC0415  # the engine, only then

        if (seen := self.seen) is not None and (ref := self._selected()) is not None:
            self.read_of(f"Events of {ref}", ref, lambda: events_of(seen.snapshots, ref))

    def action_owner(self) -> None:
        """The owner of the object that is shown or selected."""
        from diag.causes.rows import ref_row  # noqa: PLC0415  # the engine, only then
        from diag.trouble.relations.owners import owner_of  # noqa: PLC0415
        from diag.views.inside import found  # noqa: PLC0415

        ref = self.subject()
        here = found(self.seen.snapshots, ref) if self.seen and ref is not None else None
        owner = owner_of(*here) if here else None
        if owner is None:
            self.notify("It has no owner that was read.", markup=False)
        else:
            self.read_object(ref_row(owner.ref))

    def _selected(self) -> RefRow | None:
        ref = self.subject()
        if ref is None:
            self.notify("No object is selected.", markup=False)
        return ref

    @work(thread=True, exclusive=True, group="open", exit_on_error=False)
    def read_of(self, title: str, ref: RefRow, make: "Callable[[], Sequence[Said]]") -> None:
        """Makes what is said of an object, in a thread, then shows it."""
        lines = [Paragraph(text=one.text, lead=one.lead, tone=one.tone) for one in make()]
        if not get_current_worker().is_cancelled:
            self.call_from_thread(self.push_screen, Reader(title, lines, marks=self.marks, subject=ref))
