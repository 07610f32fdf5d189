"""APP007: a namespace is being deleted and cannot end."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.backends import INPUTS, Backend, backend, called
from diag.catalog.joins.orphans import OWNED, left_behind, orphan
from diag.catalog.rule import Named, rule
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy, Severity
from diag.projection import Object
from diag.trouble.groups import Group
from diag.trouble.relations.refusals import refusals

# What keeps a namespace: kubernetes/kubernetes pkg/controller/namespace/deletion/status_condition_utils.go
BLOCKERS = (
    "NamespaceFinalizersRemaining",
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
)
REMAINING = ("NamespaceFinalizersRemaining", "NamespaceContentRemaining")
# staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go
REFUSED = re.compile(r"create new content in namespace (?P<name>[a-z0-9-]{1,63}) because it is being terminated")
GRACE_S = 5 * 60  # most namespaces end within seconds; pods may take their grace period
MAX_NAMED = 4

ORPHAN_PAGE = """The controller that owns an object's finalizer is not installed.

## What it means
The object has been told to go and waits for its controller to clean up, and that controller is not there. A namespace
that is being deleted waits with it.

## Why it happens
The operator was uninstalled before its objects.

## Evidence
The object's finalizer and deletion time, a status that is older than the deletion, and no workload in the cluster
that is called after the object's API group.

## What to do
Install the operator again until the object is gone. Only if nothing is left to clean up, remove the finalizer.

## Known limits
A controller that is called otherwise than its API group, or runs outside of the cluster, is not recognised, so this is
likely and never certain. Beside objects that keep a namespace from ending only those of Argo CD, Flux, Karpenter and
KubeRay are looked at, after an hour.
"""


@rule(
    "APP007",
    name="namespace-stuck-terminating",
    question=Question.CREATED,
    inputs=(
        "Namespace",
        "Event",
        *INPUTS,
        "apps/ReplicaSet",
        "batch/Job",
        *sorted({kind for one in OWNED for kind in one.kinds}),
    ),
    others=(Named(id="APP008", name="finalizer-owner-missing", page=ORPHAN_PAGE),),
    visits={"Namespace": 1},
)
def namespace_stuck_terminating(ctx: Context) -> Iterator[Finding]:
    """A namespace is being deleted and cannot end.

    ## What it means
    Nothing new can be created in the namespace, and it will not go away: something in it may not be removed, or the
    API server cannot even list all that is in it.

    ## Why it happens
    An object has a finalizer whose controller is gone (an operator that was uninstalled before its objects), or the
    server behind an aggregated API does not answer.

    ## Evidence
    The namespace's conditions, and the objects in it that have a deletion time and finalizers.

    ## What to do
    Bring the finalizer's controller back, so that it can clean up. Only if it is gone for good, remove the finalizer
    from the object. Do not empty `spec.finalizers` of the namespace: that leaves its objects behind.

    ## Known limits
    A namespace that has been terminating for less than five minutes may still end by itself and is listed as `info`.
    Of kinds that were not collected only the namespace's own words tell; that something remains is then no more than
    likely to be the cause.
    """
    waiting = _waiting(ctx)
    for item in ctx.snap.all("Namespace"):
        if item.metadata.deletion_timestamp:
            blockers = [(index, found) for index, found in _conditions(item) if found.get("status") == "True"]
            if blockers or item.name in waiting:
                yield _finding(ctx, item, blockers, waiting.pop(item.name, []))
    for kept, proof in left_behind(ctx):
        space = ctx.snap.get("Namespace", "", kept.namespace) if kept.namespace else None
        if space is None or not space.metadata.deletion_timestamp:
            yield _orphaned(None, kept, proof, victims=[])
    for name, victims in sorted(waiting.items()):
        if ctx.snap.get("Namespace", "", name) is None:
            yield _unseen(ctx, name, victims)


def _waiting(ctx: Context) -> dict[str, list[Because]]:
    """What is not created because its namespace ends, by namespace."""
    found: dict[str, list[Because]] = {}
    for group in ctx.groups("pod-not-created"):
        for one in refusals(group):
            said = REFUSED.search(one.text)
            if said is not None:
                why = f"nothing is created in namespace {said['name']}, because it is being terminated"
                found.setdefault(said["name"], []).append(Because(group, why, (one.evidence,)))
                break
        else:
            space = ctx.snap.get("Namespace", "", group.first.namespace)
            ends = space.metadata.deletion_timestamp if space is not None else None
            # Where one ends as it should, its controllers lose their pods for a moment, too.
            if group.state == "counted" and space is not None and ctx.older(ends, GRACE_S):
                why = f"nothing is created in namespace {space.name}, because it is being terminated"
                proof = (ctx.cite(space, "metadata.deletionTimestamp"), group.evidence[0])
                found.setdefault(space.name, []).append(Because(group, why, proof))
    return found


def _conditions(item: Object) -> list[tuple[int, dict[str, object]]]:
    """The conditions that name what keeps the namespace, the most telling first."""
    status = item.whole.get("status")
    conditions = status.get("conditions") if isinstance(status, dict) else None
    found = [
        (index, one)
        for index, one in enumerate(conditions if isinstance(conditions, list) else ())
        if isinstance(one, dict) and one.get("type") in BLOCKERS
    ]
    return sorted(found, key=lambda entry: BLOCKERS.index(str(entry[1]["type"])))


def _finding(
    ctx: Context, item: Object, blockers: list[tuple[int, dict[str, object]]], victims: list[Because]
) -> Finding:
    kept = [one for one in ctx.snap.in_namespace(item.name) if _finalizers(one) and one.metadata.deletion_timestamp]
    place = next((hit for _, one in blockers if (hit := called(str(one.get("message"))))), None)
    back = backend(ctx, place) if place else Backend()  # a webhook that deleting the rest has to pass
    said: list[Evidence] = [
        ctx.cite(item, f"status.conditions[{index}].{'message' if isinstance(one.get('message'), str) else 'status'}")
        for index, one in blockers
    ]
    said += [
        ctx.cite(one, f"metadata.finalizers[{index}]")
        for one in kept[:MAX_NAMED]
        for index in range(len(_finalizers(one)))
    ]
    said += back.proof
    since = item.metadata.deletion_timestamp
    young = not ctx.older(since, GRACE_S)
    words = (
        str(blockers[0][1].get("message") or blockers[0][1]["type"]).rstrip(".") if blockers else "it is terminating"
    )
    gone = next(((one, proof) for one in kept if (proof := orphan(ctx, one))), None)
    if gone is not None and not young:
        return _orphaned(item, gone[0], [*gone[1], *said], victims=victims)
    held = ", ".join(f"{one.kind} {one.name} (finalizers {', '.join(_finalizers(one))})" for one in kept[:MAX_NAMED])
    more = f" and {len(kept) - MAX_NAMED} more" if len(kept) > MAX_NAMED else ""
    return Finding(
        subject=item.ref,
        summary=f"it has been terminating since {since} and does not end: {words}"
        + (f"; held by {held}{more}" if kept else "")
        + (f"; {back.words}" if back.words else ""),
        evidence=(ctx.cite(item, "metadata.deletionTimestamp"), *said),
        accounts_for=tuple(victims),
        severity=Severity.INFO if young and not victims else None,
        confidence=Confidence.LIKELY if young or place or not (kept or _says_all(blockers)) else None,
        members=tuple(one.ref for one in kept),
        since=since,
        needs=back.needs,
        remedies=_remedies(item.name, kept),
    )


def _finalizers(item: Object) -> list[str]:
    return list(item.metadata.finalizers or ())


def _says_all(blockers: list[tuple[int, dict[str, object]]]) -> bool:
    """Whether the namespace's own words tell why it stays: content that remains has a reason that only it shows."""
    return any(one.get("type") not in REMAINING for _, one in blockers)


