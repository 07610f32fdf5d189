"""Scale-ups: who waits for a machine, and what the scaler says of it last."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diag.catalog.context import Context
from diag.facts import cluster_autoscaler, custom_resources, karpenter
from diag.facts.cluster_autoscaler import REFUSED, TRIGGERED, NodeGroup
from diag.facts.karpenter import CLAIM, NOMINATED, SOLD_OUT
from diag.facts.nodes import tolerates
from diag.facts.quantity import milli
from diag.findings import Evidence, Ref, Severity
from diag.projection import Object, dicts
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Event, Taint
from diag.trouble.groups import Group

POOL = "karpenter.sh/NodePool"
BLOCKING = ("NoSchedule", "NoExecute")
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
    events = [event for pod in group.members for event in ctx.snap.events(pod) if event.reason == NOMINATED]
    return {name for event in events if (name := karpenter.nominated(event.text))}


def made_for(ctx: Context, group: Group, claim: Object) -> bool:
    """Whether a NodeClaim was made for pods of the group.

    By Karpenter's word, which lives for an hour; where it names no claim, by the facts: the claim is younger than a
    pod, asks for all kinds of device that the pod asks for, and its NodePool takes the pod.
    """
    named = nominated(ctx, group)
    if named:
        return claim.name in named
    held = ctx.snap.get(POOL, "", pool_of(ctx, claim.name))
    born = min((pod.created for pod in group.members if pod.created), default="")
    asked = value_at(claim.whole, "spec.resources.requests")
    has = milli_of(asked)
    return (
        held is not None
        and group.shape is not None
        and bool(group.shape.gpus)
        and bool(born)
        and (claim.created or "") >= born
        and all(has.get(name, 0) >= 1000 * count for name, count in group.shape.gpus.items())
        and takes(held, group)
    )


def milli_of(amounts: Any) -> dict[str, int]:
    """A map of quantities, in thousandths."""
    items = amounts.items() if isinstance(amounts, dict) else ()
    return {str(name): amount for name, one in items if (amount := milli(one)) is not None}


def strings(value: Any) -> dict[str, str]:
    """The strings of a map."""
    items = value.items() if isinstance(value, dict) else ()
    return {key: one for key, one in items if isinstance(key, str) and isinstance(one, str)}


def takes(pool: Object, group: Group) -> bool:
    """Whether a machine of the NodePool would have the labels that the pods select, and no taint against them."""
    shape = group.shape
    if shape is None:
        return False
    for one in dicts(value_at(pool.whole, "spec.template.spec.taints")):
        taint = Taint(key=str(one.get("key") or ""), value=str(one.get("value") or ""), effect=str(one.get("effect")))
        if taint.effect in BLOCKING and not tolerates(shape.tolerations, taint):
            return False
    labels = strings(value_at(pool.whole, "spec.template.metadata.labels")) | {"karpenter.sh/nodepool": pool.name}
    allowed = {
        str(one.get("key")): [str(value) for value in one["values"]]
        for one in dicts(value_at(pool.whole, "spec.template.spec.requirements"))
        if one.get("operator") == "In" and isinstance(one.get("values"), list)
    }
    return all(
        labels.get(key, value) == value and value in allowed.get(key, [value])
        for key, value in shape.node_selector.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A NodeClaim for which the cloud gave no machine: the reason and the text in which it is told, and where."""

    claim: str
    reason: str
    text: str
    at: str
    evidence: Evidence

    @property
    def is_quota(self) -> bool:
        """Whether the account's quota is what stands against it; Karpenter calls that insufficient capacity, too."""
        return self.reason in karpenter.QUOTA or bool(cluster_autoscaler.QUOTA.search(self.text))


def without_machine(ctx: Context) -> list[Refused]:
    """NodeClaims for which the cloud had no machine, or may give none by the account's quota."""
    found = [
        Refused(claim=name, reason=event.reason or "", text=event.text, at=event.last_seen or "",
                evidence=ctx.cite_event(event))
        for name, event in sold_out(ctx)
    ]  # fmt: skip
    for claim in ctx.snap.all(CLAIM):
        told = custom_resources.told(claim, "Launched")
        if told is None or told.status == "True" or claim.metadata.deletion_timestamp:
            continue
        if told.reason in (*karpenter.QUOTA, *karpenter.CAPACITY):
            found.append(Refused(claim=claim.name, reason=told.reason, text=told.message, at=claim.created or "",
                                 evidence=ctx.cite(claim, told.path)))  # fmt: skip
    return found


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


def ordered(ctx: Context, group: Group) -> Event | None:
    """The newest order of a machine for the pod, where the autoscaler has not refused since."""
    events = [event for pod in group.members for event in ctx.snap.events(pod)]
    told = [event for event in events if event.reason == TRIGGERED or event.reason in REFUSED]
    newest = max(told, key=lambda one: (one.last_seen or "", one.reason in REFUSED), default=None)
    return newest if newest is not None and newest.reason == TRIGGERED else None


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
