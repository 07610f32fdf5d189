"""Any table as text: `table` fits the terminal, `plain` is a line of words for each row."""

from collections.abc import Iterator, Sequence

import msgspec

from diag.document import Row
from diag.report.cells import cut, cut_middle, pad, width, wrap
from diag.report.look import Look, glyph, paint, typed
from diag.report.sanitize import escaped, visible
from diag.views.table import Line, Table

FORMATS = ("table", "plain", "json")


def as_document(document: Row) -> bytes:
    """A document in JSON, two blanks per level, hidden characters escaped."""
    encoded = msgspec.json.encode(document, order="deterministic")
    return escaped(msgspec.json.format(encoded, indent=2)) + b"\n"


def tables_bytes(tables: Sequence[Table], form: str, look: Look) -> bytes:
    """Tables one below the other, as UTF-8; those with neither lines nor words are left out."""
    draw = _drawn if form == "table" else _told
    blocks = ["\n".join(draw(table, look)) for table in tables if table.lines or table.empty]
    text = "\n\n".join(blocks) + "\n"
    # One character for one, so that columns stay where they are.
    return typed(text.replace("…", "~") if look.ascii and form == "table" else text, look).encode()


def _told(table: Table, look: Look) -> Iterator[str]:
    if table.title:
        yield f"{visible(table.title)}:"
    for line in table.lines[: look.limit]:
        first, *rest = (
            (column.title.lower(), visible(column.shown(value)))
            for column, value in zip(table.columns, line.values, strict=True)
            if not column.picture
        )
        words = [f"{title} {text}" for title, text in rest if text not in ("", "-")]
        yield f"{first[1]}: {f'{line.severity}, ' if line.severity else ''}{', '.join(words)}"
    yield from _below(table, look)


def _drawn(table: Table, look: Look) -> Iterator[str]:
    if table.title:
        yield paint(visible(table.title), "bold", look)
    lines = table.lines[: look.limit]
    if lines:
        marked = any(line.severity for line in table.lines)
        rows = [[visible(c.shown(v)) for c, v in zip(table.columns, line.values, strict=True)] for line in lines]
        widths = fitted(table, rows, None if look.width is None else look.width - 2 * marked)
        heads = [
            pad(column.title, room, right=column.kind != "text")
            for column, room in zip(table.columns, widths, strict=True)
        ]
        yield paint(("  " * marked + "  ".join(heads)).rstrip(), "dim", look)
        for line, row in zip(lines, rows, strict=True):
            yield _row(table, line, row, widths, look, marked=marked)
    yield from _below(table, look)


def _row(table: Table, line: Line, row: list[str], widths: list[int], look: Look, *, marked: bool) -> str:
    texts = []
    for column, text, room in zip(table.columns, row, widths, strict=True):
        short = cut_middle if column.title not in ("NOTES", "WHAT", "REASON", "WHY", "SUMMARY") else cut
        texts.append(pad(short(text, room), room, right=column.kind != "text"))
    mark = paint(f"{glyph(line.severity) if line.severity else ' '} ", line.severity, look) if marked else ""
    return (mark + "  ".join(texts)).rstrip()


def _below(table: Table, look: Look) -> Iterator[str]:
    if not table.lines and table.empty:
        yield from wrap(visible(table.empty), look.width)
    if look.limit is not None and len(table.lines) > look.limit:
        yield f"and {len(table.lines) - look.limit} more"
    for note in table.notes:
        yield from wrap(visible(note), look.width, first="Note: ", rest="  ")


def fitted(table: Table, rows: Sequence[Sequence[str]], room: int | None) -> list[int]:
    """The cells of each column: what its texts need, the widest that may be cut losing what is too much."""
    widths = [max([width(column.title), *(width(row[at]) for row in rows)]) for at, column in enumerate(table.columns)]
    if room is None:
        return widths
    while sum(widths) + 2 * (len(widths) - 1) > room:
        spare = [at for at, column in enumerate(table.columns) if column.least and widths[at] > column.least]
        if not spare:
            break
        widths[max(spare, key=lambda at: widths[at])] -= 1
    return widths
