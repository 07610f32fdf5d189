"""A line of a side file, and the reading that it gives."""

from dataclasses import dataclass

from diag.snapshot.sources.part import Reading

MOST_CHARS = 1000  # of a line, and of what is read from it


@dataclass(frozen=True, slots=True)
class Line:
    """Where a reading stands: the file, the line's number from 1, and its text."""

    file: str
    number: int
    text: str

    def tells(
        self, source: str, what: str, value: str, *, node: str = "", device: str = "", instance: str = "", pod: str = ""
    ) -> Reading:
        """The reading that this line gives."""
        return Reading(
            source=source, node=node[:MOST_CHARS], device=device[:MOST_CHARS], what=what, value=value[:MOST_CHARS],
            file=self.file, line=self.number, text=self.text[:MOST_CHARS].rstrip("\r"),
            instance=instance[:MOST_CHARS], pod=pod[:MOST_CHARS],
        )  # fmt: skip
