"""MCL101 to MCL105: Karmada places a resource on no member cluster."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.custom_resources import Told, told
from diag.facts.gpus import is_gpu
from diag.facts.karmada import (
    BINDINGS,
    CLUSTER,
    FEDERATED_QUOTA,
    LOST_TAINTS,
    QUOTA,
    free,
    may_take,
    offers,
    taints,
)
from diag.facts.quantity import show
from diag.facts.words import listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import key, value_at
from diag.trouble.groups import Group

# karmada-io/karmada pkg/scheduler/core/spreadconstraint and its plugins: the bodies of a SchedulerError that are no
# error of the scheduler's.
TOO_FEW = re.compile(r"the number of feasible (?:clusters?|regions?) is less than spreadConstraint\.MinGroups")
NO_ROOM = "no enough resource when selecting"
LIMITS = "Of an affinity only names and plain labels are looked at; expressions and fields are not."
API = f"""The member cluster lacks the API of the resource that is to be propagated.

## What it means
Karmada does not choose a cluster that does not serve the resource's kind.

## Why it happens
The operator, or its CRDs, is installed on the control plane and not in the member.

## Evidence
The binding's condition, its `spec.resource`, and `status.apiEnablements` of the Cluster.

## What to do
Install the CRDs in the member, for example with a ClusterPropagationPolicy.

## Known limits
{LIMITS}
"""
NO_FIT = f"""No member cluster satisfies the policy.

## What it means
The placement's affinity, taints and API needs leave no cluster; the sentence counts the clusters for each reason.

## Why it happens
A misspelt cluster name, labels that no cluster bears, a taint without a toleration.

## Evidence
The binding's condition `Scheduled=False NoClusterFit`.

## What to do
Change the PropagationPolicy, or the labels and taints of the clusters.

## Known limits
{LIMITS}
"""
CAPACITY = """The member clusters together do not offer room for all replicas.

## What it means
Karmada divides replicas by what is free, and there is less than is asked for.

## Why it happens
The members are full, or one of them is not admitted by the policy.

## Evidence
The binding's condition, its `spec.replicas` and request, and each Cluster's `status.resourceSummary`.

## What to do
Ask for fewer replicas, free capacity in a member, or admit another cluster.

## Known limits
Karmada sums up whole clusters: free GPUs that are spread over nodes count as free.
"""
FEDERATED = """The federated quota is used up.

## What it means
Karmada's webhook refuses the placement, although the members may have room.

## Why it happens
Other workloads of the namespace hold the quota, on any cluster.

## Evidence
The binding's condition with the webhook's sentence, and the FederatedResourceQuota.

## What to do
Raise `spec.overall` of the quota, or scale something else down.

