"""A list of anything as columns and lines: what a text prints, a screen draws, and a filter searches."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from diag.document import RefRow
from diag.views.filter import Cell, Fields, FilterRow, LazyRow, holds, literal, pieces, term
from diag.views.wording import short_duration

Value = str | float | None
_AT_ONCE = 500  # lines between two questions whether anybody still waits
_DIGITS, _MOST_DIGITS = re.compile("[0-9]+"), 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `age` is in seconds; None is an unknown number. `least` are the cells that it keeps, 0: all.

    A `picture` says with marks what other columns say with numbers. A `spare` one is left out where there is no room.
    A `passing` one holds ids, which mean others in the next report.
    """

    title: str
    kind: Literal["text", "count", "age"] = "text"
    least: int = 0
    picture: bool = False
    spare: bool = False
    passing: bool = False
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

    `fields`, `row` and `words` say what it looks at of a line where that is more than the table shows.
    """

    def __init__(
        self, table: Table, *, fields: Fields | None = None, row: Callable[[Line], FilterRow] | None = None,
        words: Callable[[Line], str] | None = None,
    ) -> None:  # fmt: skip
        self.table, self._fields = table, fields
        self._row = row or row_of(table)
        self._words_of = words or words_of(table)
        self._words: list[str] | None = None

    def filtered(self, text: str, *, is_wanted: Callable[[], bool] = lambda: True) -> Table:
        """The table with the lines for which every term holds. Raises UsageError as `diag.views.filter` does.

        `is_wanted` is asked now and then; once it says no, what is returned is not all.
        """
        asked = pieces(text)
        fields = self._fields or fields_of(self.table)
        terms = [term(piece, fields) for piece in asked.others]
        lines = self.table.lines
        words = [*asked.words, *filter(None, (literal(piece, fields) for piece in asked.others))]
        if words or asked.without:
            lines = [lines[at] for at in self._with(words, asked.without)]
        if terms:
            kept: list[Line] = []
            for first in range(0, len(lines) if is_wanted() else 0, _AT_ONCE):
                kept += [line for line in lines[first : first + _AT_ONCE] if holds(self._row(line), terms)]
                if not is_wanted():
                    break
            lines = kept
        return self.table if lines is self.table.lines else replace(self.table, lines=lines)

    def prepare(self) -> list[str]:
        """The texts of the lines, made now rather than at the first key."""
        if self._words is None:
            self._words = list(map(self._words_of, self.table.lines))
        return self._words

    def _with(self, words: Sequence[str], without: Sequence[str]) -> Sequence[int]:
        """Which lines hold all of these words and none of those: what is typed most, at the speed of typing."""
        texts = self.prepare()
        places: Sequence[int] = range(len(texts))
        # The longest word is the rarest, more often than not; the others look at what it left.
        for word in sorted(words, key=len, reverse=True):
            places = [at for at in places if word in texts[at]]
        for word in without:
            places = [at for at in places if word not in texts[at]]
        return places


def words_of(table: Table) -> Callable[[Line], str]:
    """How a search for words sees a line."""
    return lambda line: _text_of(table, line)


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
    columns: dict[str, Callable[[Line], Cell]] = {
        "sev": lambda line: (line.severity,) if line.severity else (),
        "ns": lambda line: (line.ref.namespace,) if line.ref and line.ref.namespace else (),
        "kind": lambda line: (line.ref.kind,) if line.ref else (),
        "obj": lambda line: _names(line.ref) if line.ref else (),
        "also": lambda line: line.also,
    }
    columns |= {column.field: partial(_cell, column, at) for at, column in enumerate(table.columns)}
    return lambda line: LazyRow(columns, line)


def _cell(column: Column, at: int, line: Line) -> Cell:
    value = line.values[at]
    if column.kind == "text":
        return (str(value),)
    return float(value) if isinstance(value, int | float) else None


def _names(ref: RefRow) -> tuple[str, ...]:
    return (str(ref), ref.name, f"{ref.namespace}/{ref.name}")


def ordered(lines: Sequence[Line], at: int, *, backwards: bool) -> list[Line]:
    """The lines by one column; what is unknown stands last either way."""
    known = [line for line in lines if line.values[at] is not None]
    unknown = [line for line in lines if line.values[at] is None]
    return sorted(known, key=lambda line: _order(line.values[at]), reverse=backwards) + unknown


def _order(value: Value) -> tuple[float, str]:
    """Texts by their letters, but numbers in them by how much they are: n-2 stands before n-10."""
    if not isinstance(value, str):
        return (float(value or 0), "")
    return (0.0, _DIGITS.sub(lambda found: found[0].zfill(_MOST_DIGITS), value.casefold()))
