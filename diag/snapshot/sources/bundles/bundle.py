"""A bundle as one part: its objects, the logs that it offers, and what its collector says about itself."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from diag.errors import SnapshotError
from diag.snapshot.sources.budget import Budget, NotObjectsError
from diag.snapshot.sources.bundles.cluster_info import CLUSTER_INFO
from diag.snapshot.sources.bundles.dump_text import CLUSTER_INFO_TEXT
from diag.snapshot.sources.bundles.entry import Source
from diag.snapshot.sources.bundles.folder_files import FolderFiles
from diag.snapshot.sources.bundles.gpu_operator import GPU_OPERATOR
from diag.snapshot.sources.bundles.index import Index, index, source_of
from diag.snapshot.sources.bundles.log_files import LogFiles
from diag.snapshot.sources.bundles.must_gather import MUST_GATHER
from diag.snapshot.sources.bundles.node_logs import NODE_LOGS
from diag.snapshot.sources.bundles.objects import Objects
from diag.snapshot.sources.bundles.places import placed_logs
from diag.snapshot.sources.bundles.pods import Pods
from diag.snapshot.sources.bundles.support_bundle import SUPPORT_BUNDLE
from diag.snapshot.sources.bundles.tool import Notes, Tool
from diag.snapshot.sources.part import Limits, Lost, Part
from diag.snapshot.sources.plain_file import explain, printable
from diag.snapshot.sources.words import counted

TOOLS = (MUST_GATHER, SUPPORT_BUNDLE, CLUSTER_INFO, CLUSTER_INFO_TEXT, GPU_OPERATOR, NODE_LOGS)
_ROOTS = 50  # trees of collectors in one bundle; a must-gather has one for each image
_LOOKED_INTO = 200  # files of a folder that are looked into for an archive


class Roots:
    """Where in a bundle which collectors' trees begin."""

    def __init__(self, names: Iterable[str]) -> None:
        found: dict[tuple[str, int], None] = {}
        for name in names:
            for rank, tool in enumerate(TOOLS):
                if len(found) < _ROOTS and (sign := tool.sign.fullmatch(name)):
                    found[sign["root"], rank] = None
        self._roots = [(root, TOOLS[rank]) for root, rank in sorted(found, key=lambda one: (-len(one[0]), one))]

    @property
    def tools(self) -> list[Tool]:
        """The collectors that were recognised, without repeats."""
        return [tool for tool in TOOLS if any(tool is own for _, own in self._roots)]

    def places(self, name: str) -> Iterator[tuple[Tool, str, str]]:
        """The collectors that a member may be of, innermost tree first: each with the root and the path below it."""
        for root, tool in self._roots:
            if name.startswith(root):
                yield tool, root, name[len(root) :]


def is_bundle(path: Path) -> bool:
    """Whether a path is a tar or zip, or a folder that a known collector wrote or that holds an archive."""
    try:
        source = source_of(path, Budget(Limits()))
    except OSError:
        return False  # whoever reads it says why
    if not isinstance(source, FolderFiles):
        return source is not None
    names = (entry.name for entry in source.entries(lambda _: False))
    if any(tool.sign.fullmatch(name) for name in names for tool in TOOLS):
        return True
    return any(_is_archive(each) for each in source.first(_LOOKED_INTO))


def _is_archive(path: Path) -> bool:
    try:
        return source_of(path, Budget(Limits())) is not None
    except OSError:
        return False  # as above


def read_bundle(path: Path, name: str | None, budget: Budget) -> list[Part]:
    """What a bundle holds, problems included; raises SnapshotError if that is nothing, or beyond a limit."""
    try:
        source = source_of(path, budget)
    except OSError as error:
        raise explain(path, error) from error
    if source is None:
        raise NotObjectsError(f"{printable(path)} is no bundle any more", hint="name it again")
    return read_source(source, printable(path), name, budget)


def read_source(source: Source, shown: str, name: str | None, budget: Budget) -> list[Part]:
    """The same of what was recognised already; `shown` is its path for messages."""
    found = index(source, _is_text, budget)
    roots = Roots(found.members)
    objects = Objects(found, roots, shown, budget)
    notes = _notes(found, roots)
    for problem in (problem for note in notes for problem in note.problems):
        found.noted.add(problem)
    logs = placed_logs(found.members, roots, Pods(objects.items))
    problems = found.noted.all(shown)
    if not objects.items and not logs and not objects.side:
        if problems:
            raise SnapshotError(f"nothing in {shown} can be used: {problems[0].detail}", hint=problems[0].fix)
        raise NotObjectsError(
            f"{shown} holds no Kubernetes objects: looked at {counted(len(found.members), 'file')}",
            hint="give the folder or archive that the collector wrote",
        )
    part = Part(
        path=shown,
        name=name,
        items=objects.items,
        logs=objects.logs,
        problems=problems,
        lost=(*objects.lost, *([Lost()] if found.broken_off else [])),
        captured_at=max(filter(None, (note.captured_at for note in notes)), default=None),
        server_version=next(filter(None, (note.server_version for note in notes)), None),
        listed=objects.listed(),
        assumed=objects.assumed(),
        store=LogFiles(source, logs, shown, budget) if logs else None,
        offered=len(logs),
        side=tuple(objects.side),
        layout=", ".join(tool.name for tool in roots.tools) or source.kind,
    )
    return [part]


def _is_text(name: str) -> bool:
    return any(tool.texts is not None and tool.texts.fullmatch(name) for tool in TOOLS)


def _notes(found: Index, roots: Roots) -> Sequence[Notes]:
    """What the texts of each recognised collector say; they may lie above its trees."""
    texts: dict[str, dict[str, bytes]] = defaultdict(dict)
    for name, member in found.members.items():
        for tool in roots.tools:
            if member.data is not None and tool.texts is not None and tool.texts.fullmatch(name):
                texts[tool.name][name] = member.data
    return [tool.notes(texts[tool.name]) for tool in roots.tools if tool.name in texts]
