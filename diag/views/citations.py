"""Evidence as numbered citations: the place where it stands, and the words that stand there."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import msgspec

from diag.document import EvidenceRow, LogRow, RefRow
from diag.views.wording import named

QUOTE_CHARS = 300
_REPEATED_CHARS = 60
FREE = "free "  # how the name of a count begins that is what a node offers without what its pods ask for
ROOM = "room on node "  # and of one that shows that a node would take a pod: `room on node n2: …`
_OFFERED = "status.allocatable"
_ALONE = " alone: no pod was seen there that asks for any of it"
_DIGITS = 16  # of a count; more is an id
_TELLING = re.compile(r"[A-Za-z0-9][\w./:=-]{2,}|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One numbered piece. `value` is quoted text, empty for an absence, which `place` states in full."""

    number: int
    evidence: str  # its id in the report
    place: str
    value: str
    parts: tuple[int, ...] = ()  # numbers of the citations that it was computed from
    more: str = ""  # parts beyond those: how many, and for numbers what they add


@dataclass(slots=True)
class Citations:
    """Numbers evidence in the order in which it is first cited.

    `telling` are the words that matter here (the summary): a value of more than `chars` is cut around them.
    """

    evidence: dict[str, EvidenceRow]
    with_cluster: bool = False
    telling: str = ""
    chars: int = QUOTE_CHARS
    _numbers: dict[str, int] = field(default_factory=dict)

    def cite(self, ids: Iterable[str], most: int = 4) -> tuple[int, ...]:
        """The numbers of these pieces; unknown ids and those beyond `most` are left out."""
        known = [each for each in dict.fromkeys(ids) if each in self.evidence][:most]
        return tuple(self._numbers.setdefault(each, len(self._numbers) + 1) for each in known)

    def rows(self) -> tuple[Citation, ...]:
        """All that was cited, in order; the parts of computed pieces follow. A long value is quoted once."""
        rows: list[Citation] = []
        quoted_at: dict[str, int] = {}
        while len(rows) < len(self._numbers):
            each = list(self._numbers)[len(rows)]
            row = self._row(self.evidence[each], len(rows) + 1)
            first = quoted_at.setdefault(row.value, row.number)
            if first != row.number and len(row.value) > _REPEATED_CHARS:
                row = replace(row, value=f"the same as in [{first}]")
            rows.append(row)
        return tuple(rows)

    def _row(self, row: EvidenceRow, number: int) -> Citation:
        parts = self.cite(row.from_) if isinstance(row.from_, list) else ()
        return Citation(
            number=number,
            evidence=row.id,
            place=self._place(row),
            value="" if isinstance(row.value, msgspec.UnsetType) else quoted(row.value, self.telling, self.chars),
            parts=parts,
            more=self._more(row.from_[len(parts) :]) or self._unasked(row) if isinstance(row.from_, list) else "",
        )

    def _unasked(self, row: EvidenceRow) -> str:
        """Of what is free on a node and was counted without any pod: that it rests on what the node offers alone."""
        only = self.evidence.get(row.from_[0]) if isinstance(row.from_, list) and len(row.from_) == 1 else None
        offered = only is not None and isinstance(only.path, str) and only.path.startswith(_OFFERED)
        return _ALONE if offered and isinstance(row.computed, str) and row.computed.startswith(FREE) else ""

    def _more(self, ids: list[str]) -> str:
        """What was not cited of the parts, so that a reader can add them up: ` and 8 more (19 together)`."""
        amounts = [_whole(self.evidence[each].value) for each in ids if each in self.evidence]
        if not amounts:
            return ""
        known = [amount for amount in amounts if amount is not None]
        return f" and {len(amounts)} more" + (f" ({sum(known)} together)" if len(known) == len(amounts) else "")

    def _place(self, row: EvidenceRow) -> str:  # noqa: PLR0911  # a table: one line per kind of evidence
        match row:
            case EvidenceRow(log=LogRow() as log):
                attempt = "previous log" if log.previous else "log"
                return f"{attempt} of {self._name(log.pod)}, container {log.container}, line {log.line}"
            case EvidenceRow(file=str() as file):
                return f"{file} line {row.line}"
            case EvidenceRow(absent=RefRow() as ref):
                return f"there is no {self._name(ref)}"
            case EvidenceRow(object=RefRow() as ref, absent_path=str() as path):
                return f"{self._name(ref)} has no {path}"
            case EvidenceRow(object=RefRow() as ref, path=str() as path):
                return f"{self._name(ref)} {path}"
            case EvidenceRow(computed=str() as computed):
                return f"counted: {computed}"
            case _:
                return row.id

    def _name(self, ref: RefRow) -> str:
        return named(ref, with_cluster=self.with_cluster)


def _whole(value: object) -> int | None:
    """A count, also as the text of a quantity; None for anything else."""
    if isinstance(value, str) and value.isdecimal() and len(value) < _DIGITS:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def quoted(value: str | float, telling: str = "", chars: int = QUOTE_CHARS) -> str:
    """A value as it stands there, texts in quotation marks; a long one is cut around the words that tell most."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    return f'"{excerpt(value, telling, chars)}"'


def excerpt(text: str, telling: str = "", chars: int = QUOTE_CHARS) -> str:
    """At most `chars` of a text: the stretch that holds the most words of `telling`, the first of several such."""
    if len(text) <= chars:
        return text
    lowered = text.casefold()
    places = sorted(at for word in _words(telling) if (at := lowered.find(word)) >= 0)
    room = chars - 2  # for an ellipsis on each side
    start = 0
    if places:
        # Begin a little before the best word, so that what introduces it stays readable.
        starts = [max(at - 40, 0) for at in places]
        start = max(starts, key=lambda begin: (sum(begin <= at < begin + room - 20 for at in places), -begin))
    start = max(min(start, len(text) - room), 0)
    body = text[start : start + room]
    return f"{'…' if start else ''}{body}{'…' if start + room < len(text) else ''}"


def _words(telling: str) -> set[str]:
    return {word.casefold().strip(".:") for word in _TELLING.findall(telling)}
