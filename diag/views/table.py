"""A list of anything as columns and lines: what a text prints, a screen draws, and a filter searches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from diag.document import RefRow
from diag.views.filter import Fields, FilterRow, holds, parse, plain_words, texts_of
from diag.views.wording import short_duration

Value = str | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `age` is in seconds; None is an unknown number. `least` are the cells that it keeps, 0: all.

    A `picture` says with marks what other columns say with numbers. A `spare` one is left out where there is no room.
    """

    title: str
    kind: Literal["text", "count", "age"] = "text"
    least: int = 0
    picture: bool = False
    spare: bool = False
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
    """One thing. `key` stays the same from one look to the next; `ref` is the object that it is about.

    `state`: whether it is new since the look before, or gone and still shown.
    """

    key: str
    values: tuple[Value, ...]
    severity: str = ""
    ref: RefRow | None = None
    causes: tuple[str, ...] = ()
    also: tuple[str, ...] = ()  # found by a filter, and not shown
    state: Literal["", "new", "gone"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Lines in their natural order, what to say above them (`title`), below them, and where there are none."""

    columns: tuple[Column, ...]
    lines: Sequence[Line]
    title: str = ""
    notes: tuple[str, ...] = ()
    empty: str = "Nothing to show."


class Searched:
    """A table that is filtered again and again. What a filter looks at is made once, and only if it is needed.

    `fields` and `rows` (one for each line) are what it looks at where that is more than the table shows.
    """

    def __init__(self, table: Table, *, fields: Fields | None = None, rows: Sequence[FilterRow] | None = None) -> None:
        self.table, self._fields = table, fields
        self._words: list[str] | None = None
        self._rows: Sequence[FilterRow] | None = rows
        self._given = rows

    def filtered(self, text: str) -> Table:
        """The table with the lines for which every term holds. Raises UsageError as `diag.views.filter` does."""
        words = plain_words(text)
        if words is not None:
            return self._with(words) if words else self.table
        terms = parse(text, self._fields or fields_of(self.table))
        if self._rows is None:
            self._rows = list(map(row_of(self.table), self.table.lines))
        found = [line for line, row in zip(self.table.lines, self._rows, strict=True) if holds(row, terms)]
        return replace(self.table, lines=found)

    def prepare(self) -> list[str]:
        """The texts of the lines, made now rather than at the first key."""
        if self._words is None and self._given is not None:
            self._words = ["\n".join(texts_of(row)).casefold() for row in self._given]
        elif self._words is None:
            self._words = [_text_of(self.table, line) for line in self.table.lines]
        return self._words

    def _with(self, words: Sequence[str]) -> Table:
        """Lines that hold all of these words: what is typed most, at the speed of typing."""
        texts = self.prepare()
        # The longest word is the rarest, more often than not; the others look at what it left.
        first, *others = sorted(words, key=len, reverse=True)
        places = [at for at, text in enumerate(texts) if first in text]
        for word in others:
            places = [at for at in places if word in texts[at]]
        lines = self.table.lines
        found = [lines[at] for at in places]
        return replace(self.table, lines=found)


def _text_of(table: Table, line: Line) -> str:
    """All texts of a line in small letters; no word goes over the end of one."""
    texts = [str(value) for column, value in zip(table.columns, line.values, strict=True) if column.kind == "text"]
    texts += line.also
    if line.severity:
        texts.append(line.severity)
    if line.ref is not None:
        texts += (line.ref.kind, str(line.ref), f"{line.ref.namespace}/{line.ref.name}")
    return "\n".join(texts).casefold()


def filtered(table: Table, text: str) -> Table:
    """The table with the lines for which every term holds. Raises UsageError as `diag.views.filter` does."""
    return Searched(table).filtered(text)


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
