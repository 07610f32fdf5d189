"""Why there is no object in what was read, and what to give instead."""

from collections.abc import Sequence

from diag.errors import SnapshotError
from diag.findings import Gap
from diag.snapshot.sources.part import Part

_OBJECTS = "kubectl get all,nodes,events -A -o json"
_SHOWN = 3  # paths that the sentence names


def no_object(parts: Sequence[Part], gaps: Sequence[Gap]) -> SnapshotError:
    """The sentence for parts of which no object is left, by what they held: what is broken, Secrets, logs, nothing."""
    paths = list(dict.fromkeys(part.path for part in parts))
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    why, hint = _why(parts, gaps)
    return SnapshotError(f"there is no object in {', '.join(paths[:_SHOWN])}{more}{why}", hint=hint)


def _why(parts: Sequence[Part], gaps: Sequence[Gap]) -> tuple[str, str]:
    if gaps:
        first = gaps[0]
        detail = next(iter(first.detail.splitlines()), "")
        reason = f": {detail}" if detail else ""
        return f" that can be used: {first.what}: {first.why}{reason}", first.fix
    if any(part.secrets for part in parts):
        return " but Secrets, which are never read", f"add what it is about: {_OBJECTS}"
    if any(part.logs or part.offered for part in parts):
        return ", only logs", f"name the objects that they belong to as well: {_OBJECTS}"
    if any(part.side for part in parts):
        return ", only what a tool says of GPUs", f"name the objects that it belongs to as well: {_OBJECTS}"
    return "", "an empty list says nothing about a cluster; look at what the dump's kubectl printed on stderr"
