"""Paragraphs with a cursor: the because-tree, quoted evidence, what to do. Long texts are wrapped to the pane."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from diag.report.cells import cut, wrap
from diag.report.sanitize import visible
from diag.tui.actions import bindings
from diag.tui.drawn_lines import DrawnLines
from diag.tui.marks import Marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A text with what leads its first line (`lead`, which the others are indented by), and what it stands for.

    `tone`: error, warning, info, title, cited or command. `whole` lines are not wrapped.
    """

    text: str
    lead: str = ""
    tone: str = ""
    stands_for: object = None
    whole: bool = False


class Paragraphs(DrawnLines, can_focus=True):
    """Draws paragraphs, one of which has the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("list")]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "paragraphs--cursor", "paragraphs--error", "paragraphs--warning", "paragraphs--info", "paragraphs--title",
        "paragraphs--cited", "paragraphs--command",
    }  # fmt: skip
    DEFAULT_CSS = """
    Paragraphs { background: $surface; height: 1fr; }
    Paragraphs > .paragraphs--cursor { background: $primary-muted; }
    Paragraphs > .paragraphs--error { color: $text-error; }
    Paragraphs > .paragraphs--warning { color: $text-warning; }
    Paragraphs > .paragraphs--info { color: $text-muted; }
    Paragraphs > .paragraphs--title { text-style: bold; }
    Paragraphs > .paragraphs--cited { background: $warning-muted; text-style: bold; }
    Paragraphs > .paragraphs--command { color: $text-success; }
    """

    class OfParagraph(Message):
        """About a paragraph."""

        def __init__(self, pane: "Paragraphs", paragraph: Paragraph) -> None:
            super().__init__()
            self.pane, self.paragraph = pane, paragraph

        @property
        def control(self) -> "Paragraphs":
            """The pane, for `on(…, selector)`."""
            return self.pane

    class Chosen(OfParagraph):
        """The cursor came to a paragraph."""

    class Opened(OfParagraph):
        """A paragraph was opened."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self.paragraphs: Sequence[Paragraph] = ()
        self.cursor = 0
        self.marks = Marks()
        self._of: object = None  # what they tell of
        self._drawn: list[tuple[int, str, str]] = []  # paragraph, lead, text
        self._starts: list[int] = []
        self._laid_out = 0  # the cells for which it was drawn

    def show(self, paragraphs: Sequence[Paragraph], *, cursor: int = 0, of: object = None) -> None:
        """Shows other paragraphs, with the cursor on one of them.

        `of` names what they tell of. What is told anew of the same thing leaves cursor and scrolling where they are.
        """
        is_same, self._of = of is not None and of == self._of, of
        if is_same and self.paragraphs:
            self._renew(paragraphs)
            return
        self.paragraphs, self.cursor = paragraphs, min(cursor, max(len(paragraphs) - 1, 0))
        self._lay_out()
        self.scroll_to(y=0, animate=False, immediate=True)
        self._reveal_cited()
        self.refresh()

    def _renew(self, paragraphs: Sequence[Paragraph]) -> None:
        """The cursor stays on the same text, else at the same place; what was in sight around it stays in sight."""
        if self._laid_out == self.cells and list(paragraphs) == list(self.paragraphs):
            self.paragraphs = paragraphs  # what they stand for may be another object
            return
        text = self.paragraphs[self.cursor].text
        alike = [at for at, one in enumerate(paragraphs) if one.text == text]
        at = min(alike, key=lambda each: abs(each - self.cursor), default=self.cursor)
        above = self._starts[self.cursor] - self.scroll_offset.y if self._starts else 0
        self.paragraphs, self.cursor = paragraphs, min(at, max(len(paragraphs) - 1, 0))
        self._lay_out()
        if self._starts:
            self.scroll_to(y=max(self._starts[self.cursor] - above, 0), animate=False, immediate=True)
        self.refresh()

    @property
    def current(self) -> Paragraph | None:
        """The paragraph under the cursor."""
        return self.paragraphs[self.cursor] if self.cursor < len(self.paragraphs) else None

    def _lay_out(self) -> None:
        """Wraps all texts; not before the pane has a width, for that would be done in vain."""
        self._drawn, self._starts, self._laid_out = [], [], self.cells
        if not self.cells:
            self.hold(0)
            return
        room = max(self.cells, 8)
        for at, one in enumerate(self.paragraphs):
            self._starts.append(len(self._drawn))
            text = visible(one.text)
            lines = [cut(text, max(room - len(one.lead), 8))] if one.whole else wrap(text, max(room - len(one.lead), 8))
            for place, line in enumerate(lines):
                self._drawn.append((at, one.lead if place == 0 else " " * len(one.lead), line))
        self.hold(len(self._drawn))

    def on_resize(self, _: events.Resize) -> None:
        """Wraps anew where the width is another one."""
        is_first = not self._laid_out
        if self.cells and self.cells != self._laid_out:
            self._lay_out()
        if is_first:
            self._reveal_cited()
        else:
            self._reveal()
        self.refresh()

    def watch_has_focus(self, has_focus: bool) -> None:  # noqa: FBT001  # Textual's signature
        """The cursor is shown only with the focus."""
        super().watch_has_focus(has_focus)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the terminal."""
        base, at = self.base_style, self.scroll_offset.y + y
        if at >= len(self._drawn):
            return Strip.blank(self.cells, base)
        place, lead, text = self._drawn[at]
        tone = self.paragraphs[place].tone
        own = self.get_component_rich_style(f"paragraphs--{tone}", partial=True) if tone else Style.null()
        if place == self.cursor and self.has_focus:
            base += self.get_component_rich_style("paragraphs--cursor", partial=True)
        segments = [Segment(self.marks(lead), base), Segment(self.marks(text), base + own)]
        return self.fitted(segments, base)

    def action_move(self, lines: int) -> None:
        """Some paragraphs down, or up."""
        self.go_to(self.cursor + lines)

    def action_page(self, pages: int) -> None:
        """A page down, or up."""
        line = self._starts[self.cursor] + pages * max(self.size.height - 1, 1) if self._starts else 0
        line = max(min(line, len(self._drawn) - 1), 0)
        if self._drawn:
            self.go_to(self._drawn[line][0])

    def action_end(self, way: int) -> None:
        """The first paragraph or the last."""
        self.go_to(0 if way < 0 else len(self.paragraphs) - 1)

    def action_open(self) -> None:
        """Opens the paragraph."""
        if self.current:
            self.post_message(self.Opened(self, self.current))

    def go_to(self, at: int) -> None:
        """Puts the cursor on a paragraph."""
        at = max(min(at, len(self.paragraphs) - 1), 0)
        if at == self.cursor or not self.paragraphs:
            return
        self._redraw_cursor()
        self.cursor = at
        self._reveal()
        self._redraw_cursor()
        self.post_message(self.Chosen(self, self.paragraphs[at]))

    def _span(self) -> tuple[int, int]:
        """The drawn lines of the paragraph under the cursor: the first, and the one behind the last."""
        begin = self._starts[self.cursor]
        return begin, self._starts[self.cursor + 1] if self.cursor + 1 < len(self._starts) else len(self._drawn)

    def _redraw_cursor(self) -> None:
        if not self._starts:
            return
        begin, end = self._span()
        self.redraw(begin - self.scroll_offset.y, end - begin)

    def _reveal_cited(self) -> None:
        """What is cited may stand deep inside a long text: what is around it comes into sight as well."""
        self._reveal(margin=min(3, self.size.height // 3))

    def _reveal(self, margin: int = 0) -> None:
        if not self._starts or not self.size.height:
            return
        begin, end = self._span()
        first, room = self.scroll_offset.y, self.size.height
        if begin < first or end - begin >= room:
            self.scroll_to(y=max(begin - margin, 0), animate=False, immediate=True)
        elif end > first + room:
            self.scroll_to(y=end - room + margin, animate=False, immediate=True)

    def on_click(self, event: events.Click) -> None:
        """A click selects, a double click opens."""
        at = self.scroll_offset.y + event.y
        if at < len(self._drawn):
            self.go_to(self._drawn[at][0])
            if event.chain == 2:  # noqa: PLR2004  # a double click
                self.action_open()
