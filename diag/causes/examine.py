"""From loaded snapshots to a report: diagnose each, read the logs that were wanted, and diagnose again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

from diag.catalog.registry import Registry, infos
from diag.catalog.registry import load as load_rules
from diag.catalog.run import selects
from diag.causes.assess import Assessed
from diag.causes.diagnose import diagnose
from diag.causes.ignore import Ignore, ignorer
from diag.causes.report import make_report
from diag.causes.rows import ref_row
from diag.causes.selection import Selection
from diag.causes.wanted import MAX_LOGS, with_logs
from diag.document import RefRow, Report
from diag.errors import UsageError
from diag.snapshot.snapshot import Snapshot
from diag.trouble.trouble import Trouble

ROUNDS = 3  # what a log says may make another worth reading; two rounds have sufficed so far


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which troubles to show, and which rules to ask: as the keywords of `diag.api.scan`."""

    namespaces: Sequence[str] = ()
    selector: str | None = None
    since_s: float | None = None
    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    ignores: Sequence[Ignore] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A report together with what it was made of.

    `hidden` counts the causes that the choice of namespaces, labels or time keeps out of the report. `put_aside` holds,
    for each row of `report.ignored`, every object that the ignored cause reaches. `troubles` keep what was
    worked out of each snapshot on the way.
    """

    report: Report
    snapshots: tuple[Snapshot, ...]
    troubles: tuple[Trouble, ...]
    hidden: int = 0
    put_aside: tuple[tuple[RefRow, ...], ...] = ()

    def known(self) -> Iterator[RefRow]:
        """Every object that was read, whether anything is wrong with it or not."""
        for snap in self.snapshots:
            for table in snap.tables.values():
                for item in table.values():
                    yield ref_row(item.ref)


def examine(snapshots: Sequence[Snapshot], choice: Choice, say: Callable[[str], None]) -> Examination:
    """Diagnose clusters; where their sources offer logs that a rule asked for, read those and diagnose once more.

    Raises UsageError where `choice.select` means no rule.
    """
    registry = load_rules()
    check_select(choice.select, registry)
    found = _once(snapshots, choice, registry, say)
    left = MAX_LOGS
    for _ in range(ROUNDS):
        fuller, read = with_logs(found.snapshots, left, say)
        if not read:
            break
        left -= read
        found = _once(fuller, choice, registry, say)
    return found


def _once(snapshots: Sequence[Snapshot], choice: Choice, registry: Registry, say: Callable[[str], None]) -> Examination:
    def wanted(rule: str, name: str) -> bool:
        return not choice.select or selects([*choice.select], rule, name)

    diagnoses = []
    for snap in snapshots:
        say(f"diagnosing {snap.cluster}")
        diagnoses.append(diagnose(snap, registry, wanted))
    selection = Selection(
        namespaces=_expanded(choice.namespaces, snapshots), selector=choice.selector, since_s=choice.since_s,
        snapshots=tuple(snapshots),
    )  # fmt: skip
    ignored = ignorer(snapshots, flags=tuple(choice.ignore), config=tuple(choice.ignores))
    put_aside: list[tuple[RefRow, ...]] = []

    def noted(cause: Assessed) -> tuple[str, str, str | None] | None:
        reason = ignored(cause)
        if reason is not None and selection.shows(cause):
            put_aside.append(_reached(cause))
        return reason

    report = make_report(diagnoses, registry, shown=selection.shows, ignored=noted)
    causes = [cause for diagnosis in diagnoses for cause in diagnosis.causes]
    hidden = sum(not selection.shows(cause) and ignored(cause) is None for cause in causes)
    return Examination(
        report=report, snapshots=tuple(snapshots), troubles=tuple(one.trouble for one in diagnoses), hidden=hidden,
        put_aside=tuple(put_aside),
    )  # fmt: skip


def check_select(select: Sequence[str], registry: Registry) -> None:
    """Raises UsageError for a glob that means no rule: it would look like a clean cluster."""
    if all(any(selects([glob], rule, name) for rule, name in registry.names.items()) for glob in select):
        return
    names = {info.id: info.name for info in infos(registry)}  # with the built-in symptoms, whose pages take time
    for glob in select:
        if not any(selects([glob], rule, name) for rule, name in names.items()):
            words = {word.lower(): word for pair in names.items() for word in pair}
            words |= {rule[:3].lower(): f"{rule[:3]}*" for rule in names}
            near = get_close_matches(glob.lower().rstrip("*"), words, n=1)
            meant = f"did you mean {words[near[0]]}? " if near else ""
            raise UsageError(f"--select {glob} means no rule", hint=f"{meant}`diag rules` lists all")


def _expanded(namespaces: Sequence[str], snapshots: Sequence[Snapshot]) -> tuple[str, ...]:
    """The namespaces that the globs mean; a name that nothing has stays, so that it hides everything."""
    if not any({*"*?["}.intersection(each) for each in namespaces):
        return tuple(namespaces)
    there = {place[0] for snap in snapshots for table in snap.tables.values() for place in table} - {""}
    meant = {name for name in there if any(fnmatchcase(name, glob) for glob in namespaces)}
    return tuple(sorted(meant)) or tuple(namespaces)


def _reached(cause: Assessed) -> tuple[RefRow, ...]:
    """Every object that a cause concerns: its root, what it affects, and what its symptoms are about."""
    refs = [cause.root, *cause.objects, *cause.workloads]
    for node in cause.reached:
        if node.group is not None:
            refs += [node.group.workload, *(member.ref for member in node.group.members)]
        if node.found is not None:
            refs += [node.found.finding.subject, *node.found.finding.members]
    return tuple(map(ref_row, dict.fromkeys(refs)))