## Known limits
Where the quota object is not here, the binding stands as the root.
"""


@rule(
    "MCL101",
    name="karmada-cluster-not-ready",
    question=Question.CREATED,
    inputs=(*BINDINGS[:1], CLUSTER, FEDERATED_QUOTA),
    others=(
        Named(id="MCL102", name="karmada-api-not-installed", page=API),
        Named(id="MCL103", name="karmada-no-cluster-fit", page=NO_FIT),
        Named(id="MCL104", name="karmada-insufficient-cluster-capacity", page=CAPACITY),
        Named(id="MCL105", name="karmada-federated-quota-exceeded", page=FEDERATED),
    ),
)
def karmada_scheduling(ctx: Context) -> Iterator[Finding]:
    """The member cluster that the policy needs is unreachable.

    ## What it means
    Karmada taints a member that it cannot reach, and places nothing new there.

    ## Why it happens
    The member's API server is down, the network between is cut, or the agent of a pull-mode member stopped.

    ## Evidence
    `Ready` of the Cluster, its taint, and the binding's sentence that counts the taint.

    ## What to do
    Repair the connection to the member, or admit another cluster in the policy.

    ## Known limits
    Of an affinity only names and plain labels are looked at; expressions and fields are not.
    """
    charged: set[Ref] = set()
    for group in ctx.groups("object-not-propagated"):
        for binding in group.members:
            said = told(binding, "Scheduled") if binding.kind_id in BINDINGS else None
            if said is None or said.status != "False":
                continue
            finding = _refused(ctx, group, binding, said)
            if finding is not None:
                charged |= {finding.subject, *finding.members}
                yield finding
    for group in ctx.groups("custom-resource-not-ready"):
        for cluster in group.members if group.first.kind_id == CLUSTER else ():
            if cluster.ref not in charged and (ready := _lost(cluster)) is not None:
                yield from _silent(ctx, group, cluster, ready)


def _refused(ctx: Context, group: Group, binding: Object, said: Told) -> Finding | None:
    match said.reason:
        case "NoClusterFit":
            return _no_fit(ctx, group, binding, said)
        case "Unschedulable":
            return _capacity(ctx, group, binding, said)
        case "QuotaExceeded":
            return _quota(ctx, group, binding, said)
        case "SchedulerError" if TOO_FEW.search(said.message):
            return _spread(ctx, group, binding, said)
        case "SchedulerError" if NO_ROOM in said.message:
            return _capacity(ctx, group, binding, said)
    return None


def _silent(ctx: Context, group: Group, cluster: Object, ready: Told) -> Iterator[Finding]:
    """A member that Karmada tainted for that, and for which no binding waits."""
    tainted = [ctx.cite(cluster, path) for path, name in taints(cluster) if name in LOST_TAINTS]
    if tainted:
        summary = f"is not ready ({ready.reason}: {ready.message}), so nothing new is placed there"
        proof: list[Evidence] = [ctx.cite(cluster, ready.path), *tainted]
        yield Finding(
            subject=cluster.ref,
            summary=summary,
            evidence=as_proof(proof),
            accounts_for=(Because(group, summary, as_proof(proof), members=group.share),),
            severity=Severity.WARNING,
            since=group.since,
            remedies=(
                Remedy(
                    text=f"repair the connection to the member cluster {cluster.name}",
                    command=f"kubectl get cluster {cluster.name} -o yaml",
                    who="platform",
                ),
            ),
        )


def _no_fit(ctx: Context, group: Group, binding: Object, said: Told) -> Finding:
    admitted = [cluster for cluster in ctx.snap.all(CLUSTER) if may_take(cluster, binding)]
    lost = [(cluster, ready) for cluster in admitted if (ready := _lost(cluster)) is not None]
    if lost and any(taint in said.message for taint in LOST_TAINTS):
        return _out_of_reach(ctx, group, binding, said, lost)
    api, kind = (value_at(binding.whole, f"spec.resource.{part}") for part in ("apiVersion", "kind"))
    if "did not have the API resource" in said.message and isinstance(api, str) and isinstance(kind, str):
        without = [cluster for cluster in admitted if not offers(cluster, api, kind) and _complete(cluster)]
        if without:
            cluster = without[0]
            complete = told(cluster, "CompleteAPIEnablements")
            evidence: list[Evidence] = [ctx.cite(binding, said.path)]
            evidence += [ctx.cite(binding, "spec.resource.apiVersion")]
            evidence += [ctx.cite(binding, "spec.resource.kind")]
            evidence += [ctx.cite(cluster, complete.path)] if complete else []
            return _finding(
                group, binding, said, evidence, name="karmada-api-not-installed", subject=cluster.ref,
                members=tuple(one.ref for one in without[1:]),
                summary=f"does not have the API resource {kind} of {api} that {binding.namespace}/{binding.name} needs",
                remedy=Remedy(text=f"install the CRDs of {api} in {cluster.name}", who="platform"),
            )  # fmt: skip
    return _finding(
        group, binding, said, [ctx.cite(binding, said.path)], name="karmada-no-cluster-fit", subject=binding.ref,
        confidence=Confidence.CERTAIN if _only_the_policy(said.message) else Confidence.LIKELY,
        summary=f"finds no cluster: {said.message}",
        remedy=Remedy(text="change the affinity or tolerations of the PropagationPolicy, or the clusters' labels"),
    )  # fmt: skip


def _out_of_reach(ctx: Context, group: Group, binding: Object, said: Told, lost: list[tuple[Object, Told]]) -> Finding:
    """The placement lacks clusters that cannot be reached."""
    cluster, ready = lost[0]
    evidence: list[Evidence] = [ctx.cite(cluster, ready.path), ctx.cite(binding, said.path)]
    evidence += [ctx.cite(cluster, path) for path, name in taints(cluster) if name in LOST_TAINTS]
    return _finding(
        group, binding, said, evidence, name="karmada-cluster-not-ready", subject=cluster.ref,
        members=tuple(one.ref for one, _ in lost[1:]), further=_own(ctx, cluster),
        summary=f"is not ready ({ready.reason}: {ready.message}), so nothing is placed there ({said.reason})",
        remedy=Remedy(
            text=f"repair the connection to the member cluster {cluster.name}", who="platform",
            command=f"kubectl get cluster {cluster.name} -o yaml",
        ),
    )  # fmt: skip


def _spread(ctx: Context, group: Group, binding: Object, said: Told) -> Finding:
    """Fewer clusters fit than the placement wants to spread over."""
    constraints = value_at(binding.whole, "spec.placement.spreadConstraints")
    wanted = [
        cited
        for index in range(len(constraints) if isinstance(constraints, list) else 0)
        for part in ("minGroups", "spreadByField")
        if (cited := ctx.cite_if(binding, f"spec.placement.spreadConstraints[{index}].{part}")) is not None
    ]
    admitted = [cluster for cluster in ctx.snap.all(CLUSTER) if may_take(cluster, binding)]
    least = next((piece.value for piece in wanted if piece.path.endswith("minGroups")), None)
    lost = [
        (cluster, ready)
        for cluster in admitted
        if (ready := _lost(cluster)) is not None and any(name in LOST_TAINTS for _, name in taints(cluster))
    ]
    if lost and isinstance(least, int) and len(admitted) >= least:  # with them it would do
        return _out_of_reach(ctx, group, binding, said, lost)
    asked = f" (minGroups {least})" if least else ""
    have = f"; its affinity admits {listed([one.name for one in admitted], 4)}" if admitted else ""
    return _finding(
        group, binding, said, [ctx.cite(binding, said.path), *wanted], name="karmada-no-cluster-fit",
        subject=binding.ref, summary=f"is to be spread over more than there are{asked}: {said.message}{have}",
        remedy=Remedy(text="lower minGroups of the spreadConstraints, or admit more clusters in the policy"),
    )  # fmt: skip


def _only_the_policy(message: str) -> bool:
    """Whether the sentence blames nothing but the placement: no taint and no API that a cluster's state explains."""
    return "untolerated taint" not in message and "API resource" not in message


