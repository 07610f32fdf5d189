"""The one gate between the cluster's words and a terminal: what could move a cursor or hide a text becomes visible.

Texts are drawn from `cleaned` reports only. Documents (JSON, YAML) keep every value and are escaped instead.
"""

import re

import msgspec

from diag.document import Report

# C0 and C1 controls and DEL; zero-width, bidirectional and other invisible formatting (Unicode TR36, TR9); the line and
# paragraph separators; lone surrogates, which no encoding can write; noncharacters, which XML and HTML refuse.
_HIDDEN_SET = (
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f"
) + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(1, 17))
_HIDDEN = re.compile(f"[{_HIDDEN_SET}]")
# Inside JSON text the C0 controls are escaped already, or are the line breaks of its layout.
_HIDDEN_IN_JSON = re.compile(f"[{_HIDDEN_SET.replace(chr(92) + 'x00-' + chr(92) + 'x1f', '')}]")
_ESCAPED_CONTROL = re.compile(rb"\\u00|\\[bfnrt]")
_PICTURES = 0x2400  # Unicode's pictures of the C0 controls begin here
_LAST_C0 = 0x1F
_DELETE = 0x7F

_last: tuple[Report, Report] | None = None  # a report, and how texts may show it


def visible(text: str) -> str:
    """The text on one line, with a placeholder for each character that acts instead of showing."""
    return _HIDDEN.sub(_placeholder, text)


def _placeholder(found: re.Match[str]) -> str:
    code = ord(found[0])
    if found[0] in "\n\r":
        return "⏎"
    if found[0] == "\t":
        return " "
    if code <= _LAST_C0:
        return chr(_PICTURES + code)
    return "␡" if code == _DELETE else f"<U+{code:04X}>"


def cleaned(report: Report) -> Report:
    """The report as texts may show it. The same object when nothing in it needs a placeholder.

    The last one is kept: one report is written in many formats, one after the other. Reports are never changed.
    """
    global _last  # noqa: PLW0603  # a cache of one
    kept = _last
    if kept is None or kept[0] is not report:
        kept = _last = (report, _cleaned(report))
    return kept[1]


def _cleaned(report: Report) -> Report:
    encoded = msgspec.json.encode(report)
    if not _ESCAPED_CONTROL.search(encoded) and not _HIDDEN_IN_JSON.search(encoded.decode()):
        return report
    return msgspec.convert(_shown(report.to_dict()), Report)


def _shown(value: object) -> object:
    match value:
        case str():
            return visible(value)
        case list():
            return [_shown(each) for each in value]
        case dict():
            return {key: _shown(each) for key, each in value.items()}
        case _:
            return value


def escaped(json_text: bytes) -> bytes:
    r"""JSON with hidden characters as `\\u` escapes: the same document, harmless on a terminal."""
    if json_text.isascii() and b"\x7f" not in json_text:
        return json_text
    return _HIDDEN_IN_JSON.sub(_json_escape, json_text.decode()).encode()


def _json_escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def hides_something(json_text: bytes) -> bool:
    """Whether a document holds a character that a terminal would act on."""
    return bool(_HIDDEN_IN_JSON.search(json_text.decode()))
