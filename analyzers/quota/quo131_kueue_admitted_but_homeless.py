"""QUO131 to QUO133: Kueue admitted a workload for nodes that are not there, too few, or held by others."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.joins.queueing import page
from diag.catalog.rule import Named, rule
from diag.facts.gpus import pod_requests
from diag.facts.nodes import allocatable
from diag.facts.pods import occupies_node
from diag.facts.quantity import show
from diag.facts.words import listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.projection import Object, dicts
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.kueue import conditions, is_true, part, quotas
from diag.trouble.shapes import main_gpu
from diag.vocab.kueue import CLUSTER_QUEUE, FLAVOR, GROUP, QUEUE_LABEL, WORKLOAD

HARDWARE_PAGE = page(
    "The quota of a flavor is larger than what its nodes offer.",
    means="Kueue counts quota and not nodes: it admits more than fits, and the pods wait for a node although they were "
    "admitted.",
    happens="Nodes were removed, or the quota was set for nodes that never came.",
    evidence="`nominalQuota` of all ClusterQueues for the flavor, against the allocatable GPUs of its nodes.",
    todo="Lower the quota to what the nodes offer, or add nodes.",
)
UNMANAGED_PAGE = page(
    "GPU pods run outside Kueue and use capacity that its quota counts as free.",
    means="Kueue counts what it admitted. Pods that never passed a queue hold GPUs of the flavor's nodes, so an "
    "admitted workload finds none.",
    happens="Jobs without the label kueue.x-k8s.io/queue-name run at once, unless manageJobsWithoutQueueName is set; "
    "so do kinds that Kueue does not manage.",
    evidence="The pods on the flavor's nodes that bear nothing of Kueue, with the GPUs that they hold, and the quota, "
    "which the nodes do cover.",
    todo="Give these jobs a queue, set manageJobsWithoutQueueName, or lower the quota by what runs beside it.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Pods without a node, the Workload that was admitted for them, and the flavor that it got for their GPUs."""

    group: Group
    workload: Object
    queue: str
    resource: str
    need: int  # of it, for one pod
    flavor: Object
    flavor_path: str

    @property
    def labels(self) -> dict[str, str]:
        """The labels that a node of the flavor has."""
        labels = part(self.flavor, "spec", "nodeLabels")
        return {name: value for name, value in labels.items() if isinstance(value, str)}


@rule(
    "QUO131",
    name="kueue-flavor-labels-match-no-node",
    question=Question.PLACED,
    inputs=("Pod", "Node", WORKLOAD, CLUSTER_QUEUE, FLAVOR),
    refines=("node-selector-no-match", "node-affinity-no-match", "gpu-product-not-present", "no-gpu-nodes"),
    others=(
        Named(
            id="QUO132", name="kueue-quota-exceeds-hardware", page=HARDWARE_PAGE, refines=("gpu-capacity-exhausted",)
        ),
        Named(
            id="QUO133",
            name="kueue-unmanaged-job",
            page=UNMANAGED_PAGE,
            refines=("gpu-capacity-exhausted", "gpu-fragmentation"),
        ),
    ),
    visits={WORKLOAD: 1, CLUSTER_QUEUE: 1},
)
def kueue_admitted_but_homeless(ctx: Context) -> Iterator[Finding]:
    """The labels of the flavor that Kueue assigned are on no node.

    ## What it means
    Kueue gives admitted pods the labels of their flavor as a node selector. No node has them, so the pods never find
    one, and the selector is not in the job's own template.

    ## Why it happens
    The ResourceFlavor was written for nodes that are not there or are labelled otherwise.

    ## Evidence
    The flavor in the Workload's admission, `spec.nodeLabels` of the flavor, and the labels of the nodes.

    ## What to do
    Correct the labels of the ResourceFlavor, or label the nodes.

    ## Known limits
    A node group that an autoscaler could scale up from zero is not seen, so that this is likely and never certain.
    """
    admitted: dict[Ref, list[Object]] = defaultdict(list)
    for item in ctx.snap.all(WORKLOAD):
        if is_true(conditions(item), "Admitted"):
            admitted[ctx.workload(item).ref].append(item)
    all_nodes, queues = ctx.snap.nodes(), ctx.snap.all(CLUSTER_QUEUE)
    for group in ctx.groups("pod-unscheduled"):
        found = _admitted(ctx, group, admitted.get(group.workload, []))
        if found is None or not all_nodes:
            continue
        nodes = _nodes_of(ctx, found, all_nodes)
        if not nodes and found.labels:
            yield _no_node(ctx, found, all_nodes)
        elif nodes:
            yield from _too_much(ctx, found, nodes, queues)
            yield from _unmanaged(ctx, found, nodes, queues, frozenset(admitted))


