"""MCL111 to MCL113: a managed cluster that is silent, placements without a cluster, works that are forbidden."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.custom_resources import told
from diag.facts.words import listed
from diag.findings import Because, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import key, value_at
from diag.trouble.groups import Group

GROUP = "cluster.open-cluster-management.io"
CLUSTER, PLACEMENT = f"{GROUP}/ManagedCluster", f"{GROUP}/Placement"
WORK = "work.open-cluster-management.io/ManifestWork"
# Taints of a cluster that does not report; they take it from every placement, whose text speaks of predicates only
# (open-cluster-management-io/ocm pkg/placement/plugins/tainttoleration).
SILENT = (f"{GROUP}/unreachable", f"{GROUP}/unavailable")
FORBIDDEN = re.compile(
    r'is forbidden: User "(?P<user>[^"]{1,253})" cannot (?P<verb>\w{1,20}) resource "(?P<what>[^"]+)"'
)
# Reasons of PlacementSatisfied=False: nothing is bound or a member, or all are filtered out
# (open-cluster-management-io/ocm pkg/placement/controllers/scheduling).
UNBOUND = ("NoManagedClusterSetBindings", "NoIntersection", "AllManagedClusterSetsEmpty")
FILTERED = "NoManagedClusterMatched"
MAX_FILTERS = 8
NO_CLUSTER = """The placement's cluster sets, predicates or taints leave no cluster.

## What it means
The Placement decides for no managed cluster, so what follows it goes nowhere.

## Why it happens
Labels or claims that no cluster has, or a taint without a toleration; the text speaks of predicates in both cases.
Or no cluster set is bound to the namespace of the Placement, or the sets have no member.

## Evidence
The condition `PlacementSatisfied=False` with its reason.

## What to do
Change the predicates or tolerations of the Placement, or the labels of the clusters.

## Known limits
The predicates are not evaluated.
"""
AGENT = """The work agent may not create the resource in the managed cluster.

## What it means
The agent of the managed cluster tried to apply a manifest, and the cluster's API refused it for lack of rights.

## Why it happens
The agent has rights for built-in kinds only, unless somebody grants it more.

## Evidence
The condition `Applied=False` of the manifest in `status.resourceStatus`, with the API's sentence.

## What to do
Grant the agent's ServiceAccount the rights in the managed cluster.

