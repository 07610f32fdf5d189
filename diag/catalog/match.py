"""Run signature rows over the groups that they explain."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from diag.catalog.beside import cite_beside
from diag.catalog.context import Context
from diag.catalog.signature import On, Signature, Table
from diag.catalog.texts import MAX_LINE, UNREADY, Text, texts
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


class Matcher:
    """Reads each text of each group once, whatever the number of tables."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self._read: dict[tuple[str, On], tuple[list[Text], str]] = {}

    def match(self, table: Table) -> Iterator[tuple[Signature, Finding]]:
        """Every row of a table that recognises something, with its finding."""
        by_symptom = _by_symptom(table)
        for group in self.ctx.groups():
            hits = [hit for row in by_symptom.get(group.symptom, ()) if (hit := self._hit(group, table, row))]
            if table.exclusive:
                hits = sorted(hits, key=lambda hit: hit.place)[:1]  # stable: of one place the first row
            for hit in hits:
                yield hit.row, self._finding(group, hit)

    def _texts(self, group: Group, on: On) -> tuple[list[Text], str]:
        """The texts of a place, and all of them as one, in which a literal is found or missed at once."""
        key = (group.key, on)
        if key not in self._read:
            read = list(texts(self.ctx, group, on))
            self._read[key] = (read, "\n".join(text.text for text in read))
        return self._read[key]

    def _hit(self, group: Group, table: Table, row: Signature) -> Hit | None:
        for place, on in enumerate((row.on, *row.also_on)):
            read, everything = self._texts(group, on)
            if row.literal not in everything:
                continue
            for index, text in enumerate(read):
                words = _compiled(row.pattern).search(text.text[:MAX_LINE]) if _applies(table, row, text) else None
                if words and _second(row, read) and not (_may_hang(table, group, on) and _listened(read, index)):
                    return Hit(place, on, row, text, words)
        return None

    def _finding(self, group: Group, hit: Hit) -> Finding:
        row, text = hit.row, hit.text
        words = {"node": _nodes(group)} | {name: value or "" for name, value in hit.words.groupdict().items()}
        words |= row.words(words) if row.words else {}
        evidence = text.cite()
        further = (*group.evidence, *cite_beside(self.ctx, row.beside, text, self._texts(group, hit.on)[0]))
        summary = _filled(row.summary, words)
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


def _listened(read: list[Text], index: int) -> bool:
    """Whether the server answered after the words at that place."""
    who = read[index].member.ref, read[index].container
    return any(
        LISTENS.search(one.text[:MAX_LINE]) for one in read[index + 1 :] if (one.member.ref, one.container) == who
    )


def _repeated(row: Signature) -> Signature | None:
    """The row as it looks at words that an owner repeats; None where it looks at none, or at what a node holds."""
    places = [on for on in (row.on, *row.also_on) if REPEATED.get(on, set()) & {*row.explains}]
    if not places or row.root == "node":
        return None
    return replace(row, on=places[0], also_on=tuple(places[1:]))


@lru_cache(maxsize=8192)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _applies(table: Table, row: Signature, text: Text) -> bool:
    if row.literal not in text.text:
        return False
    if row.reasons and text.reason not in row.reasons:
        return False
    return table.containers is None or not text.container or bool(table.containers.search(text.container))


def _second(row: Signature, read: list[Text]) -> bool:
    return not row.second or any(_compiled(row.second).search(text.text[:MAX_LINE]) for text in read)


def _filled(template: str, words: dict[str, str]) -> str:
    """The template with the pattern's groups put in; braces that name no group stay as they are."""
    return re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), template)


def _nodes(group: Group) -> str:
    """The nodes of the members by name, the first few."""
    names = sorted({one.spec.node_name for one in group.members if isinstance(one, Pod) and one.spec.node_name})
    return ", ".join(names[:MAX_NODES]) + (f" and {len(names) - MAX_NODES} more" if len(names) > MAX_NODES else "")


def _remedy(remedy: Remedy, words: dict[str, str]) -> Remedy:
    return Remedy(
        text=_filled(remedy.text, words), who=remedy.who, risk=remedy.risk, when=remedy.when,
        command=_filled(remedy.command, words | {"node": words["node"].partition(",")[0]}) if remedy.command else None,
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
