"""What stands above a member and says of the same trouble, or makes it larger: shown beside the member's own words.

A JobSet that used up its restarts or an Experiment whose trials failed only repeats its pods, and opens nothing; but
its sentence is what its user has read. An autoscaler that would have still more replicas tells how much is missing.
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
# kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go
HPA, TOO_MANY = "autoscaling/HorizontalPodAutoscaler", "TooManyReplicas"


def with_parents(scene: Scene, complaints: Iterable[Complaint]) -> list[Complaint]:
    """The complaints, each with the words of the topmost custom resource above it that says that it is not well."""
    known: dict[Ref, tuple[Evidence, ...]] = {}
    capped = _capped(scene)
    return [_with_scaler(_with_parent(scene, one, known), capped) for one in complaints]


def _with_scaler(one: Complaint, capped: dict[tuple[str, str, str], tuple[Evidence, ...]]) -> Complaint:
    further = capped.get((one.workload.namespace, one.workload.kind, one.workload.name), ())
    return replace(one, evidence=as_proof([*one.evidence, *further])) if further else one


def _capped(scene: Scene) -> dict[tuple[str, str, str], tuple[Evidence, ...]]:
    """What autoscalers say that would have more replicas than they may, by what they scale."""
    found: dict[tuple[str, str, str], tuple[Evidence, ...]] = {}
    for item in scene.snap.all(HPA).values():
        kind, name = (facts.text_at(item, f"spec.scaleTargetRef.{part}") for part in ("kind", "name"))
        said = {one["type"]: (index, one) for index, one in facts.conditions(item)}
        index, limited = said.get("ScalingLimited", (0, {}))
        if kind and name and limited.get("status") == "True" and limited.get("reason") == TOO_MANY:
            paths = [f"status.conditions[{index}].reason", "spec.maxReplicas"]
            paths += [f"status.conditions[{said['ScalingActive'][0]}].message"] if "ScalingActive" in said else []
            there = (path for path in paths if isinstance(value_at(item.whole, path), str | int))
            found[item.namespace, kind, name] = tuple(cite(item, path) for path in there)
    return found


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
