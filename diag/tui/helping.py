"""Help, from the registry of actions: all keys, and those of one pane with what it takes from a mouse."""

from collections.abc import Iterator, Sequence

from textual.widget import Widget
from textual.widgets import Input

from diag.tui.actions import Action
from diag.tui.drawn_lines import DrawnLines
from diag.tui.paragraphs import Paragraph, Paragraphs
from diag.tui.table import VirtualTable

_PARTS = (("list", "In a list"), ("table", "In a table"), ("app", "Everywhere"))
_MOUSE = {
    VirtualTable: (
        ("click", "selects a line; on a heading it sorts, once more turns that round"),
        ("double click", "opens the line"),
        ("wheel", "scrolls"),
    ),
    Paragraphs: (("click", "selects"), ("double click", "opens what it stands for"), ("wheel", "scrolls")),
}  # fmt: skip
# The language of filters (`diag.views.filter`).
_FILTER = (
    ("word", "lines that have it in any column, upper or lower case"),
    ("field:value", "in that column; * stands for anything: rule:QUO*"),
    ("field>4", "greater, or < less; ages as age>10m"),
    ("-word", "lines that do not"),
    ('"a b"', "exactly that"),
    ("~word", "letters in that order, others between"),
)


def all_keys(actions: Sequence[Action]) -> list[Paragraph]:
    """All keys, those of the focused pane's kind first."""
    found: list[Paragraph] = []
    for context, title in _PARTS:
        found += [
            Paragraph(text=title, tone="title"),
            *(_line(one) for one in actions if one.context == context),
            Paragraph(text=""),
        ]
    return [*found, *_words("In a filter", _FILTER)]


def pane_help(actions: Sequence[Action], focused: Widget | None) -> tuple[str, list[Paragraph]]:
    """The title of the pane that has the focus, and what it takes."""
    if isinstance(focused, Input):
        return "The line to type in", [*_words("In a filter", _FILTER), *_words("Then", _TYPED)]
    contexts = ("list", "table") if isinstance(focused, VirtualTable) else ("list",)
    title = focused.heading if isinstance(focused, DrawnLines) else ""
    return title or "This pane", [
        Paragraph(text="Keys of this pane", tone="title"),
        *(_line(one) for one in actions if one.context in contexts),
        *_words("Mouse", next((said for kind, said in _MOUSE.items() if isinstance(focused, kind)), ())),
        Paragraph(text=""),
        Paragraph(text="? lists the keys that work everywhere.", tone="info"),
    ]


_TYPED = (("enter", "goes back to the list, and keeps it"), ("escape", "ends it"))


def _words(title: str, pairs: Sequence[tuple[str, str]]) -> Iterator[Paragraph]:
    if pairs:
        yield Paragraph(text="")
        yield Paragraph(text=title, tone="title")
    for lead, text in pairs:
        yield Paragraph(text=text, lead=f"{lead:16} ")


def _line(one: Action) -> Paragraph:
    return Paragraph(text=one.help, lead=f"{one.shown_keys:16} {one.label:14} ")
