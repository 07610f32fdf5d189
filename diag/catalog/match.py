"""Run signature rows over the groups that they explain."""

import re
from collections.abc import Iterator
from functools import lru_cache

from diag.catalog.context import Context
from diag.catalog.signature import On, Signature, Table
from diag.catalog.texts import Text, texts
from diag.findings import Because, Finding, Ref, Remedy
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group

MAX_LINE = 8_000  # characters of a text that patterns are run on


class Matcher:
    """Reads each text of each group once, whatever the number of tables."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self._read: dict[tuple[str, On], list[Text]] = {}

    def match(self, table: Table) -> Iterator[tuple[Signature, Finding]]:
        """Every row of a table that recognises something, with its finding."""
        by_place = _by_place(table)
        for group in self.ctx.groups():
            for on, rows in sorted(by_place.get(group.symptom, {}).items()):
                read = self._texts(group, on)
                everything = "\n".join(text.text for text in read)
                for row in rows:
                    if row.literal in everything:
                        yield from self._first(group, table, row, read)

    def _texts(self, group: Group, on: On) -> list[Text]:
        key = (group.key, on)
        if key not in self._read:
            self._read[key] = list(texts(self.ctx, group, on))
        return self._read[key]

    def _first(
        self, group: Group, table: Table, row: Signature, read: list[Text]
    ) -> Iterator[tuple[Signature, Finding]]:
        for text in read:
            hit = _compiled(row.pattern).search(text.text[:MAX_LINE]) if _applies(table, row, text) else None
            if hit and _second(row, read):
                yield row, _finding(self.ctx, group, row, text, hit)
                return


def _by_place(table: Table) -> dict[str, dict[On, list[Signature]]]:
    found: dict[str, dict[On, list[Signature]]] = {}
    for row in table.rows:
        for symptom in row.explains:
            found.setdefault(symptom, {}).setdefault(row.on, []).append(row)
    return found


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


def _finding(ctx: Context, group: Group, row: Signature, text: Text, hit: re.Match[str]) -> Finding:
    words = {name: value or "" for name, value in hit.groupdict().items()}
    evidence = text.cite()
    return Finding(
        subject=_root(ctx, group, row, text),
        summary=_filled(row.summary, words),
        evidence=(evidence, *(piece for piece in group.evidence if piece != evidence)),
        accounts_for=(Because(group, why=_filled(row.summary, words), evidence=(evidence,)),),
        severity=min((row.severity, group.severity), key=lambda one: one.weight),
        since=group.since,
        remedies=tuple(_remedy(remedy, words) for remedy in row.remedies),
    )


def _filled(template: str, words: dict[str, str]) -> str:
    """The template with the pattern's groups put in; braces that name no group stay as they are."""
    return re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), template)


def _remedy(remedy: Remedy, words: dict[str, str]) -> Remedy:
    return Remedy(
        text=_filled(remedy.text, words), who=remedy.who, risk=remedy.risk, when=remedy.when,
        command=_filled(remedy.command, words) if remedy.command else None,
    )  # fmt: skip


def _root(ctx: Context, group: Group, row: Signature, text: Text) -> Ref:
    match row.root:
        case "member":
            return text.member.ref
        case "node":
            node = ctx.snap.node(text.member.spec.node_name) if isinstance(text.member, Pod) else None
            return node.ref if node is not None else group.workload
        case "owner":
            owner = ctx.snap.owner_of(text.member)
            return owner.ref if owner is not None else group.workload
    return group.workload
