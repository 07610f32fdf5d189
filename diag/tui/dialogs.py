"""What lies over a screen for a while: something to read, a line to type, one of several to choose."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key, Resize
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from diag.tui.actions import above
from diag.tui.drawn_lines import in_border
from diag.tui.marks import Marks
from diag.tui.paragraphs import Paragraph, Paragraphs

_CSS = """
    {name} {{ align: center middle; }}
    {name} > Vertical {{ width: 90%; max-width: 140; border: round $primary; background: $surface; padding: 0 1; }}
"""


class Box(Vertical):
    """A box whose title, of which nothing is markup, fits into its border."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.heading = title

    def on_resize(self, _: Resize) -> None:
        """Fits the title."""
        marks = getattr(self.app, "marks", Marks())
        self.border_title = in_border(self.heading, self.outer_size.width, marks)


class Reader(ModalScreen[None]):
    """Something to read; `open_` is called with what an opened paragraph stands for."""

    CSS = _CSS.format(name="Reader") + "Reader > Vertical { height: 90%; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "close"),
        *above("copy", "owner", "yaml", "describe", "events", "help.pane"),
    ]  # fmt: skip

    def __init__(
        self, title: str, paragraphs: Sequence[Paragraph], *, marks: Marks, subject: object = None,
        open_: Callable[[Paragraph], None] | None = None, cursor: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.heading, self.paragraphs, self.marks, self.subject, self.open = title, paragraphs, marks, subject, open_
        self.cursor = cursor

    def compose(self) -> ComposeResult:
        """A box with the text."""
        with Box(self.heading) as box:
            box.border_subtitle = "esc closes"
            pane = Paragraphs(id="read")
            pane.marks = self.marks
            yield pane

    def on_mount(self) -> None:
        """Shows the text."""
        self.call_after_refresh(self.query_one(Paragraphs).show, self.paragraphs, cursor=self.cursor)

    @on(Paragraphs.Opened)
    def opened(self, event: Paragraphs.Opened) -> None:
        """Goes to what a paragraph stands for."""
        if self.open and event.paragraph.stands_for is not None:
            self.open(event.paragraph)

    def text(self) -> str:
        """All of it, for the clipboard."""
        return "\n".join(one.lead + one.text for one in self.paragraphs) + "\n"


class Prompt(ModalScreen[str | None]):
    """One line to type."""

    CSS = _CSS.format(name="Prompt") + "Prompt > Vertical { height: auto; } Prompt Input { border: none; height: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close")]

    def __init__(self, title: str, *, hint: str = "", value: str = "") -> None:
        super().__init__()
        self.heading, self.hint, self.value = title, hint, value

    def compose(self) -> ComposeResult:
        """A box with a line."""
        with Box(self.heading):
            yield Input(self.value, id="typed", select_on_focus=False)
            yield Static(self.hint, markup=False)

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Done."""
        self.dismiss(event.value)


class Choose(ModalScreen[str | None]):
    """One of several; a letter or the cursor chooses. `choices` are key and label."""

    CSS = _CSS.format(name="Choose") + "Choose > Vertical { height: auto; max-width: 60; } OptionList { border: none; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close")]

    def __init__(self, title: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.heading, self.choices = title, choices

    def compose(self) -> ComposeResult:
        """A box with a list."""
        with Box(self.heading):
            yield OptionList(
                *(Option(f"{_letter(at)}  {label}", id=key) for at, (key, label) in enumerate(self.choices)),
                markup=False,
            )

    @on(OptionList.OptionSelected)
    def selected(self, event: OptionList.OptionSelected) -> None:
        """Done."""
        self.dismiss(event.option_id)

    def key(self, letter: str) -> str | None:
        """What a letter chooses."""
        return next((key for at, (key, _) in enumerate(self.choices) if _letter(at) == letter), None)

    def on_key(self, event: Key) -> None:
        """A letter chooses at once."""
        chosen = self.key(event.key)
        if chosen is not None:
            event.stop()
            self.dismiss(chosen)


def _letter(at: int) -> str:
    return "abcdefghijklmnoprstuvwxyz"[at] if at < 25 else " "  # noqa: PLR2004  # letters
