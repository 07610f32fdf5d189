"""Which causes are shown: `-n`, `-l` and `--since` select symptoms, never the data that arithmetic needs."""

from dataclasses import dataclass

from diag.causes.assess import Assessed
from diag.errors import UsageError
from diag.facts.times import age_s
from diag.findings import Ref
from diag.snapshot.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the user wants to see of what was found."""

    namespaces: tuple[str, ...]
    selector: str | None
    since_s: float | None
    snapshots: tuple[Snapshot, ...]

    def __post_init__(self) -> None:
        if self.selector:
            requirements(self.selector)

    def shows(self, cause: Assessed) -> bool:
        """Whether a cause or anything that it costs is wanted."""
        refs = [cause.root, *cause.objects, *cause.workloads]
        if self.namespaces and not any(ref.namespace in self.namespaces for ref in refs):
            return False
        if self.selector and not any(self._labelled(ref) for ref in refs):
            return False
        return self.since_s is None or self._recent(cause)

    def _snap(self, cluster: str) -> Snapshot | None:
        return next((snap for snap in self.snapshots if snap.cluster == cluster), None)

    def _labelled(self, ref: Ref) -> bool:
        snap = self._snap(ref.cluster)
        item = snap.find(ref) if snap else None
        if item is None or not self.selector:
            return False
        labels = item.labels
        return all(
            (labels.get(key) in values) is wanted if values else (key in labels) is wanted
            for key, values, wanted in requirements(self.selector)
        )

    def _recent(self, cause: Assessed) -> bool:
        """Whether it began within the time asked for; what has no time is shown, since it may have."""
        snap = self._snap(cause.root.cluster)
        latest = [node.group.latest for node in cause.reached if node.group is not None and node.group.latest]
        if snap is None or self.since_s is None or not latest:
            return True
        age = age_s(max(latest), snap.now)
        return age is None or age <= self.since_s


def requirements(selector: str) -> list[tuple[str, tuple[str, ...], bool]]:
    """The parts of kubectl's `a=b,c!=d,e,!f` as (key, values, wanted). Raises UsageError for what is no selector."""
    found: list[tuple[str, tuple[str, ...], bool]] = []
    for part in filter(None, (piece.strip() for piece in selector.split(","))):
        if "!=" in part:
            key, value = part.split("!=", 1)
            found.append((key.strip(), (value.strip(),), False))
        elif "=" in part:
            key, value = part.replace("==", "=", 1).split("=", 1)
            found.append((key.strip(), (value.strip(),), True))
        elif " " in part or "(" in part:
            raise UsageError(f"cannot read the selector {selector!r}", hint="use key=value, key!=value, key or !key")
        else:
            found.append((part.removeprefix("!"), (), not part.startswith("!")))
    return found
