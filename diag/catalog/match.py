"""Run signature rows over the groups that they explain."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from diag.catalog.beside import cite_beside
from diag.catalog.context import Context
from diag.catalog.signature import Found, On, Signature, Table, filled
from diag.catalog.texts import MAX_LINE, UNREADY, Log, Text, pieces
from diag.facts.masking import mask
from diag.findings import Because, Finding, Ref, Remedy
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.vocab import engines

MAX_NODES = 3  # that a summary names
CRASHES = "container-crashing"
LISTENS = re.compile("|".join((*map(re.escape, engines.LISTENS), engines.LISTENS_EXACTLY.pattern)))
# Whose members may repeat in their status what a container said (diag/catalog/relayed.py), by the place of the words.
REPEATS = "custom-resource-not-ready"
REPEATED = {
    On.LOG: {"container-crashing", "pod-failed"},
    On.ENDED: {"container-crashing", "pod-failed"},
    On.WAITING: {"container-not-started"},
}


class Hit(NamedTuple):
    """A row that recognised a text: at which of its places (the first is 0), and with which words."""

    place: int
    on: On
    row: Signature
    text: Text
    words: re.Match[str]


class Said:
    """What was said at one place of a group: short texts, and whole logs."""

    def __init__(self, found: Iterable[Text | Log]) -> None:
        self._pieces = list(found)
        # In which a literal is found or missed at once.
        self._short = "\n".join(piece.text for piece in self._pieces if isinstance(piece, Text))

    def __iter__(self) -> Iterator[Text]:
        for piece in self._pieces:
            if isinstance(piece, Log):
                yield from piece.lines()
            else:
                yield piece

    def behind(self, place: tuple[int, int]) -> Iterator[Text]:
        """The texts behind a place of `holding`."""
        number, line = place
        for piece in self._pieces[number:]:
            if isinstance(piece, Log):
                yield from islice(piece.lines(), line, None)
            elif piece is not self._pieces[number]:
                yield piece
            line = 0

    def holding(self, row: Signature, containers: re.Pattern[str] | None) -> Iterator[tuple[tuple[int, int], Text]]:
        """The texts that hold the literal of a row, of containers that its table is about, each with its place."""
        short = row.literal in self._short
        for number, piece in enumerate(self._pieces):
            if not (short or isinstance(piece, Log)) or not _speaks(piece.container, containers):
                continue
            if isinstance(piece, Log):
                if not row.reasons or "" in row.reasons:
                    yield from (((number, line), text) for line, text in piece.holding(row.literal))
            elif row.literal in piece.text and (not row.reasons or piece.reason in row.reasons):
                yield (number, 0), piece


class Matcher:
    """Reads each text of each group once, whatever the number of tables."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self._read: dict[tuple[str, On], Said] = {}

    def match(self, table: Table) -> Iterator[tuple[Signature, Finding]]:
        """Every row of a table that recognises something, with its finding."""
        by_symptom = _by_symptom(table)
        for group in self.ctx.groups():
            hits = [hit for row in by_symptom.get(group.symptom, ()) if (hit := self._hit(group, table, row))]
            if table.exclusive:
                hits = sorted(hits, key=lambda hit: hit.place)[:1]  # stable: of one place the first row
            for hit in hits:
                yield hit.row, self._finding(group, hit)

    def _said(self, group: Group, on: On) -> Said:
        key = (group.key, on)
        if key not in self._read:
            self._read[key] = Said(pieces(self.ctx, group, on))
        return self._read[key]

    def _hit(self, group: Group, table: Table, row: Signature) -> Hit | None:
        for place, on in enumerate((row.on, *row.also_on)):
            said = self._said(group, on)
            for place_in_it, text in said.holding(row, table.containers):
                words = _compiled(row.pattern).search(text.text[:MAX_LINE])
                if (
                    words
                    and _second(row, said)
                    and not (_may_hang(table, group, on) and _listened(text, said.behind(place_in_it)))
                ):
                    return Hit(place, on, row, text, words)
        return None

    def _finding(self, group: Group, hit: Hit) -> Finding:
        row, text = hit.row, hit.text
        words = {"node": _nodes(group)} | {name: mask(value or "") for name, value in hit.words.groupdict().items()}
        words |= row.words(words) if row.words else {}
        looked = row.look.at(self.ctx, text, words) if row.look else Found()
        words |= looked.words
        evidence = text.cite()
        beside = cite_beside(self.ctx, row.beside, text, self._said(group, hit.on))
        further = (*looked.evidence, *group.evidence, *beside)
        summary = filled(row.summary, words)
        return Finding(
            subject=_root(self.ctx, group, row, text),
            summary=summary,
            evidence=(evidence, *dict.fromkeys(piece for piece in further if piece != evidence)),
            accounts_for=(Because(group, why=summary, evidence=(evidence,)),),
            severity=min((row.severity, group.severity), key=lambda one: one.weight),
            since=group.since,
            remedies=tuple(_remedy(remedy, words) for remedy in row.remedies),
        )


