"""How a text is drawn: what the terminal can show, and how much the person asked for."""

from dataclasses import dataclass

from diag.views.causes import Hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`width` in cells, None for lines that are never broken; `footer` says how to open more (on a terminal).

    `again` are the flags with which a further command looks at the same (`--from dump.json`), None for a pipe, which is
    read once. `hidden` says what is not shown, `everything` asks for long lists in full. `passing` are the severities
    that JUnit shows as passed cases.
    """

    width: int | None = None
    color: bool = False
    ascii: bool = False
    footer: bool = False
    limit: int | None = None
    show_ignored: bool = False
    again: str | None = ""
    hidden: Hidden | None = None
    everything: bool = False
    passing: tuple[str, ...] = ("info",)


_CODES = {
    "error": "31",
    "warning": "33",
    "info": "36",
    "bold": "1",
    "dim": "2",
    "command": "32",
}
_GLYPHS = {"error": "✖", "warning": "▲", "info": "●"}
_ASCII = str.maketrans(
    {
        "✖": "x",
        "▲": "!",
        "●": "i",
        "└": "`",
        "→": "->",
        "…": "...",
        "·": "-",
        "×": "x",
        "─": "-",
        "█": "#",
        "▒": "=",
        "░": ".",
        "■": "#",
        "□": ".",
        "▪": "#",
        "▫": ".",
        "◌": "o",
        "◆": "*",
        "↳": "->",
        "⏎": "\\n",
        "␡": "^?",
    }
    # Pictures of controls in caret notation: escape is ^[.
    | {chr(0x2400 + code): f"^{chr(64 + code)}" for code in range(32)}
)


def follow_up(command: str, look: Look, *words: str) -> str:
    """A command line that looks further at the same, as it has to be typed."""
    return " ".join(each for each in ("diag", command, look.again or "", *words) if each)


def paint(text: str, style: str, look: Look) -> str:
    """The text in a colour, where colour is wanted. Colour repeats what a word says and never says it alone."""
    code = _CODES.get(style)
    return f"\x1b[{code}m{text}\x1b[0m" if look.color and code and text else text


def glyph(severity: str) -> str:
    """The mark of a severity; its word always stands beside it."""
    return _GLYPHS.get(severity, "-")


def typed(text: str, look: Look) -> str:
    """The text with our own marks as plain ASCII, where the font has no others."""
    return text.translate(_ASCII) if look.ascii else text
