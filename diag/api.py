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
from pathlib import Path
from typing import BinaryIO

from diag.catalog.registry import load as load_rules
from diag.catalog.run import selects
from diag.causes.diagnose import diagnose
from diag.causes.ignore import Ignore, ignorer
from diag.causes.report import make_report
from diag.causes.rows import ref_row
from diag.causes.selection import Selection
from diag.document import RefRow, Report
from diag.errors import UsageError
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
    overrides the time of the snapshot. `namespaces`, `selector` and `since_s` (seconds) choose which troubles are
    shown, never what arithmetic sees. `select` and `ignore` are globs of rule ids or names; `ignores` come from a
    configuration. Raises SnapshotError when nothing can be read, UsageError when the paths or choices contradict each
    other.
    """
    return examine(
        paths, now=now, stdin=stdin, namespaces=namespaces, selector=selector, since_s=since_s, select=select,
        ignore=ignore, ignores=ignores, limits=limits, progress=progress,
    ).report  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A report together with what it was made of."""

    report: Report
    snapshots: tuple[Snapshot, ...]

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

    def wanted(rule: str, name: str) -> bool:
        return not select or selects([*select], rule, name)

    diagnoses = []
    for snap in snapshots:
        say(f"diagnosing {snap.cluster}")
        diagnoses.append(diagnose(snap, registry, wanted))
    selection = Selection(namespaces=tuple(namespaces), selector=selector, since_s=since_s, snapshots=tuple(snapshots))
    report = make_report(
        diagnoses,
        registry,
        shown=selection.shows,
        ignored=ignorer(snapshots, flags=tuple(ignore), config=tuple(ignores)),
    )
    return Examination(report=report, snapshots=tuple(snapshots))


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
    """One snapshot for each cluster that the paths hold."""
    if not paths:
        raise UsageError("no snapshot to read", hint="name at least one path, as `--from` takes them")
    parts = []
    for path in paths:
        say(f"reading {path}")
        parts += read(str(path), stdin=stdin, limits=limits or Limits())
    say("indexing")
    return load(parts, now=now)
