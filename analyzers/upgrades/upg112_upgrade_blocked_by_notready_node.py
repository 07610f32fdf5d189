"""UPG112: nodes that are away use up the budget of a driver upgrade."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.nodes import gpus, is_ready
from diag.facts.upgrade_policy import UpgradePolicy, upgrade_policy
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.kinds import Node, Pod
from diag.trouble.detect.upgrades import LABEL, is_available
from diag.trouble.groups import Group
from diag.vocab.drains import LIMIT_REACHED, POLICY_KINDS, UPGRADE_FAILED

OPERATOR = "gpu-operator"
SHOWN = 3


@rule(
    "UPG112",
    name="upgrade-blocked-by-notready-node",
    question=Question.DRAINS,
    inputs=("Node", "Pod", *POLICY_KINDS),
    refines=("node-not-ready",),
)
def upgrade_blocked_by_notready_node(ctx: Context) -> Iterator[Finding]:
    """Nodes that are away use up the budget of a driver upgrade.

    ## What it means
    The operator may have only so many nodes unavailable at once. Nodes that are NotReady or cordoned count, so with
    those the number is reached, and no other node is upgraded.

    ## Why it happens
    `maxUnavailable` is a quarter by default, which is one node in a pool of four. One broken node then stops the
    upgrade.

    ## Evidence
    The upgrade-state labels, the node's Ready condition, `maxUnavailable` of the policy, and the operator's log.

    ## What to do
    Repair the node or take it out of the cluster, or raise maxUnavailable. What else the node took with it is listed
    with the upgrade: one repair helps both.

    ## Known limits
    Where several policies rule different nodes, the first is taken.
    """
    policies = [
        one for kind in POLICY_KINDS for item in ctx.snap.all(kind) if (one := upgrade_policy(item)) is not None
    ]
    nodes = [node for node in ctx.snap.nodes() if LABEL in node.labels]
    # A node whose own upgrade failed is away for the reason of that.
    away = [node for node in nodes if not is_available(node) and node.labels[LABEL] != UPGRADE_FAILED]
    for group in ctx.groups("rollout-stuck"):  # there is none without a policy
        broken = sorted(away, key=lambda node: (is_ready(node) is not False, node.name))
        if broken:
            yield _finding(ctx, group, policies[0], broken, len(nodes))


def _finding(ctx: Context, group: Group, policy: UpgradePolicy, away: list[Node], count: int) -> Finding:
    most = policy.unavailable(count)
    first = away[0]
    place = next((i for i, one in enumerate(first.status.conditions or ()) if one.type == "Ready"), None)
    state: Evidence = ctx.cite(
        first, f"status.conditions[{place}].status" if place is not None else "spec.unschedulable"
    )
    said = _operator_line(ctx, group.first.namespace)
    bound = f"{policy.where}.maxUnavailable"
    evidence: tuple[Evidence, *tuple[Evidence, ...]] = (
        state,
        ctx.cite_or_lack(policy.item, bound),
        *((said,) if said else ()),
    )
    names = ", ".join(node.name for node in away[:SHOWN])
    how = "is NotReady" if is_ready(first) is False else "is cordoned"
    return Finding(
        subject=first.ref,
        summary=f"{how} and counts against the driver upgrade: {len(away)} of {count} nodes are unavailable ({names}), "
        f"and maxUnavailable {policy.max_unavailable} allows {most}; the others stay in upgrade-required",
        evidence=as_proof((*evidence, *group.evidence)),
        accounts_for=(
            Because(group, f"{names} uses up maxUnavailable {policy.max_unavailable}", evidence),
            *_lost_with(ctx, away, state),
        ),
        confidence=None if said else Confidence.LIKELY,
        members=tuple(node.ref for node in away),
        gpus_lost=sum(gpus(node) for node in away if is_ready(node) is False),
        remedies=(
            Remedy(
                text=f"repair {first.name}, or take it out of the cluster",
                command=f"kubectl describe node {first.name}",
                who="platform",
            ),
            Remedy(text="raise maxUnavailable of the upgrade policy", who="platform", risk="disruptive"),
        ),
    )


def _lost_with(ctx: Context, away: list[Node], proof: Evidence) -> Iterator[Because]:
    """What the nodes that are not Ready took with them, where they are all that did."""
    names = frozenset(node.name for node in away if is_ready(node) is False)
    for group in ctx.groups("container-not-ready", "pod-stuck-terminating"):
        hosts = {pod.spec.node_name for pod in group.members if isinstance(pod, Pod)}
        if group.state == "node" and hosts <= names:
            yield Because(group, f"its pods run on {', '.join(sorted(names)[:SHOWN])}, not Ready", (proof,))
    for charged in ctx.pools.charged_to(names):
        if charged.pods == charged.group.size - ctx.pools.remaining(charged.group):
            why = f"{charged.pods} of {charged.group.size} pods would fit there if it were Ready"
            yield Because(charged.group, why, (proof,), members=charged.pods)


def _operator_line(ctx: Context, namespace: str) -> Evidence | None:
    """The operator's own word that the limit is reached, from a pod of the namespace of its driver pods."""
    for pod in ctx.snap.pods_in(namespace):
        if OPERATOR in pod.name:
            for container in pod.spec.containers or ():
                for previous, number, text in ctx.logs(pod, container.name or ""):
                    if LIMIT_REACHED in text:
                        return ctx.cite_log(pod, container.name or "", number, previous=previous)
    return None
