"""UPG121: the upgrade of a node pool waits for a surge machine that the cloud does not have."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.cluster_autoscaler import QUOTA, SOLD_OUT
from diag.findings import Basis, FieldEvidence, Finding, Question, Ref, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import key
from diag.snapshot.kinds import Event, Node

MAX_TEXT = 2_000
MAX_SETTINGS = 20_000  # characters of an entry of a ConfigMap
RECENT_S = 3600.0  # an upgrade that waits asks again and again
# Words of whoever upgrades pools: that it adds a machine first, or that it upgrades a pool of machines.
SURGE = re.compile(
    r"(?i)surge.{0,20}?(?:node|machine|instance|vm\b|upgrade|capacity)"
    r"|upgrad.{0,80}(?:node|agent|machine)[ -]?(?:pool|group|set|deployment)"
    r"|(?:node|agent|machine)[ -]?(?:pool|group|set|deployment).{0,80}upgrad"
)
POOL = re.compile(
    r"(?i)(?:(?:node|agent|machine)[ -]?(?:pool|group|set|deployment)) [\"']?(?P<pool>[a-z0-9][\w.-]{0,99})"
)
# How many machines more and less the pool may have: maxSurge of GKE and AKS, maxUnavailable of GKE, AKS and EKS.
SETTINGS = re.compile(r"(?i)max[-_ ]?(?:surge|unavailable)\W{1,5}\d")
POOL_LABELS = ("cloud.google.com/gke-nodepool", "eks.amazonaws.com/nodegroup", "kubernetes.azure.com/agentpool")
PODS_OWN = ("Pod", "ReplicaSet", "Job")  # most events are about these, and none of them upgrades a pool


@rule(
    "UPG121",
    name="nodepool-surge-no-gpu-capacity",
    question=Question.DRAINS,
    inputs=("Event", "Node", "ConfigMap"),
    basis=Basis.SAID,
    severity=Severity.WARNING,
)
def nodepool_surge_stockout(ctx: Context) -> Iterator[Finding]:
    """The pool's surge upgrade needs a spare machine that does not exist.

    ## What it means
    With `maxSurge` 1 and `maxUnavailable` 0 a pool's upgrade first adds a machine, and only then empties an old one.
    The cloud has no further machine of that type, or the quota allows none, so the upgrade does not begin. Nodes and
    workloads are well; the nodes fall behind the control plane.

    ## Why it happens
    Large GPU machines are scarce, and reservations and quotas mostly cover what runs.

    ## Evidence
    The event about the surge machine, the pool's settings where the same object tells them, and the versions of the
    pool's nodes.

    ## What to do
    Upgrade with `maxSurge` 0 and `maxUnavailable` 1, with one node less meanwhile, or reserve a machine.

    ## Known limits
    Needs an event in the cluster; providers tell most of an upgrade in their own console only. Silent where the same
    component tells of something newer that went well.
    """
    for kind, namespace, name in ctx.snap.event_subjects():
        if kind in PODS_OWN:
            continue
        events = ctx.snap.events(Ref(ctx.cluster, "v1", kind, namespace, name))
        place = next((index for index, event in enumerate(events) if _says(event)), None)
        if place is not None and not ctx.older(events[place].last_seen, RECENT_S):
            said = events[place]
            if not any(one.type == "Normal" and one.component == said.component for one in events[:place]):
                yield _finding(ctx, said)


def _says(event: Event) -> bool:
    text = event.text[:MAX_TEXT]
    return bool(SURGE.search(f"{event.reason} {text}") and (SOLD_OUT.search(text) or QUOTA.search(text)))


def _finding(ctx: Context, said: Event) -> Finding:
    about = said.subject
    where = (about.api_version or "v1", about.kind or "", about.namespace or "", about.name or "")
    held = ctx.snap.find(Ref(ctx.cluster, *where))
    text = said.text[:MAX_TEXT]
    found = POOL.search(text)
    pool = found["pool"] if found else ""
    nodes = [node for node in ctx.snap.all("Node") if isinstance(node, Node) and _is_of(node, pool)]
    told = list(_settings(ctx, held)) if held is not None else []
    versions = [ctx.cite_if(node, "status.nodeInfo.kubeletVersion") for node in nodes]
    named = f" of {pool}" if pool else ""
    return Finding(
        subject=held.ref if held is not None else Ref(ctx.cluster, *where, seen=False),
        members=tuple(node.ref for node in nodes),
        summary=f"the upgrade{named} waits for a further machine, which it does not get: {said.reason}: {text}",
        evidence=as_proof([ctx.cite_event(said), *told, *[one for one in versions if one is not None]]),
        second_sign=any(SOLD_OUT.search(str(one.value)) or QUOTA.search(str(one.value)) for one in told),
        since=said.first_seen,
        remedies=(
            Remedy(text="see which version each node of the pool has", command="kubectl get nodes -o wide"),
            Remedy(
                text=f"upgrade the pool{named} with maxSurge 0 and maxUnavailable 1: it has one node less meanwhile",
                who="platform",
                risk="disruptive",
            ),
            Remedy(text="reserve a machine of that type for the upgrade, or wait for capacity", who="cloud"),
        ),
    )


def _settings(ctx: Context, item: Object) -> Iterator[FieldEvidence]:
    """What the object of the upgrade tells of its settings, mostly together with its last error."""
    data = item.whole.get("data")
    for entry, text in data.items() if isinstance(data, dict) else ():
        if isinstance(text, str) and len(text) <= MAX_SETTINGS and SETTINGS.search(text):
            yield ctx.cite(item, f"data{key(entry)}")


def _is_of(node: Node, pool: str) -> bool:
    return any(node.labels.get(label) == pool for label in POOL_LABELS)
