"""The library: `scan` a dump from a notebook or a script.

    from diag.api import scan

    report = scan(["cluster.json", "logs.json"])
    for cause in report.causes:
        print(cause.severity, cause.name, cause.root, cause.summary)
    report.to_dict()   # the document that `diag scan -o json` prints

No clock, no network and no randomness: the same files give the same report.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from diag import __version__
from diag.catalog.registry import load as load_rules
from diag.causes.examine import Choice, Examination
from diag.causes.examine import examine as examined
from diag.causes.ignore import Ignore
from diag.document import Report, ToolRow
from diag.errors import SnapshotError, UsageError
from diag.facts.quantity import milli
from diag.snapshot.clusters import assign
from diag.snapshot.load import load
from diag.snapshot.snapshot import Snapshot
from diag.snapshot.sources import Limits, Part, read
from diag.trouble.room.asks import Ask
from diag.views.contents import Contents, cluster_contents
from diag.views.fit import Fit
from diag.views.fitting import find_template, try_fit
from diag.vocab.accelerators import NVIDIA_GPU

__all__ = ["Contents", "Examination", "Fit", "Ignore", "Limits", "Report", "contents", "examine", "fit", "scan"]


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
    choice = Choice(
        namespaces=namespaces, selector=selector, since_s=since_s, select=select, ignore=ignore, ignores=ignores
    )
    return examined(snapshots, choice, say)


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


def contents(
    paths: Sequence[str | Path],
    *,
    now: str | None = None,
    stdin: BinaryIO | None = None,
    limits: Limits | None = None,
    progress: Callable[[str], None] | None = None,
) -> Contents:
    """What the paths hold, how complete it is, and what a diagnosis on it cannot see; nothing is diagnosed.

    Raises SnapshotError when nothing can be read, UsageError when the paths contradict each other.
    """
    say = progress or (lambda _: None)
    parts = _read(paths, stdin=stdin, limits=limits, say=say)
    registry = load_rules()
    by_cluster = assign(parts)
    rows = [cluster_contents(snap, by_cluster[snap.cluster], registry) for snap in _indexed(parts, paths, now, say)]
    return Contents(tool=ToolRow(name="diag", version=__version__), clusters=rows)


def _loaded(
    paths: Sequence[str | Path],
    *,
    now: str | None,
    stdin: BinaryIO | None,
    limits: Limits | None,
    say: Callable[[str], None],
) -> list[Snapshot]:
    """One snapshot for each cluster that the paths hold. Raises SnapshotError where they hold no object at all."""
    return _indexed(_read(paths, stdin=stdin, limits=limits, say=say), paths, now, say)


def _read(
    paths: Sequence[str | Path], *, stdin: BinaryIO | None, limits: Limits | None, say: Callable[[str], None]
) -> list[Part]:
    if not paths:
        raise UsageError("no snapshot to read", hint="name at least one path, as `--from` takes them")
    parts = []
    for path in paths:
        say(f"reading {path}")
        parts += read(str(path), stdin=stdin, limits=limits or Limits())
    return parts


def _indexed(
    parts: Sequence[Part], paths: Sequence[str | Path], now: str | None, say: Callable[[str], None]
) -> list[Snapshot]:
    say("indexing")
    snapshots = load(parts, now=now)
    if not any(table for snap in snapshots for table in snap.tables.values()):
        why = next((f": {gap.what}: {gap.why}" for snap in snapshots for gap in snap.gaps), "")
        raise SnapshotError(
            f"there is no object in {', '.join(map(str, paths))}{why}",
            hint="an empty list says nothing about a cluster; look at what the dump's kubectl printed on stderr",
        )
    return snapshots