## Known limits
The roles in the managed cluster are not looked at.
"""


@rule(
    "MCL111",
    name="ocm-cluster-agent-offline",
    question=Question.CREATED,
    severity=Severity.WARNING,
    inputs=(CLUSTER, PLACEMENT, WORK),
    others=(
        Named(id="MCL112", name="ocm-placement-selects-no-cluster", page=NO_CLUSTER, severity=Severity.WARNING),
        Named(id="MCL113", name="ocm-work-agent-forbidden", page=AGENT),
    ),
)
def open_cluster_management(ctx: Context) -> Iterator[Finding]:
    """The managed cluster's agent stopped renewing its lease.

    ## What it means
    The hub hears nothing of the cluster: nothing new is placed there, and what the hub shows of it is old.

    ## Why it happens
    The agent, its credentials or the network to the hub failed; the cluster itself may be well.

    ## Evidence
    `ManagedClusterConditionAvailable` of the ManagedCluster, and the taint that follows from it.

    ## What to do
    Look at the klusterlet agent in the managed cluster.

    ## Known limits
    A Placement is charged to the silent cluster where that bears the taint; its predicates are not evaluated.
    """
    placements = [group for group in ctx.groups("custom-resource-not-ready") if group.first.kind_id == PLACEMENT]
    filtered = [group for group in placements if _reason(group.first) == FILTERED]
    silent = False
    for group in ctx.groups("custom-resource-not-ready"):
        for cluster in group.members:
            said = told(cluster, "ManagedClusterConditionAvailable")
            if said is not None and said.reason == "ManagedClusterLeaseUpdateStopped":
                silent |= any(_taints(cluster))
                yield _offline(ctx, group, cluster, said.path, said.message, filtered)
    for group in placements:
        yield from _unplaced(ctx, group, silent=silent)
    for group in ctx.groups("object-not-propagated"):
        for work in group.members:
            yield from _forbidden(ctx, group, work)


def _offline(
    ctx: Context, group: Group, cluster: Object, path: str, message: str, placements: list[Group]
) -> Finding:  # fmt: skip
    evidence: list[Evidence] = [ctx.cite(cluster, path)]
    evidence += [ctx.cite(cluster, where) for where in _taints(cluster)]
    follows = placements if len(evidence) > 1 else []
    return Finding(
        subject=cluster.ref,
        summary=f"is silent: {message}",
        evidence=as_proof(evidence),
        accounts_for=(
            Because(group, message, (evidence[0],), members=group.share),
            *(Because(one, f"{cluster.name} is silent and tainted", tuple(evidence)) for one in follows),
        ),
        since=group.since,
        remedies=(Remedy(text=f"look at the klusterlet agent in {cluster.name}", who="platform"),),
    )


def _reason(placement: Object) -> str:
    said = told(placement, "PlacementSatisfied")
    return said.reason if said is not None else ""


def _taints(cluster: Object) -> Iterator[str]:
    for index, found in enumerate(dicts(value_at(cluster.whole, "spec.taints"))):
        if found.get("key") in SILENT:
            yield f"spec.taints[{index}].key"


def _unplaced(ctx: Context, group: Group, *, silent: bool) -> Iterator[Finding]:
    """Placements without a cluster; those that a silent cluster may be the reason of are charged to it."""
    for placement in group.members:
        said = told(placement, "PlacementSatisfied")
        if said is not None and (said.reason in UNBOUND or (said.reason == FILTERED and not silent)):
            proof = (ctx.cite(placement, said.path),)
            share = group.share
            words, filters = _filters(ctx, placement) if said.reason == FILTERED else ("", [])
            yield Finding(
                name="ocm-placement-selects-no-cluster", subject=placement.ref,
                summary=f"finds none: {said.message}{words}",
                evidence=as_proof([*proof, *filters]), since=group.since,
                accounts_for=(Because(group, said.message, proof, members=share),),
                remedies=(
                    Remedy(text="change its predicates or tolerations, or the labels of the clusters")
                    if said.reason == FILTERED
                    else Remedy(text="bind a ManagedClusterSet that has members to the namespace "
                                "(ManagedClusterSetBinding)", who="platform"),
                ),
            )  # fmt: skip


def _filters(ctx: Context, placement: Object) -> tuple[str, list[Evidence]]:
    """What may have filtered the clusters out: taints, of which the sentence does not speak, and the predicates."""
    clusters = ctx.snap.all(CLUSTER)
    found: list[Evidence] = []
    bearing: dict[str, list[str]] = {}
    for cluster in clusters:
        for index, taint in enumerate(dicts(value_at(cluster.whole, "spec.taints"))):
            if taint.get("effect") == "NoSelect" and not _is_tolerated(placement, taint):
                bearing.setdefault(str(taint.get("key")), []).append(cluster.name)
                path = f"spec.taints[{index}].key"
                found += [piece] if (piece := ctx.cite_if(cluster, path)) is not None else []
    for index, predicate in enumerate(dicts(value_at(placement.whole, "spec.predicates"))):
        path = "requiredClusterSelector.labelSelector.matchLabels"
        labels = value_at(predicate, path)
        for name in labels if isinstance(labels, dict) else ():
            piece = ctx.cite_if(placement, f"spec.predicates[{index}].{path}{key(str(name))}")
            found += [piece] if piece is not None else []
    count = len({name for names in bearing.values() for name in names})
    taints = listed([f"{taint} on {listed(names, 3)}" for taint, names in sorted(bearing.items())], 3)
    words = f"; {count} of {len(clusters)} clusters bear a taint that it does not tolerate: {taints}" if count else ""
    return words, found[:MAX_FILTERS]


def _is_tolerated(placement: Object, taint: JsonDict) -> bool:
    """Whether a toleration of the placement is for the taint (open-cluster-management-io/api cluster/v1beta1)."""
    return any(
        (one.get("key") in ("", None) and one.get("operator") == "Exists")
        or (
            one.get("key") == taint.get("key")
            and (one.get("operator") == "Exists" or (one.get("value") or "") == (taint.get("value") or ""))
        )
        for one in dicts(value_at(placement.whole, "spec.tolerations"))
        if one.get("effect") in ("", None, taint.get("effect"))
    )


def _forbidden(ctx: Context, group: Group, work: Object) -> Iterator[Finding]:
    for index, manifest in enumerate(dicts(value_at(work.whole, "status.resourceStatus.manifests"))):
        for place, found in enumerate(dicts(manifest.get("conditions"))):
            words = FORBIDDEN.search(str(found.get("message") or ""))
            if words is None or found.get("type") != "Applied" or found.get("status") != "False":
                continue
            path = f"status.resourceStatus.manifests[{index}].conditions[{place}].message"
            proof = (ctx.cite(work, path),)
            why = f"{words['user']} cannot {words['verb']} {words['what']} in {work.namespace}"
            yield Finding(
                name="ocm-work-agent-forbidden", subject=work.ref, summary=f"is forbidden: {why}",
                evidence=as_proof(proof),
                accounts_for=(Because(group, why, proof, members=group.share),), since=group.since,
                remedies=(
                    Remedy(text=f"let {words['user']} {words['verb']} {words['what']} in the managed cluster",
                           who="platform"),
                ),
            )  # fmt: skip
            return
