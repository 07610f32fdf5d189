"""Screens that tell of a line its columns in full, and of the object that it is about."""

from collections.abc import Sequence

from diag.tui.listing import Listing, fields
from diag.tui.panels import object_lines
from diag.tui.paragraphs import Paragraph
from diag.tui.source import Seen
from diag.views.circle import circles
from diag.views.happenings import Subjects, subjects
from diag.views.inside import object_yaml
from diag.views.table import Line


class Told(Listing):
    """Tells of a line its columns in full, and the object that it is about."""

    def told(self, seen: Seen, line: Line) -> Sequence[Paragraph]:
        """Its columns, what the screen adds, and the object."""
        table = next((each.table for each in self.lists if line in each.lines), self.tables[0])
        found = [*fields(table, line), *self.more(seen, line)]
        if line.ref is not None:
            found += [Paragraph(text=""), Paragraph(text=str(line.ref), tone="title")]
            found += object_lines(object_yaml(seen.snapshots, line.ref))
        return found

    def more(self, seen: Seen, line: Line) -> Sequence[Paragraph]:
        """What the screen knows of a line beside its columns."""
        causes = [cause for each in line.causes if (cause := seen.cause(each))]
        return [Paragraph(text=f"{one.rule} {one.name}: {one.summary}", lead=f"{one.id}  ") for one in causes]


def objects_of(seen: Seen, cause: str) -> Subjects:
    """The objects of a cause."""
    keys = {key for circle in circles(seen.report) if circle.cause.id == cause for key in circle.about}
    return subjects(seen.snapshots, keys)


class OfCause(Told):
    """A screen of the selected cause."""

    def of(self, cause: str) -> str:
        """The cause."""
        return cause

    def about(self) -> str:
        """The cause by its fingerprint: its id is of one report."""
        return self.app.chosen.fingerprint if self.app.cause and self.app.chosen is not None else ""

    def heading(self, cause: str) -> str:
        """The title names the cause."""
        seen = self.app.seen
        row = seen.cause(cause) if seen else None
        chosen = self.app.chosen
        if row is None and chosen is not None:
            return f"{self.titles[0]} · {chosen.rule} {chosen.name} is not in this look"
        return f"{self.titles[0]} · {f'{row.rule} {row.name}' if row else 'no cause is selected'}"