def _lost(cluster: Object) -> Told | None:
    ready = told(cluster, "Ready")
    return ready if ready is not None and ready.status in ("False", "Unknown") else None


def _complete(cluster: Object) -> bool:
    found = told(cluster, "CompleteAPIEnablements")
    return found is None or found.status == "True"


def _own(ctx: Context, cluster: Object) -> tuple[Because, ...]:
    """The group that the cluster itself opened."""
    return tuple(
        Because(group, f"Cluster {cluster.name} is not ready", group.evidence, members=group.share)
        for group in ctx.groups("custom-resource-not-ready")
        if any(member is cluster for member in group.members)
    )


def _capacity(ctx: Context, group: Group, binding: Object, said: Told) -> Finding:
    request = value_at(binding.whole, "spec.replicaRequirements.resourceRequest")
    resource = next((name for name in request if is_gpu(name)), "") if isinstance(request, dict) else ""
    evidence: list[Evidence] = [ctx.cite(binding, said.path)]
    left = []
    if isinstance(value_at(binding.whole, "spec.replicas"), int):
        evidence.append(ctx.cite(binding, "spec.replicas"))
    if resource:
        evidence.append(ctx.cite(binding, f"spec.replicaRequirements.resourceRequest{key(resource)}"))
        for cluster in ctx.snap.all(CLUSTER):
            have = free(cluster, resource)
            if may_take(cluster, binding) and have is not None:
                evidence.append(ctx.cite(cluster, f"status.resourceSummary.allocatable{key(resource)}"))
                left.append(f"{cluster.name} {show(have, resource)}")
    replicas = value_at(binding.whole, "spec.replicas")
    free_words = f"; free {resource}: {listed(left)}" if left else ""
    return _finding(
        group, binding, said, evidence, name="karmada-insufficient-cluster-capacity", subject=binding.ref,
        summary=f"wants {replicas} replicas, and the clusters have too little room: {said.message}{free_words}",
        remedy=Remedy(text="ask for fewer replicas, free capacity in a member, or admit another cluster"),
    )  # fmt: skip


def _quota(ctx: Context, group: Group, binding: Object, said: Told) -> Finding:
    words = QUOTA.search(said.message)
    quota = ctx.snap.get(FEDERATED_QUOTA, words["namespace"], words["name"]) if words else None
    evidence: list[Evidence] = [ctx.cite(binding, said.path)]
    if quota is None or words is None:
        subject, summary = binding.ref, f"is refused: {said.message}"
    else:
        path = f"spec.overall{key(words['resource'])}"
        if isinstance(value_at(quota.whole, path), str | int):
            evidence.append(ctx.cite(quota, path))
        subject = quota.ref
        summary = f"limits {words['resource']} to {words['limit']}, and {words['asked']} would be asked for in sum"
    return _finding(
        group, binding, said, evidence, name="karmada-federated-quota-exceeded", subject=subject, summary=summary,
        remedy=Remedy(text="raise spec.overall of the FederatedResourceQuota, or scale down", who="queue-admin"),
    )  # fmt: skip


def _finding(  # noqa: PLR0913  the parts of a finding
    group: Group, binding: Object, said: Told, evidence: list[Evidence], *, name: str, subject: Ref, summary: str,
    remedy: Remedy, members: tuple[Ref, ...] = (), further: tuple[Because, ...] = (),
    confidence: Confidence | None = None,
) -> Finding:  # fmt: skip
    why = f"the scheduler says of {binding.namespace}/{binding.name}: {said.message}"
    proof = tuple(piece for piece in evidence if getattr(piece, "object", None) == binding.ref)
    share = group.share
    return Finding(
        name=name, subject=subject, summary=summary, evidence=as_proof(evidence), since=group.since, members=members,
        confidence=confidence,
        accounts_for=(Because(group, why, proof, members=share), *further), remedies=(remedy,),
    )  # fmt: skip
