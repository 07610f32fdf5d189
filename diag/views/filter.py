"""The filter language of every list: `gpu sev:error ns:ml-* age>10m -rule:QUO* "no space left" ~lmft`.

Words match any column, upper or lower case; `field:value` a column, with `*`; `field:a,b` either of two; `field>value`
numbers, ages and degrees (`sev>=warning`); `-` turns a term around; `"…"` matches as written, at word borders; `~word`
matches letters in this order. All terms must hold.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase, translate
from operator import ge, gt, le, lt
from typing import Generic, TypeVar

from diag.errors import UsageError
from diag.views.wording import CONFIDENCE

# The columns of a row: texts to match, or a number (None: unknown, which is neither more nor less than anything).
Cell = tuple[str, ...] | float | None
FilterRow = Mapping[str, Cell]
Term = Callable[[FilterRow], bool]
Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What rows of one kind can be asked for."""

    texts: tuple[str, ...]
    numbers: tuple[str, ...] = ()


_ALIASES = {"severity": "sev", "namespace": "ns", "cause": "name", "gpu": "gpus", "object": "obj"}
CAUSES = Fields(
    texts=(
        "sev", "ns", "rule", "name", "kind", "root", "obj", "confidence", "cluster", "id", "summary", "fingerprint",
    ),
    numbers=("gpus", "waited", "lost", "age", "pods", "workloads"),
)  # fmt: skip
# Texts with an order, the least first: the words of the report, and those that are shown for them.
_DEGREES = {"sev": ("info", "warning", "error"), "confidence": ("possible", "likely", "certain")}
_SHOWN_AS = {"confidence": {shown: word for word, shown in CONFIDENCE.items()}}
_COMPARE: dict[str, Callable[[float, float], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt}
# One term: an optional minus, then a quoted text or anything without blanks (its own quoted part included).
_SPLIT = re.compile(r'-?"[^"]*"|(?:[^\s"]|"[^"]*")+')
_FIELD = re.compile(r"([A-Za-z_]+)(>=|<=|[:<>])(.*)", re.DOTALL)
_PATTERN = re.compile(r"[*?]|\[.*")  # where a glob is not literal
_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhdw]?)")
_UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse(text: str, fields: Fields = CAUSES) -> list[Term]:
    """The terms of one text; raises UsageError for a field that does not exist."""
    return [term(piece, fields) for piece in _SPLIT.findall(text)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """A text in the parts that a search looks at one after another, quickest first; all of them must hold."""

    words: list[str]  # in small letters, as are those that must not be there
    without: list[str]
    others: list[str]


def pieces(text: str) -> Pieces:
    """The parts of one text."""
    found = Pieces(words=[], without=[], others=[])
    for piece in _SPLIT.findall(text):
        turned = len(piece) > 1 and piece.startswith("-")
        bare = piece[1:] if turned else piece
        if bare.startswith('"') or (len(bare) > 1 and bare[0] in "-~") or _FIELD.fullmatch(bare):
            found.others.append(piece)
        else:
            (found.without if turned else found.words).append(bare.casefold())
    return found


def literal(piece: str, fields: Fields) -> str:
    """A part, in small letters, of every text that a term finds; empty where it may find texts without it.

    To look for it first is quicker than to match a pattern with all texts of all lines.
    """
    if piece.startswith('"'):
        return piece.strip('"').casefold()
    field = _FIELD.fullmatch(piece)
    if piece.startswith("-") or not field or field[2] != ":" or "," in field[3]:
        return ""
    name = field[1].lower() if field[1].lower() in fields.texts else _ALIASES.get(field[1].lower(), "")
    if name not in fields.texts or name in _DEGREES:
        return ""
    return max(_PATTERN.split(field[3].strip('"')), key=len).casefold()


class LazyRow(Mapping[str, Cell], Generic[Thing]):
    """A row whose columns are made when they are asked for."""

    __slots__ = ("_columns", "_thing")

    def __init__(self, columns: Mapping[str, Callable[[Thing], Cell]], thing: Thing) -> None:
        self._columns, self._thing = columns, thing

    def __getitem__(self, field: str) -> Cell:
        """One column."""
        return self._columns[field](self._thing)

    def __iter__(self) -> Iterator[str]:
        """The names of all columns."""
        return iter(self._columns)

    def __len__(self) -> int:
        """How many columns there are."""
        return len(self._columns)


def holds(row: FilterRow, terms: Sequence[Term]) -> bool:
    """Whether every term holds for a row."""
    return all(each(row) for each in terms)


def term(piece: str, fields: Fields = CAUSES) -> Term:
    """One term, as a test of a row. A piece with blanks is one text to find."""
    if len(piece) > 1 and piece.startswith("-"):
        wanted = term(piece[1:], fields)
        return lambda row: not wanted(row)
    if piece.startswith('"'):
        # At word borders, so that gpu-1 does not find gpu-10.
        exact = re.compile(rf"(?<![\w-]){re.escape(piece.strip(chr(34)))}(?![\w-])")
        return lambda row: any(exact.search(text) for text in texts_of(row))
    if len(piece) > 1 and piece.startswith("~"):
        letters = re.compile(".*?".join(map(re.escape, piece[1:])), re.IGNORECASE | re.DOTALL)
        return lambda row: any(letters.search(text) for text in texts_of(row))
    if (field := _FIELD.fullmatch(piece)) and " " not in field[1]:
        return _field_term(field[1].lower(), field[2], field[3].strip('"'), fields)
    word = piece.casefold()
    return lambda row: any(word in text.casefold() for text in texts_of(row))


def texts_of(row: FilterRow) -> Iterable[str]:
    """All texts of a row, in which a plain word is looked for."""
    return (text for column in row.values() if isinstance(column, tuple) for text in column)


def _field_term(written: str, operator: str, value: str, fields: Fields) -> Term:
    aliased = _ALIASES.get(written, written)
    field = written if written in (*fields.texts, *fields.numbers) else aliased
    if field in _DEGREES and field in fields.texts:
        return _degree_term(field, operator, value)
    if field in fields.texts and operator == ":":
        return _text_term(field, value)
    if field in fields.numbers:
        limit = _number(value, field)
        if operator == ":":
            return lambda row: row[field] == limit
        compare = _COMPARE[operator]
        return lambda row: isinstance(have := row[field], float) and compare(have, limit)
    if field in fields.texts:
        raise UsageError(f"the field {written!r} of the filter is a text", hint=f"write {written}:{value}")
    there = (*fields.texts, *fields.numbers)
    near = get_close_matches(field, (*there, *(alias for alias, name in _ALIASES.items() if name in there)), n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    known = ", ".join(there)
    raise UsageError(
        f"the filter knows no field {written!r}",
        hint=f'{meant}Fields: {known}. To find the text itself, quote it: "{written}{operator}{value}"',
    )


def _text_term(field: str, value: str) -> Term:
    # A sentence may hold a comma. An empty pattern (`ns:`) finds what has no such value.
    globs = [value] if field == "summary" else [each for each in value.split(",") if each] or [""]
    patterns = [re.compile(translate(glob), re.IGNORECASE) for glob in globs]
    return lambda row: (
        any(pattern.match(text) for text in _column(row, field) for pattern in patterns)
        or not (value or _column(row, field))
    )


def _degree_term(field: str, operator: str, value: str) -> Term:
    """`sev:error,warning`, `sev:ERR*`, `confidence>=probably`. Raises UsageError for a degree that does not exist."""
    degrees, shown_as = _DEGREES[field], _SHOWN_AS.get(field, {})
    wanted: set[str] = set()
    for glob in (each for each in value.lower().split(",") if each):
        meant = {word for word in degrees if fnmatchcase(word, glob)}
        meant |= {word for shown, word in shown_as.items() if fnmatchcase(shown, glob)}
        if not meant or (operator != ":" and glob not in (*degrees, *shown_as)):
            raise _no_degree(field, glob)
        wanted |= meant
    if not wanted:
        raise _no_degree(field, value)
    if operator != ":":
        compare, limit = _COMPARE[operator], max(map(degrees.index, wanted))
        wanted = {word for at, word in enumerate(degrees) if compare(at, limit)}
    return lambda row: any(text in wanted for text in _column(row, field))


def _no_degree(field: str, value: str) -> UsageError:
    words = [
        "|".join((word, *(shown for shown, meant in _SHOWN_AS.get(field, {}).items() if meant == word != shown)))
        for word in reversed(_DEGREES[field])
    ]
    near = get_close_matches(value, [each for word in words for each in word.split("|")], n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    long = next((alias for alias, short in _ALIASES.items() if short == field), field)
    return UsageError(f"there is no {long} {value!r}", hint=f"{meant}{field}: takes {', '.join(words)}")


def _column(row: FilterRow, field: str) -> tuple[str, ...]:
    column = row[field]
    return column if isinstance(column, tuple) else ()


def _number(value: str, field: str) -> float:
    found = _AGE.fullmatch(value)
    if not found or (found[2] and field != "age"):
        raise UsageError(f"the filter cannot compare {field} with {value!r}", hint="write gpus>4 or age>10m")
    return float(found[1]) * _UNIT_S[found[2]]
