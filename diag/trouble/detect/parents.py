"""What the custom resources above a member say of the same trouble: shown beside the member's own words.

A JobSet that used up its restarts or an Experiment whose trials failed only repeats its pods, and opens nothing; but
its sentence is what its user has read.
"""

from collections.abc import Iterable
from dataclasses import replace

from diag.facts import custom_resources as facts
from diag.findings import Evidence, Ref, as_proof
from diag.projection import Object
from diag.snapshot.cite import cite, value_at
from diag.trouble.groups import Complaint
from diag.trouble.relations import owners
from diag.trouble.scene import Scene
from diag.vocab import custom_resources as words

MAX_REMARKS = 2


def with_parents(scene: Scene, complaints: Iterable[Complaint]) -> list[Complaint]:
    """The complaints, each with the words of the topmost custom resource above it that says that it is not well."""
    known: dict[Ref, tuple[Evidence, ...]] = {}
    return [_with_parent(scene, one, known) for one in complaints]


def _with_parent(scene: Scene, one: Complaint, known: dict[Ref, tuple[Evidence, ...]]) -> Complaint:
    above = owners.owner_of(scene.snap, one.member)
    if above is None:
        return one
    if above.ref not in known:
        known[above.ref] = _said(scene, above)
    further = tuple(piece for piece in known[above.ref] if piece not in one.evidence)
    return replace(one, evidence=as_proof([*one.evidence, *further])) if further else one


def _said(scene: Scene, owner: Object) -> tuple[Evidence, ...]:
    """What the topmost of the resources from `owner` upwards says against itself, and the limit that it speaks of."""
    for item in reversed(owners.chain(scene.snap, owner)):
        group = item.kind_id.rpartition("/")[0]
        if "." not in group or group in words.BUILT_IN_GROUPS or facts.is_unread(item):
            continue
        said = facts.remarks(item)[:MAX_REMARKS]
        paths = [path for one in said for path in (one.path, *_beside(one.path))]
        limits = words.LIMITS.get(item.kind_id, ())
        if said:
            there = (path for path in (*paths, *limits) if isinstance(value_at(item.whole, path), str | int))
            return tuple(dict.fromkeys(cite(item, path) for path in there))
    return ()


def _beside(path: str) -> tuple[str, ...]:
    """Where the reason of a condition stands, or the reason and sentence beside a state in one word."""
    condition, found, _ = path.rpartition("].")
    return (f"{condition}].reason",) if found else ("status.reason", "status.message")