def _orphaned(item: Object | None, kept: Object, proof: list[Evidence], *, victims: list[Because]) -> Finding:
    """The object whose controller is gone, and the namespace that it keeps, if it does."""
    finalizers = ", ".join(_finalizers(kept))
    first, *rest = proof
    return Finding(
        name="finalizer-owner-missing",
        subject=kept.ref,
        summary=f"was deleted at {kept.metadata.deletion_timestamp} and waits for the owner of its finalizer "
        f"{finalizers}, of which no workload is in the cluster"
        + (f"; Namespace {item.name} cannot end before it" if item is not None else ""),
        evidence=(first, *rest),
        accounts_for=tuple(victims),
        confidence=Confidence.LIKELY,
        severity=Severity.WARNING if item is None else None,
        members=(item.ref,) if item is not None else (),
        since=kept.metadata.deletion_timestamp,
        remedies=_remedies(kept.namespace, [kept]),
    )


def _remedies(namespace: str, kept: list[Object]) -> tuple[Remedy, ...]:
    if not kept:
        look = f"kubectl get namespace {namespace} -o yaml"
        return (Remedy(text="repair what the namespace's conditions name", command=look, who="platform"),)
    first = kept[0]
    finalizer = _finalizers(first)[0]
    where = f" -n {namespace}" if namespace else ""
    return (
        Remedy(text=f"bring back the controller that removes the finalizer {finalizer}", who="platform"),
        Remedy(
            text=f"remove the finalizer {finalizer} from {first.kind} {first.name}",
            when="its controller is gone for good and nothing is left to clean up",
            command=f"kubectl get {(first.kind or '').lower()} {first.name}{where} -o yaml",
            who="platform",
            risk="irreversible",
        ),
    )


def _unseen(ctx: Context, name: str, victims: list[Because]) -> Finding:
    """A namespace that is not here but of which refusals speak."""
    groups = [one.symptom for one in victims if isinstance(one.symptom, Group)]
    first = victims[0].evidence[0]
    return Finding(
        subject=Ref(ctx.cluster, "v1", "Namespace", "", name, seen=False),
        summary="it is being terminated, so nothing is created in it",
        evidence=(first, *(piece for one in victims[1:] for piece in one.evidence)),
        accounts_for=tuple(victims),
        since=min((group.since for group in groups if group.since), default=None),
        remedies=_remedies(name, []),
    )
