"""Words of anybody as parts of a Markdown page that they cannot break out of. All are one line (`sanitize.visible`)."""

import re
from collections.abc import Iterable

# What CommonMark and GitHub take for markup; the others of ASCII only are so at the beginning of a line.
_MARKUP = re.compile(r"[\\`*_\[\]<&~$]")
_LEADING = re.compile(r"(?:[-+=:>#|]|\d+[.)](?=\s|$))")
# What GitHub and GitLab make a link of by themselves (GFM, autolinks extension).
_ADDRESS = re.compile(r":(?=//)|(?<=\bwww)\.", re.IGNORECASE)
# A mention of a person and the number of an issue, which GitHub links wherever they stand in prose.
_LINKED = re.compile(r"@(?=\w)|#(?=\d)")


def text(words: str) -> str:
    """Words of anybody as prose that is nothing else: no markup, no link to a person or an issue. One line."""
    unlinked = _LINKED.sub("\\g<0>\u200b", words.strip())
    escaped = _ADDRESS.sub(r"\\\g<0>", _MARKUP.sub(r"\\\g<0>", unlinked))
    escaped = escaped.replace("\u200b", "&#8203;")
    found = _LEADING.match(escaped)
    return f"{escaped[: found.end() - 1]}\\{escaped[found.end() - 1 :]}" if found else escaped


def code(words: str) -> str:
    """Words of anybody as a code span; empty ones as nothing."""
    if not words.strip():
        return ""
    fence = "`" * (_longest_run(words) + 1)
    pad = " " if words[0] in "` " or words[-1] in "` " else ""
    return f"{fence}{pad}{words}{pad}{fence}"


def fenced(words: str, indent: str = "") -> str:
    """A command as a block of code, each line led by `indent`."""
    fence = "`" * max(_longest_run(words) + 1, 3)
    return f"{indent}{fence}sh\n{indent}{words}\n{indent}{fence}\n"


def block(lines: str) -> str:
    """Several lines, which end in a line break, as a block of text that none of them ends."""
    fence = "`" * max(_longest_run(lines) + 1, 3)
    return f"{fence}text\n{lines}{fence}\n"


def cited(numbers: Iterable[int]) -> str:
    """Numbers of evidence, led by a blank; nothing for none."""
    joined = "".join(rf"\[{number}\]" for number in numbers)
    return f" {joined}" if joined else ""


def _longest_run(words: str) -> int:
    return max((len(run) for run in re.findall("`+", words)), default=0)
