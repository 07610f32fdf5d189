"""MCL109: a workload on a Karmada control plane that no policy selects."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.karmada import BINDINGS, CLUSTER
from diag.facts.words import listed, nearest
from diag.findings import Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import value_at

KINDS = ("apps/Deployment", "apps/StatefulSet", "batch/Job")
POLICY, CLUSTER_POLICY = "policy.karmada.io/PropagationPolicy", "policy.karmada.io/ClusterPropagationPolicy"
# pkg/apis/policy/v1alpha1: what the detector writes on a template that a policy claims.
CLAIMED = ("propagationpolicy.karmada.io/", "clusterpropagationpolicy.karmada.io/")
LASTING_S = 10 * 60


@rule(
    "MCL109",
    name="karmada-policy-missing",
    question=Question.CREATED,
    severity=Severity.WARNING,
    inputs=(*KINDS, POLICY, CLUSTER_POLICY, BINDINGS[0], CLUSTER, "Node"),
)
def karmada_policy_missing(ctx: Context) -> Iterator[Finding]:
    """No propagation policy selects the resource, so it stays on the control plane.

    ## What it means
    Karmada's API server takes the object and runs nothing itself. Without a policy that selects it, no cluster is ever
    chosen, and nothing says so.

    ## Why it happens
    The policy is missing or in another namespace, or its selector names another kind, name or label.

    ## Evidence
    The resource without the marks of a policy, without a ResourceBinding and without a status, and what the policies
    that are there select.

    ## What to do
    Write a PropagationPolicy in the namespace that selects it, or correct the selector.

    ## Known limits
    Only where the files are those of a Karmada API server: member Clusters, and no Node. Silent where a policy seems
    to select the resource.
    """
    if not ctx.snap.all(CLUSTER) or ctx.snap.nodes() or not (ctx.snap.holds(POLICY) or ctx.snap.holds(CLUSTER_POLICY)):
        return
    policies = [item for kind in (POLICY, CLUSTER_POLICY) for item in ctx.snap.all(kind)]
    for kind in KINDS:
        for item in ctx.snap.all(kind):
            if _is_alone(ctx, item) and not any(_selects(policy, item) for policy in policies):
                yield _finding(ctx, item, policies)


def _is_alone(ctx: Context, item: Object) -> bool:
    """Whether nobody has done anything with it for minutes: no policy, no binding, no owner, no status."""
    marks = (*item.labels, *item.annotations)
    return (
        ctx.snap.get(BINDINGS[0], item.namespace, f"{item.name}-{item.ref.kind.lower()}") is None
        and not item.owners
        and not item.whole.get("status")
        and not any(mark.startswith(CLAIMED) for mark in marks)
        and ctx.older(item.created, LASTING_S)
    )


def _selectors(policy: Object, item: Object) -> list[JsonDict]:
    """The selectors of a policy that reach objects of the kind in the namespace."""
    if policy.namespace not in ("", item.namespace):
        return []
    return [
        one
        for one in dicts(value_at(policy.whole, "spec.resourceSelectors"))
        if (one.get("apiVersion"), one.get("kind")) == (item.api_version, item.kind)
        and one.get("namespace") in (None, "", item.namespace)
    ]


def _selects(policy: Object, item: Object) -> bool:
    """Whether a selector names the object, or takes all of its kind; one with labels or expressions may."""
    return any(one.get("name") in (None, "", item.name) for one in _selectors(policy, item))


def _finding(ctx: Context, item: Object, policies: list[Object]) -> Finding:
    names = sorted({str(one["name"]) for policy in policies for one in _selectors(policy, item)})
    near = nearest(item.name, names)
    proof: list[Evidence] = [ctx.lack(item, "status.observedGeneration"), ctx.cite(item, "metadata.name")]
    others = f"; policies select {listed(names, 3)}" if names else ""
    slip = f"; a policy that selects {near} may mean it" if near else others
    return Finding(
        subject=item.ref,
        summary=f"is selected by no policy ({len(policies)} looked at), so it reaches no cluster{slip}",
        evidence=as_proof(proof),
        confidence=Confidence.LIKELY,
        since=item.created,
        remedies=(
            Remedy(
                text=f"write a PropagationPolicy in {item.namespace} that selects {item.kind} {item.name}",
                command="kubectl get propagationpolicies,clusterpropagationpolicies -A",
            ),
        ),
    )
