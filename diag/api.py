"""The library: `scan` a dump from a notebook or a script.

    from diag.api import scan

    report = scan(["cluster.json", "logs.json"])
    for cause in report.causes:
        print(cause.severity, cause.name, cause.root, cause.summary)
    report.to_dict()   # the document that `diag scan -o json` prints

No clock, no network and no randomness: the same files give the same report.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

from diag.catalog.registry import Registry, infos
from diag.catalog.registry import load as load_rules
from diag.catalog.run import selects
from diag.causes.assess import Assessed
from diag.causes.diagnose import diagnose
from diag.causes.ignore import Ignore, ignorer
from diag.causes.report import make_report
from diag.causes.rows import ref_row
from diag.causes.selection import Selection
from diag.document import RefRow, Report
from diag.errors import SnapshotError, UsageError
from diag.facts.quantity import milli
from diag.snapshot.load import load
from diag.snapshot.snapshot import Snapshot
from diag.snapshot.sources import Limits, read
from diag.trouble.room.asks import Ask
from diag.views.fit import Fit
from diag.views.fitting import find_template, try_fit
from diag.vocab.accelerators import NVIDIA_GPU

__all__ = ["Examination", "Fit", "Ignore", "Limits", "Report", "examine", "fit", "scan"]


def scan(  # noqa: PLR0913  one keyword for each choice of the command line
    paths: Sequence[str | Path],
    *,
    now: str | None = None,
    stdin: BinaryIO | None = None,
    namespaces: Sequence[str] = (),
    selector: str | None = None,
    since_s: float | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    ignores: Sequence[Ignore] = (),
    limits: Limits | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Diagnose the clusters that the paths hold.

    Paths are as `--from` takes them: files, folders, `-` for `stdin`, `NAME=PATH` to name a cluster. `now` (RFC 3339)
    overrides the time of the snapshot. `namespaces` (globs), `selector` and `since_s` (seconds) choose which troubles
    are shown, never what arithmetic sees. `select` and `ignore` are globs of rule ids or names; `ignores` come from a
    configuration. Raises SnapshotError when nothing can be read, UsageError when the paths or choices contradict each
    other, or `select` means no rule.
    """
    return examine(
        paths, now=now, stdin=stdin, namespaces=namespaces, selector=selector, since_s=since_s, select=select,
        ignore=ignore, ignores=ignores, limits=limits, progress=progress,
    ).report  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A report together with what it was made of.

    `hidden` counts the causes that the choice of namespaces, labels or time keeps out of the report. `put_aside` holds,
    for each row of `report.ignored`, every object that the ignored cause reaches.
    """

    report: Report
    snapshots: tuple[Snapshot, ...]
    hidden: int = 0
    put_aside: tuple[tuple[RefRow, ...], ...] = ()

    def known(self) -> Iterator[RefRow]:
        """Every object that was read, whether anything is wrong with it or not."""
        for snap in self.snapshots:
            for table in snap.tables.values():
                for item in table.values():
                    yield ref_row(item.ref)


def examine(  # noqa: PLR0913  one keyword for each choice of the command line
    paths: Sequence[str | Path],
    *,
    now: str | None = None,
    stdin: BinaryIO | None = None,
    namespaces: Sequence[str] = (),
    selector: str | None = None,
    since_s: float | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    ignores: Sequence[Ignore] = (),
    limits: Limits | None = None,
    progress: Callable[[str], None] | None = None,
) -> Examination:
    """Like `scan`, and keep what was read at hand: to tell a healthy object from one that is not there."""
    say = progress or (lambda _: None)
    snapshots = _loaded(paths, now=now, stdin=stdin, limits=limits, say=say)
    registry = load_rules()
    _check_select(select, registry)

    def wanted(rule: str, name: str) -> bool:
        return not select or selects([*select], rule, name)

    diagnoses = []
    for snap in snapshots:
        say(f"diagnosing {snap.cluster}")
        diagnoses.append(diagnose(snap, registry, wanted))
    selection = Selection(
        namespaces=_expanded(namespaces, snapshots), selector=selector, since_s=since_s, snapshots=tuple(snapshots)
    )
    ignored = ignorer(snapshots, flags=tuple(ignore), config=tuple(ignores))
    put_aside: list[tuple[RefRow, ...]] = []

    def noted(cause: Assessed) -> tuple[str, str, str | None] | None:
        reason = ignored(cause)
        if reason is not None:
            put_aside.append(_reached(cause))
        return reason

    report = make_report(diagnoses, registry, shown=selection.shows, ignored=noted)
    causes = [cause for diagnosis in diagnoses for cause in diagnosis.causes]
    hidden = sum(not selection.shows(cause) and ignored(cause) is None for cause in causes)
    return Examination(report=report, snapshots=tuple(snapshots), hidden=hidden, put_aside=tuple(put_aside))


def _check_select(select: Sequence[str], registry: Registry) -> None:
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


def fit(  # noqa: PLR0913  one keyword for each choice of the command line
    paths: Sequence[str | Path],
    *,
    gpus: int | None = None,
    model: str | None = None,
    resource: str = NVIDIA_GPU,
    cpu: str | None = None,
    memory: str | None = None,
    pods: int = 1,
    node_selector: Mapping[str, str] | None = None,
    tolerations: Sequence[Mapping[str, str]] = (),
    like: str | None = None,
    now: str | None = None,
    stdin: BinaryIO | None = None,
    limits: Limits | None = None,
    progress: Callable[[str], None] | None = None,
) -> Fit:
    """Whether `pods` pods would find nodes now, where, why not elsewhere, and what would have to move.

    One pod asks for `gpus` of `resource` (of a `model`, in any spelling), `cpu` and `memory` (quantities), or for what
    the pod or controller `like` ("deploy/ns/name") asks for; then the others replace or add. Tolerations are as in a
    pod. Nothing is changed anywhere. Raises SnapshotError when no nodes can be read, UsageError when nothing or
    nonsense is asked for.
    """
    if like is None and gpus is None and cpu is None and memory is None:
        raise UsageError("nothing is asked for", hint="say --gpus N, --cpu, --memory, or --like KIND/NS/NAME")
    for name, written in (("cpu", cpu), ("memory", memory)):
        if written is not None and (milli(written) is None or written.startswith("-")):
            raise UsageError(f"{written!r} is no amount of {name}", hint="write 8, 500m or 64Gi")
    ask = Ask(
        gpus=gpus, resource=resource, cpu=cpu, memory=memory, model=model, node_selector=node_selector or {},
        tolerations=tolerations,
    )  # fmt: skip
    say = progress or (lambda _: None)
    snapshots = _loaded(paths, now=now, stdin=stdin, limits=limits, say=say)
    say("placing")
    template = find_template(snapshots, like) if like else None
    return try_fit(snapshots, ask, pods=pods, like=template)


def _loaded(
    paths: Sequence[str | Path],
    *,
    now: str | None,
    stdin: BinaryIO | None,
    limits: Limits | None,
    say: Callable[[str], None],
) -> list[Snapshot]:
    """One snapshot for each cluster that the paths hold. Raises SnapshotError where they hold no object at all."""
    if not paths:
        raise UsageError("no snapshot to read", hint="name at least one path, as `--from` takes them")
    parts = []
    for path in paths:
        say(f"reading {path}")
        parts += read(str(path), stdin=stdin, limits=limits or Limits())
    say("indexing")
    snapshots = load(parts, now=now)
    if not any(table for snap in snapshots for table in snap.tables.values()):
        why = next((f": {gap.what}: {gap.why}" for snap in snapshots for gap in snap.gaps), "")
        raise SnapshotError(
            f"there is no object in {', '.join(map(str, paths))}{why}",
            hint="an empty list says nothing about a cluster; look at what the dump's kubectl printed on stderr",
        )
    return snapshots
