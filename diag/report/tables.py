"""Any table as text: `table` fits the terminal, `plain` is a line of words for each row."""

from collections.abc import Iterator, Sequence

import msgspec

from diag.document import Row
from diag.report.cells import pad, width, wrap
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
            if room
        ]
        yield paint(("  " * marked + "  ".join(heads)).rstrip(), "dim", look)
        for line, row in zip(lines, rows, strict=True):
            yield from _row(table, line, row, widths, look, marked=marked)
    yield from _below(table, look)


def _row(table: Table, line: Line, row: list[str], widths: list[int], look: Look, *, marked: bool) -> Iterator[str]:
    """One line of a table, on as many lines of the terminal as its longest text needs: nothing is cut."""
    cells = [
        (list(wrap(text, room)), room, column.kind != "text")
        for column, text, room in zip(table.columns, row, widths, strict=True)
        if room
    ]
    mark = paint(f"{glyph(line.severity) if line.severity else ' '} ", line.severity, look) if marked else ""
    for at in range(max(len(texts) for texts, _, _ in cells)):
        parts = [pad(texts[at] if at < len(texts) else "", room, right=right) for texts, room, right in cells]
        yield ((mark if at == 0 else "  " * marked) + "  ".join(parts)).rstrip()


def _below(table: Table, look: Look) -> Iterator[str]:
    if not table.lines and table.empty:
        yield from wrap(visible(table.empty), look.width)
    if look.limit is not None and len(table.lines) > look.limit:
        yield f"and {len(table.lines) - look.limit} more"
    for note in table.notes:
        yield from wrap(visible(note), look.width, first="Note: ", rest="  ")


def fitted(table: Table, rows: Sequence[Sequence[str]], room: int | None) -> list[int]:
    """The cells of each column: what its texts need, the widest that may be cut losing what is too much.

    Where that does not suffice, spare columns are left out, the last first: they have no cells.
    """
    widths = [max([width(column.title), *(width(row[at]) for row in rows)]) for at, column in enumerate(table.columns)]
    if room is None:
        return widths
    least = [min(column.least or wide, wide) for column, wide in zip(table.columns, widths, strict=True)]
    for at in reversed(range(len(widths))):
        if table.columns[at].spare and _together(least) > room:
            least[at] = widths[at] = 0
    while _together(widths) > room:
        spare = [at for at, column in enumerate(table.columns) if column.least and widths[at] > column.least]
        if not spare:
            break
        widths[max(spare, key=lambda at: widths[at])] -= 1
    return widths


def _together(widths: Sequence[int]) -> int:
    """The cells of columns beside each other, two blanks between them."""
    shown = [wide for wide in widths if wide]
    return sum(shown) + 2 * (len(shown) - 1)
