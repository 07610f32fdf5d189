"""How a text is drawn: what the terminal can show, and how much the person asked for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`width` in cells, None for lines that are never broken; `footer` says how to open more (on a terminal)."""

    width: int | None = None
    color: bool = False
    ascii: bool = False
    footer: bool = False
    limit: int | None = None
    show_ignored: bool = False


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
        "⏎": "\\n",
        "␡": "^?",
    }
    # Pictures of controls in caret notation: escape is ^[.
    | {chr(0x2400 + code): f"^{chr(64 + code)}" for code in range(32)}
)


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
