"""Where a line of the HTML page may break: a name after a dot or a slash, a command between its words."""

import re

from markupsafe import Markup, escape

_LONG = 24  # characters of a name that a line is not sure to hold
_NAMES = re.compile(rf"\S{{{_LONG},}}")
_JOINTS = re.compile(r"(?<=\w[./])(?=\w)|(?<=\])(?=\.)")
_SPACES = re.compile(r"( +|\n)")


def breakable(text: str) -> Markup:
    """The text with places to break in its long names, so that none is broken within a word."""
    told, at = Markup(), 0
    for name in _NAMES.finditer(text):
        told += escape(text[at : name.start()]) + Markup("<wbr/>").join(_JOINTS.split(name[0]))
        at = name.end()
    return told + escape(text[at:])


def unbroken(command: str) -> Markup:
    """A command whose words stay whole, at their hyphens too."""
    pieces = _SPACES.split(command)
    return Markup().join(
        Markup('<span class="word">{}</span>').format(piece) if piece.strip() else piece for piece in pieces
    )