def _by_symptom(table: Table) -> dict[str, list[Signature]]:
    found: dict[str, list[Signature]] = {}
    for row in table.rows:
        for symptom in row.explains:
            found.setdefault(symptom, []).append(row)
        if table.hangs and row.on is On.LOG and CRASHES in row.explains and UNREADY not in row.explains:
            found.setdefault(UNREADY, []).append(replace(row, also_on=()))
        if REPEATS not in row.explains and (repeated := _repeated(row)) is not None:
            found.setdefault(REPEATS, []).append(repeated)
    return found


def _may_hang(table: Table, group: Group, on: On) -> bool:
    return table.hangs and on is On.LOG and group.symptom == UNREADY


def _listened(text: Text, later: Iterable[Text]) -> bool:
    """Whether the server answered after these words."""
    who = text.member.ref, text.container
    return any(LISTENS.search(one.text[:MAX_LINE]) for one in later if (one.member.ref, one.container) == who)


def _repeated(row: Signature) -> Signature | None:
    """The row as it looks at words that an owner repeats; None where it looks at none, or at what a node holds."""
    places = [on for on in (row.on, *row.also_on) if REPEATED.get(on, set()) & {*row.explains}]
    if not places or row.root == "node":
        return None
    return replace(row, on=places[0], also_on=tuple(places[1:]))


@lru_cache(maxsize=8192)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _speaks(container: str, containers: re.Pattern[str] | None) -> bool:
    """Whether a table may be about words of a container, or about such that are of none."""
    return containers is None or not container or bool(containers.search(container))


def _second(row: Signature, said: Said) -> bool:
    return not row.second or any(_compiled(row.second).search(text.text[:MAX_LINE]) for text in said)


def _nodes(group: Group) -> str:
    """The nodes of the members by name, the first few."""
    names = sorted({one.spec.node_name for one in group.members if isinstance(one, Pod) and one.spec.node_name})
    return ", ".join(names[:MAX_NODES]) + (f" and {len(names) - MAX_NODES} more" if len(names) > MAX_NODES else "")


def _remedy(remedy: Remedy, words: dict[str, str]) -> Remedy:
    return Remedy(
        text=filled(remedy.text, words), who=remedy.who, risk=remedy.risk, when=remedy.when,
        command=filled(remedy.command, words | {"node": words["node"].partition(",")[0]}) if remedy.command else None,
    )  # fmt: skip


def _root(ctx: Context, group: Group, row: Signature, text: Text) -> Ref:
    match row.root:
        case "member":
            return text.member.ref
        case "node":
            node = ctx.snap.node(text.member.spec.node_name if isinstance(text.member, Pod) else text.member.name)
            return node.ref if node is not None else group.workload
        case "owner":
            owner = ctx.snap.owner_of(text.member)
            return owner.ref if owner is not None else group.workload
    return group.workload