def _admitted(ctx: Context, group: Group, workloads: list[Object]) -> Admitted | None:
    """The Workload that was admitted for a group's pods, with the flavor of their GPUs."""
    requests = group.shape.requests if group.shape else {}
    resource = main_gpu(requests)
    if resource is None:
        return None
    for item in workloads:
        admission = part(item, "status", "admission")
        for index, one in enumerate(dicts(admission.get("podSetAssignments"))):
            flavors = one.get("flavors")
            name = flavors.get(resource) if isinstance(flavors, dict) else None
            flavor = ctx.snap.get(FLAVOR, "", name) if isinstance(name, str) else None
            if flavor is not None:
                return Admitted(
                    group=group, workload=item, queue=str(admission.get("clusterQueue") or ""), resource=resource,
                    need=requests[resource], flavor=flavor,
                    flavor_path=f"status.admission.podSetAssignments[{index}].flavors{key(resource)}",
                )  # fmt: skip
    return None


def _nodes_of(ctx: Context, found: Admitted, nodes: list[Node]) -> list[Node]:
    """The nodes that a flavor stands for: those with its labels; without any, all that the pods may use."""
    if found.labels or found.group.shape is None:
        wanted = found.labels.items()
        return [node for node in nodes if all(node.labels.get(name) == value for name, value in wanted)]
    return [node for node in ctx.place.count(found.group.shape).open if allocatable(node).get(found.resource, 0)]


def _no_node(ctx: Context, found: Admitted, nodes: list[Node]) -> Finding:
    labels = ", ".join(f"{name}={value}" for name, value in sorted(found.labels.items()))
    assigned = ctx.cite(found.workload, found.flavor_path)
    pieces: list[Evidence] = [ctx.cite(found.flavor, f"spec.nodeLabels{key(name)}") for name in sorted(found.labels)]
    there = [
        ctx.cite(node, f"metadata.labels{key(name)}")
        for name in sorted(found.labels)
        for node in nodes
        if name in node.labels
    ]
    pieces += [assigned, *there[:4], *found.group.evidence]
    first, *rest = pieces
    who = found.group.workload
    summary = f"stands for nodes with {labels}, and none has them; {who.kind} {who.name} was admitted with it"
    return Finding(
        subject=found.flavor.ref,
        summary=summary,
        evidence=(first, *rest),
        accounts_for=(Because(found.group, f"ResourceFlavor {found.flavor.name} {summary}", (first, assigned)),),
        confidence=Confidence.LIKELY,
        since=found.group.since,
        remedies=(
            Remedy(text="correct spec.nodeLabels of the ResourceFlavor", who="queue-admin"),
            Remedy(text="or label the nodes", command="kubectl get nodes --show-labels", who="platform"),
        ),
    )


def _too_much(ctx: Context, found: Admitted, nodes: list[Node], queues: list[Object]) -> Iterator[Finding]:
    """More quota than the flavor's nodes offer, for pods that wait only because their GPUs are in use."""
    slot = (found.flavor.name, found.resource)
    given = [(queue, quota) for queue in queues if (quota := quotas(queue).get(slot))]
    promised = sum(quota.nominal for _, quota in given)
    offered = sum(allocatable(node).get(found.resource, 0) for node in nodes)
    queue = ctx.snap.get(CLUSTER_QUEUE, "", found.queue)
    left = ctx.pools.remaining(found.group)
    if queue is None or promised <= offered or left <= 0 or _other_reason(ctx, found, nodes):
        return
    given_out: Evidence = ctx.compute(
        f"quota of {found.resource} in flavor {found.flavor.name}",
        show(promised, found.resource),
        [ctx.cite(item, f"{one.path}.nominalQuota") for item, one in given],
    )
    have: Evidence = ctx.compute(
        f"{found.resource} that its {len(nodes)} nodes offer",
        show(offered, found.resource),
        [ctx.cite_or_lack(node, f"status.allocatable{key(found.resource)}") for node in nodes],
    )
    who = found.group.workload
    summary = (
        f"and its likes have quota for {show(promised, found.resource)} {found.resource} of flavor "
        f"{found.flavor.name}, but the nodes offer {show(offered, found.resource)}; {who.kind} {who.name} was admitted "
        "and finds no node"
    )
    yield Finding(
        name="kueue-quota-exceeds-hardware",
        subject=queue.ref,
        summary=summary,
        evidence=(given_out, have, ctx.cite(found.workload, found.flavor_path), *found.group.evidence),
        accounts_for=(Because(found.group, f"ClusterQueue {queue.name} {summary}", (given_out, have), members=left),),
        confidence=Confidence.LIKELY,
        since=found.group.since,
        remedies=(
            Remedy(text="lower the quota to what the nodes offer", who="queue-admin"),
            Remedy(text="or add nodes of the flavor", who="platform"),
        ),
    )


