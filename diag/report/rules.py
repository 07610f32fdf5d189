"""The catalogue as text: one line for each rule, or their pages."""

import re
import textwrap
from collections.abc import Sequence

from diag.catalog.registry import RuleInfo
from diag.report.cells import cut, pad, width

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_ITEM = re.compile(r"(?:- |\d+\. )")


def listing(rules: Sequence[RuleInfo], cells: int | None) -> str:
    """One line each: id, severity, name and what it says; with `cells` as a table under a heading, cut to that."""
    rows = [("ID", "SEVERITY", "NAME", "MEANING")] if cells else []
    rows += [(rule.id, rule.severity, rule.name, rule.summary) for rule in rules]
    widths = [max((width(row[at]) for row in rows), default=0) for at in range(3)]
    lines = ["  ".join([*(pad(cell, room) for cell, room in zip(row, widths, strict=False)), row[3]]) for row in rows]
    return "".join(f"{line if cells is None else cut(line, cells)}\n" for line in lines)


def pages(rules: Sequence[RuleInfo], cells: int, *, markdown: bool, bold: bool = False) -> str:
    """Pages with their paragraphs wrapped; as Markdown, or with headings in capitals and no marks."""
    written = [_page(rule.doc, cells, markdown=markdown, bold=bold) for rule in rules]
    return "\n\n".join(page.strip() for page in written) + "\n"


def _page(page: str, cells: int, *, markdown: bool, bold: bool) -> str:
    lines: list[str] = []
    fenced, paragraph = False, list[str]()

    def flush() -> None:
        if paragraph:
            text = " ".join(paragraph)
            hang = "  " if _ITEM.match(text) else ""
            lines.extend(
                textwrap.wrap(text, cells, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
            )
            paragraph.clear()

    for line in page.splitlines():
        fence = line.lstrip().startswith("```")
        if fence or fenced:
            flush()
            # Code is never wrapped, so that it can be copied.
            lines += [line] if markdown else [] if fence else [f"    {line.strip()}"]
            fenced ^= fence
        elif line.startswith("#"):
            flush()
            lines += [line] if markdown else textwrap.wrap(_heading(line, bold=bold), cells)
        elif not line.strip() or _ITEM.match(line):
            flush()
            lines += [] if line.strip() else [""]
            paragraph += [line] if line.strip() else []
        else:
            paragraph.append(line.strip())
    flush()
    return "\n".join(lines)


def _heading(line: str, *, bold: bool) -> str:
    title = line.lstrip("# ")
    if bold:
        return f"{_BOLD}{title}{_PLAIN}"
    return title if line.startswith("# ") else title.upper()
