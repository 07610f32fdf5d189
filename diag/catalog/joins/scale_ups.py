"""Scale-ups: who waits for a machine, and what the scaler says of it last."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.facts import cluster_autoscaler, karpenter
from diag.facts.cluster_autoscaler import REFUSED, TRIGGERED, NodeGroup
from diag.findings import Ref, Severity
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Event
from diag.trouble.groups import Group

POOL = "karpenter.sh/NodePool"
CLAIM = "karpenter.sh/NodeClaim"
SOLD_OUT = "InsufficientCapacityError"  # the event's reason; the condition's is the same
MAX_TEXT = 400  # of what a scaler says, in a summary


def waiting(ctx: Context) -> Iterator[Group]:
    """Groups that wait for a machine that is not on its way.

    A node that is there and out of order would take the others: then that is what is wrong.
    """
    for group in ctx.groups("pod-unscheduled"):
        if group.severity is not Severity.INFO and ctx.pools.remaining(group) > 0:
            yield group


def karpenter_said(ctx: Context, group: Group) -> Event | None:
    """Karpenter's newest sentence about a pod of the group."""
    events = [
        event
        for pod in group.members
        for event in ctx.warnings(pod, "FailedScheduling")
        if ((event.source.component if event.source else None) or event.reporting_component) == "karpenter"
    ]
    return max(events, key=lambda one: one.last_seen or "", default=None)


def nominated(ctx: Context, group: Group) -> set[str]:
    """The NodeClaims that pods of the group were to wait for."""
    events = [event for pod in group.members for event in ctx.snap.events(pod) if event.reason == "Nominated"]
    return {name for event in events if (name := karpenter.nominated(event.text))}


def sold_out(ctx: Context) -> Iterator[tuple[str, Event]]:
    """NodeClaims for which the cloud had no machine, with the event that says so."""
    for kind, namespace, name in ctx.snap.event_subjects():
        if kind != "NodeClaim" or not name:
            continue
        for event in ctx.snap.events(Ref(ctx.cluster, "karpenter.sh/v1", kind, namespace, name)):
            if event.reason == SOLD_OUT or "insufficient capacity" in event.text[:MAX_TEXT]:
                yield name, event
                break


def pool_of(ctx: Context, claim: str) -> str:
    """The NodePool of a NodeClaim: by its label, else by its name, which is that of the pool and a random part."""
    held = ctx.snap.get(CLAIM, "", claim)
    return (held.labels.get("karpenter.sh/nodepool", "") if held else "") or claim.rpartition("-")[0]


def pool(ctx: Context, name: str) -> tuple[Ref, Object | None]:
    """A NodePool by its name, whether it is here or not."""
    held = ctx.snap.get(POOL, "", name)
    return (held.ref if held else Ref(ctx.cluster, "karpenter.sh/v1", "NodePool", "", name, seen=False)), held


def autoscaler_said(ctx: Context, group: Group) -> Event | None:
    """The cluster-autoscaler's newest refusal, if it has not changed its mind since."""
    events = [event for pod in group.members for event in ctx.snap.events(pod)]
    told = [event for event in events if event.reason == TRIGGERED or event.reason in REFUSED]
    newest = max(told, key=lambda one: (one.last_seen or "", one.reason in REFUSED), default=None)
    return newest if newest is not None and newest.reason in REFUSED else None


def asked_for(ctx: Context, group: Group) -> dict[str, Event]:
    """The node groups that were to be made larger for pods of the group, with the event that says so."""
    return {
        name: event
        for pod in group.members
        for event in ctx.snap.events(pod)
        if event.reason == TRIGGERED
        for name in cluster_autoscaler.triggered(event.text)
    }


def status(ctx: Context) -> tuple[Ref, Object | None]:
    """The ConfigMap in which the cluster-autoscaler tells its state, whether it is here or not."""
    name = cluster_autoscaler.STATUS
    held = next((item for item in ctx.snap.all("ConfigMap") if item.name == name), None)
    return (held.ref if held else Ref(ctx.cluster, "v1", "ConfigMap", "kube-system", name, seen=False)), held


def node_groups(held: Object | None) -> list[NodeGroup]:
    """The node groups that the ConfigMap tells of."""
    text = value_at(held.whole, "data.status") if held is not None else None
    return cluster_autoscaler.node_groups(text) if isinstance(text, str) else []
