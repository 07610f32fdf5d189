"""A list of anything as columns and lines: what a text prints, a screen draws, and a filter searches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from diag.document import RefRow
from diag.views.filter import Fields, FilterRow, holds, parse
from diag.views.wording import short_duration

Value = str | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `age` is in seconds; None is an unknown number. `least` are the cells that it keeps, 0: all.

    A `picture` says with marks what other columns say with numbers.
    """

    title: str
    kind: Literal["text", "count", "age"] = "text"
    least: int = 0
    picture: bool = False
    named: str = ""  # what a filter calls it, where that is not the title in small letters

    @property
    def field(self) -> str:
        """What a filter calls it."""
        return self.named or self.title.lower().replace(" ", "_")

    def shown(self, value: Value) -> str:
        """A value as it reads."""
        match self.kind, value:
            case "age", float() | int() as seconds:
                return short_duration(seconds)
            case "age", _:
                return "-"
            case _, None:
                return "?"
            case "count", float() | int() as amount:
                return f"{amount:g}" if amount < 1_000_000 else str(int(amount))  # noqa: PLR2004  %g ends there
        return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing. `key` stays the same from one look to the next; `ref` is the object that it is about."""

    key: str
    values: tuple[Value, ...]
    severity: str = ""
    ref: RefRow | None = None
    causes: tuple[str, ...] = ()
    also: tuple[str, ...] = ()  # found by a filter, and not shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Lines in their natural order, what to say above them (`title`), below them, and where there are none."""

    columns: tuple[Column, ...]
    lines: Sequence[Line]
    title: str = ""
    notes: tuple[str, ...] = ()
    empty: str = "Nothing to show."


def filtered(table: Table, text: str) -> Table:
    """The table with the lines for which every term holds. Raises UsageError as `diag.views.filter` does."""
    terms = parse(text, fields_of(table))
    if not terms:
        return table
    row = row_of(table)
    return replace(table, lines=[line for line in table.lines if holds(row(line), terms)])


def fields_of(table: Table) -> Fields:
    """What a filter can ask for."""
    texts = tuple(column.field for column in table.columns if column.kind == "text")
    severities = any(line.severity for line in table.lines) and "sev" not in texts
    return Fields(
        texts=(*texts, *(("sev",) if severities else ()), "ns", "kind", "obj"),
        numbers=tuple(column.field for column in table.columns if column.kind != "text"),
    )


def row_of(table: Table) -> Callable[[Line], FilterRow]:
    """How a filter sees a line."""

    def row(line: Line) -> FilterRow:
        ref = line.ref
        found: dict[str, tuple[str, ...] | float | None] = {
            "sev": (line.severity,) if line.severity else (),
            "ns": (ref.namespace,) if ref and ref.namespace else (),
            "kind": (ref.kind,) if ref else (),
            "obj": (str(ref), ref.name, f"{ref.namespace}/{ref.name}") if ref else (),
            "also": line.also,
        }
        for column, value in zip(table.columns, line.values, strict=True):
            if column.kind == "text":
                found[column.field] = (str(value),)
            else:
                found[column.field] = float(value) if isinstance(value, int | float) else None
        return found

    return row


def ordered(lines: Sequence[Line], at: int, *, backwards: bool) -> list[Line]:
    """The lines by one column; what is unknown stands last either way."""
    known = [line for line in lines if line.values[at] is not None]
    unknown = [line for line in lines if line.values[at] is None]
    return sorted(known, key=lambda line: _order(line.values[at]), reverse=backwards) + unknown


def _order(value: Value) -> tuple[float, str]:
    return (0.0, value.casefold()) if isinstance(value, str) else (float(value or 0), "")