def _unmanaged(
    ctx: Context, found: Admitted, nodes: list[Node], queues: list[Object], managed: frozenset[Ref]
) -> Iterator[Finding]:
    """Pods that passed no queue, on a node that would have room for the pod without them."""
    slot = (found.flavor.name, found.resource)
    promised = sum(quota.nominal for queue in queues if (quota := quotas(queue).get(slot)))
    offered = sum(allocatable(node).get(found.resource, 0) for node in nodes)
    if not 0 < promised <= offered or ctx.pools.remaining(found.group) <= 0 or _other_reason(ctx, found, nodes):
        return
    for node in nodes:
        there = [pod for pod in ctx.snap.pods_on(node.name) if occupies_node(pod) and _is_foreign(ctx, pod, managed)]
        held = {pod.ref: pod_requests(pod).get(found.resource, 0) for pod in there}
        if ctx.place.free[node.name].get(found.resource, 0) + sum(held.values()) >= found.need:
            holders = sorted((pod for pod in there if held[pod.ref]), key=lambda pod: (-held[pod.ref], pod.name))
            yield _beside(ctx, found, node, holders, sum(held.values()))
            return


def _is_foreign(ctx: Context, pod: Pod, managed: frozenset[Ref]) -> bool:
    """Whether nothing of a pod, and of what owns it, is Kueue's."""
    above = [pod, *(owner for ref in ctx.lineage(pod) if (owner := ctx.snap.find(ref)) is not None)]
    words = (word for item in above for word in (*item.labels, *item.annotations))
    return ctx.workload(pod).ref not in managed and not any(word.startswith(f"{GROUP}/") for word in words)


def _beside(ctx: Context, found: Admitted, node: Node, holders: list[Pod], held: int) -> Finding:
    owner = ctx.workload(holders[0])
    counted = ctx.compute(
        f"{found.resource} on {node.name} that pods outside Kueue hold", show(held, found.resource),
        [ctx.cite(pod, "spec.nodeName") for pod in holders],
    )  # fmt: skip
    assigned = ctx.cite(found.workload, found.flavor_path)
    who = found.group.workload
    names = listed([f"{pod.namespace}/{pod.name}" for pod in holders], 3)
    summary = (
        f"runs outside Kueue on {node.name}: {names} hold {show(held, found.resource)} {found.resource} that the quota "
        f"counts as free, and {who.kind} {who.name}, which was admitted, finds no node"
    )
    return Finding(
        name="kueue-unmanaged-job",
        subject=owner.ref,
        summary=summary,
        evidence=(counted, assigned, ctx.lack(owner, f"metadata.labels{key(QUEUE_LABEL)}"), *found.group.evidence),
        accounts_for=(Because(found.group, f"{owner.kind} {owner.name} {summary}", (counted, assigned)),),
        confidence=Confidence.LIKELY,
        since=found.group.since,
        remedies=(
            Remedy(text=f"give {owner.kind} {owner.name} the label {QUEUE_LABEL}, or move it to other nodes"),
            Remedy(text="set manageJobsWithoutQueueName, or lower the quota by what runs beside it", who="queue-admin"),
        ),
    )


def _other_reason(ctx: Context, found: Admitted, nodes: list[Node]) -> bool:
    """Whether something else is in the way: a node of the flavor has the free GPUs, or none is large enough."""
    if all(allocatable(node).get(found.resource, 0) < found.need for node in nodes):
        return True
    return any(ctx.place.free[node.name].get(found.resource, 0) >= found.need for node in nodes)
