"""What the user asked not to see: by flag, by configuration (with reason and end date), by annotation on the object."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from diag.catalog.retired import formerly
from diag.catalog.run import selects
from diag.causes.assess import Assessed
from diag.findings import Ref
from diag.projection import Object
from diag.snapshot.snapshot import Snapshot
from diag.trouble.relations.owners import chain

ANNOTATION = "diag.ignore/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """One entry of a configuration: a rule (id or name, globs), a subject (a glob, see `_means`), a reason."""

    rule: str
    reason: str
    subject: str = "*"
    until: str | None = None


def ignorer(
    snapshots: Sequence[Snapshot], *, flags: tuple[str, ...], config: tuple[Ignore, ...]
) -> Callable[[Assessed], tuple[str, str, str | None] | None]:
    """A function that says by whom, why and until when a cause is ignored, or None."""
    by_cluster = {snap.cluster: snap for snap in snapshots}

    def ignored(cause: Assessed) -> tuple[str, str, str | None] | None:
        rule = cause.node.found.rule if cause.node.found else cause.node.group.kind.rule if cause.node.group else ""
        if flags and selects([*flags], rule, cause.name):
            return "flag", "--ignore", None
        for entry in config:
            if selects([entry.rule], rule, cause.name) and _means(entry.subject, cause.root):
                return "config", entry.reason, entry.until
        return _annotated(by_cluster[cause.root.cluster], cause, rule) if cause.root.cluster in by_cluster else None

    return ignored


def _means(subject: str, root: Ref) -> bool:
    """Whether a glob means an object: by `name`, `namespace/name` or `kind/namespace/name`."""
    words = (root.name, f"{root.namespace}/{root.name}", str(root))
    return any(fnmatchcase(word.lower(), subject.lower()) for word in words)


def _annotated(snap: Snapshot, cause: Assessed, rule: str) -> tuple[str, str, str | None] | None:
    root = snap.find(cause.root)
    for item in chain(snap, root) if root is not None else ():
        reason = _reason(item, rule, cause.name)
        if reason is not None:
            return "annotation", reason, None
    return None


def _reason(item: Object, rule: str, name: str) -> str | None:
    for key, reason in sorted(item.annotations.items()):
        if key.startswith(ANNOTATION) and key.removeprefix(ANNOTATION) in (rule, name, *formerly(rule)):
            return reason or "no reason given"
    return None
