"""The library: `scan` a dump from a notebook or a script.

    from diag.api import scan

    report = scan(["cluster.json", "logs.json"])
    for cause in report.causes:
        print(cause.severity, cause.name, cause.root, cause.summary)
    report.to_dict()   # the document that `diag scan -o json` prints

No clock, no network and no randomness: the same files give the same report.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal, cast

from diag import __version__
from diag.catalog.inputs import kinds_read
from diag.catalog.registry import load as load_rules
from diag.causes.examine import Choice, Examination
from diag.causes.examine import examine as examined
from diag.causes.ignore import Ignore
from diag.collect.live import Live
from diag.collect.watching import Watch
from diag.compare.compare import difference
from diag.compare.document import Difference
from diag.compare.saved import saved_report
from diag.document import READ_LOGS, Report, ToolRow
from diag.errors import UsageError
from diag.facts.quantity import milli
from diag.findings import Gap
from diag.redact.keys import KeyFile
from diag.redact.snapshot import Redaction
from diag.snapshot.archive.lines import End
from diag.snapshot.archive.logs import stored_keys, stored_logs
from diag.snapshot.archive.write import capture_lines, list_lines, pack_into
from diag.snapshot.clusters import DEFAULT, assign
from diag.snapshot.load import load
from diag.snapshot.nothing import no_object
from diag.snapshot.snapshot import Snapshot
from diag.snapshot.sources import Limits, Part, read
from diag.snapshot.sources.part import LogText, Problem, ProblemWhy
from diag.trouble.room.asks import Ask
from diag.views.contents import Contents, cluster_contents
from diag.views.fit import Fit
from diag.views.fitting import find_template, try_fit
from diag.vocab.accelerators import NVIDIA_GPU

__all__ = [
    "Contents", "Difference", "Examination", "Fit", "Ignore", "Limits", "Live", "Report", "Saved", "capture",
    "contents", "diff", "examine", "fit", "scan",
]  # fmt: skip


def scan(  # noqa: PLR0913  one keyword for each choice of the command line
    paths: Sequence[str | Path] | Live | Watch,
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

    Paths are as `--from` takes them: files, folders, `-` for `stdin`, `NAME=PATH` to name a cluster; or `Live`, for
    clusters that run. `now` (RFC 3339)
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
    paths: Sequence[str | Path] | Live | Watch,
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
    paths: Sequence[str | Path] | Live | Watch,
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
    namespace: str = "",
    queue: str = "",
    now: str | None = None,
    stdin: BinaryIO | None = None,
    limits: Limits | None = None,
    progress: Callable[[str], None] | None = None,
) -> Fit:
    """Whether `pods` pods would find nodes now, where, why not elsewhere, and what would have to move.

    One pod asks for `gpus` of `resource` (of a `model`, in any spelling), `cpu` and `memory` (quantities), or for what
    the pod or controller `like` ("deploy/ns/name") asks for; then the others replace or add. Tolerations are as in a
    pod. `namespace` (or that of `like`) says whose quotas and queues are counted beside the nodes, `queue` which queue
    of Kueue or Volcano. Nothing is changed anywhere. Raises SnapshotError when no nodes can be read, UsageError when
    nothing or nonsense is asked for.
    """
    if like is None and gpus is None and cpu is None and memory is None:
        raise UsageError("nothing is asked for", hint="say --gpus N, --cpu, --memory, or --like KIND/NS/NAME")
    for name, written in (("cpu", cpu), ("memory", memory)):
        if written is not None and (milli(written) is None or written.startswith("-")):
            raise UsageError(f"{written!r} is no amount of {name}", hint="write 8, 500m or 64Gi")
    if queue and not namespace and like is None:
        raise UsageError("a queue is counted with the quotas of a namespace", hint="say -n NAMESPACE as well")
    ask = Ask(
        gpus=gpus, resource=resource, cpu=cpu, memory=memory, model=model, node_selector=node_selector or {},
        tolerations=tolerations, namespace=namespace, queue=queue,
    )  # fmt: skip
    say = progress or (lambda _: None)
    snapshots = _loaded(paths, now=now, stdin=stdin, limits=limits, say=say)
    say("placing")
    template = find_template(snapshots, like) if like else None
    return try_fit(snapshots, ask, pods=pods, like=template)


def contents(
    paths: Sequence[str | Path] | Live | Watch,
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
    rows = [cluster_contents(snap, by_cluster[snap.cluster], registry) for snap in _indexed(parts, now, say)]
    return Contents(tool=ToolRow(name="diag", version=__version__), clusters=rows)


def diff(
    before: str | Path,
    after: str | Path,
    *,
    stdin: BinaryIO | None = None,
    limits: Limits | None = None,
    progress: Callable[[str], None] | None = None,
) -> Difference:
    """What is new, gone and changed from one look to the next, and which objects were changed in between.

    Each is what `--from` takes, or a report (`-o json`), which holds no objects to compare. Raises SnapshotError when
    one of them cannot be read.
    """
    say = progress or (lambda _: None)
    (first, old), (second, new) = (_look(path, stdin, limits, say) for path in (before, after))
    say("comparing")
    return difference(first, second, old, new)


def _look(
    path: str | Path, stdin: BinaryIO | None, limits: Limits | None, say: Callable[[str], None]
) -> tuple[Report, tuple[Snapshot, ...] | None]:
    """A report, and the snapshots that it is of unless the path is a report itself."""
    saved = saved_report(str(path))
    if saved is not None:
        return saved, None
    found = examine([path], stdin=stdin, limits=limits, progress=say)
    return found.report, found.snapshots


class Saved:
    """A capture that was made and is written once: to a file, or as `packed`, the bytes of its frame.

    `objects` and `logs` (Secrets never) count what went into it, once it is written.
    """

    def __init__(self, lines: Iterable[bytes], form: str, held: End, done: Callable[[], None]) -> None:
        self._lines, self._form, self._held, self._done = lines, form, held, done

    @property
    def objects(self) -> int:
        """How many objects were written."""
        return self._held.objects

    @property
    def logs(self) -> int:
        """How many logs were written."""
        return self._held.logs

    def write(self, file: BinaryIO) -> int:
        """Write the frame, and return its size. Logs of an archive are read as they are written, one after another.

        Raises SnapshotError where they cannot be read again, and DiagError where what pseudonyms stand for cannot be
        kept: then the file is not to be used.
        """
        begin = file.tell()
        pack_into(file, self._lines, self._form)
        self._done()
        return file.tell() - begin

    @cached_property
    def packed(self) -> bytes:
        """The frame in memory."""
        frame = BytesIO()
        self.write(frame)
        return frame.getvalue()


def capture(
    paths: Sequence[str | Path] | Live | Watch,
    *,
    form: Literal["gzip", "zstd", "plain", "json"] = "gzip",
    now: str | None = None,
    stdin: BinaryIO | None = None,
    limits: Limits | None = None,
    redact: KeyFile | None = None,
    progress: Callable[[str], None] | None = None,
) -> Saved:
    """One capture of the one cluster that the paths hold: its objects, and the logs that a scan of it would read.

    A scan of the capture gives the report that a scan of the paths gives. `json` is a List of the objects, without
    logs. With `redact`, names become pseudonyms, and what they stand for is kept beside that key. Raises SnapshotError
    when nothing can be read, UsageError when the paths hold several clusters.
    """
    say = progress or (lambda _: None)
    parts = _read(paths, stdin=stdin, limits=limits, say=say)
    snapshots = _indexed(parts, now, say)
    if len(snapshots) > 1:
        names = ", ".join(snap.cluster for snap in snapshots)
        raise UsageError(f"an archive holds one cluster, and here are several: {names}", hint="save each on its own")
    snap = examined(snapshots, Choice(), say).snapshots[0]
    name = None if snap.cluster == DEFAULT else snap.cluster
    uid = snap.identity if snap.identity != snap.cluster else None
    parts = _with_log_problems(parts, snap.gaps)
    logs: list[Iterable[LogText]] = [*map(stored_logs, parts), _fetched(snap, parts)]
    done: Callable[[], None] = _nothing_more
    if redact is not None:
        say("redacting")
        redaction = Redaction(parts, redact.pseudonyms(), cluster=name)
        parts, logs = redaction.parts(parts), [redaction.logs(own) for own in logs]
        name, uid = name and redaction.text(name), uid and redaction.text(uid)
        done = partial(redact.keep, redaction.names)
    say("packing")
    if form == "json":
        listed, held = list_lines(parts)
        return Saved(listed, "plain", held, done)
    held = End(objects=0, logs=0)
    key = redact.id if redact else None
    lines = capture_lines(parts, logs, held=held, cluster=name, cluster_uid=uid, redaction_key=key)
    return Saved(lines, form, held, done)


def _nothing_more() -> None:
    """What is to be done when a clear capture was written."""


def _fetched(snap: Snapshot, parts: Sequence[Part]) -> list[LogText]:
    """The logs that were fetched while a snapshot was examined and that came with no part."""
    held = {key for part in parts for key in stored_keys(part)}
    return [
        LogText(pod=key[0], container=key[1], previous=key[2], text=text)
        for key, text in sorted(snap.logs.texts.items())
        if text and key not in held
    ]


def _with_log_problems(parts: Sequence[Part], gaps: Sequence[Gap]) -> list[Part]:
    """The parts, of which the first tells as well which of the logs that were wanted could not be read."""
    known = {problem.what for part in parts for problem in part.problems}
    problems = [
        Problem(what=gap.what, why=cast("ProblemWhy", gap.why), detail=gap.detail, fix=gap.fix, pods=gap.pods)
        for gap in gaps
        if gap.what.startswith(READ_LOGS) and gap.what not in known  # made of problems, whose reasons these are
    ]
    first, *others = parts
    return [replace(first, problems=[*first.problems, *problems]), *others] if problems else [*parts]


def _loaded(
    paths: Sequence[str | Path] | Live | Watch,
    *,
    now: str | None,
    stdin: BinaryIO | None,
    limits: Limits | None,
    say: Callable[[str], None],
) -> list[Snapshot]:
    """One snapshot for each cluster that the paths hold. Raises SnapshotError where they hold no object at all."""
    return _indexed(_read(paths, stdin=stdin, limits=limits, say=say), now, say)


def _read(
    paths: Sequence[str | Path] | Live | Watch,
    *,
    stdin: BinaryIO | None,
    limits: Limits | None,
    say: Callable[[str], None],
) -> list[Part]:
    if isinstance(paths, Live | Watch):
        return paths.parts(kinds_read(load_rules()), say)
    if not paths:
        raise UsageError("no snapshot to read", hint="name at least one path, as `--from` takes them")
    parts = []
    for path in paths:
        say(f"reading {path}")
        parts += read(str(path), stdin=stdin, limits=limits or Limits())
    return parts


def _indexed(parts: Sequence[Part], now: str | None, say: Callable[[str], None]) -> list[Snapshot]:
    say("indexing")
    snapshots = load(parts, now=now)
    if not any(table for snap in snapshots for table in snap.tables.values()):
        raise no_object(parts, [gap for snap in snapshots for gap in snap.gaps])
    return snapshots
