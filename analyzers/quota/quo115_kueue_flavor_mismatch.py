"""QUO115: no flavor of the ClusterQueue may take a workload's pods."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.queueing import INPUTS, Waiting, blocked, page, pieces, said, waiting
from diag.catalog.rule import Named, rule
from diag.facts.kueue_message import Obstacle, Reason
from diag.findings import Basis, Evidence, Finding, Question, Remedy
from diag.projection import Object, dicts
from diag.snapshot.cite import key, value_at
from diag.trouble.relations.kueue import part, quotas
from diag.vocab.kueue import FLAVOR

UNCOVERED_PAGE = page(
    "The workload asks for a resource that the ClusterQueue has no quota for.",
    means="Kueue needs quota for every resource that a pod asks for; one is in none of the `coveredResources`.",
    happens="The queue was made for GPUs alone, and a LimitRange or a sidecar adds CPU or memory; or the GPU has"
    " another resource name.",
    evidence="The workload's condition, and the `coveredResources` of the ClusterQueue.",
    todo="Cover the resource, or leave it out of Kueue's count (`excludeResourcePrefixes` of its configuration).",
)


@rule(
    "QUO115",
    name="kueue-flavor-mismatch",
    question=Question.ADMITTED,
    basis=Basis.SAID,
    inputs=(*INPUTS, FLAVOR),
    others=(Named(id="QUO116", name="kueue-resource-not-covered", page=UNCOVERED_PAGE, basis=Basis.SAID),),
)
def kueue_flavor_mismatch(ctx: Context) -> Iterator[Finding]:
    """The pod's tolerations or selector fit no flavor of the ClusterQueue.

    ## What it means
    Each flavor stands for nodes with certain labels and taints. The pod template tolerates the taints of none of
    them, or selects other labels, so Kueue cannot assign one, however much quota is free.

    ## Why it happens
    A toleration was forgotten, or the selector was written for another pool than the queue's flavors describe.

    ## Evidence
    The workload's condition, with the taint, and `nodeTaints` or `nodeLabels` of the flavor.

    ## What to do
    Add the toleration to the pod template, or to `spec.tolerations` of the flavor, which gives it to every pod that
    it takes; or correct the selector.

    ## Known limits
    Where one of several flavors only lacks free quota, the workload waits for that one, and the mismatch of the
    others is not reported.
    """
    for one in waiting(ctx):
        reason, queue = one.decisive(), one.queue
        if reason is None or queue is None or not one.evaluated:
            continue
        if reason.obstacle is Obstacle.MISMATCH:
            yield _mismatch(ctx, one, queue, reason)
        elif reason.obstacle is Obstacle.UNCOVERED:
            yield _uncovered(ctx, one, queue, reason)


def _mismatch(ctx: Context, one: Waiting, queue: Object, reason: Reason) -> Finding:
    where = f"flavor {reason.flavor} of ClusterQueue {queue.name}"
    if reason.tas:
        return _by_topology(ctx, one, reason, where)
    if reason.taint:
        summary = f"does not tolerate the taint {{{reason.taint}}} of {where}"
        remedy = Remedy(text=f"add a toleration for {reason.taint} to the pod template")
    else:
        summary = f"selects other nodes than {where} stands for"
        remedy = Remedy(text="correct the node selector or affinity of the pod template")
    return blocked(
        one, "", one.group.workload, summary,
        pieces(said(ctx, one.item, "QuotaReserved"), *_flavor(ctx, reason), *_selected(ctx, one.item, reason)),
        remedies=(
            remedy,
            Remedy(
                text=f"or add it to spec.tolerations of ResourceFlavor {reason.flavor}, for all pods that it takes",
                who="queue-admin",
                when="the taint is meant to keep out only what does not come through the queue",
            ) if reason.taint else Remedy(text="or use a queue that has a flavor for those nodes"),
        ),
    )  # fmt: skip


def _by_topology(ctx: Context, one: Waiting, reason: Reason, where: str) -> Finding:
    """The pods ask for a topology that the flavor has not, or for none where it has one."""
    flavor = ctx.snap.get(FLAVOR, "", reason.flavor)
    if reason.tas == "supports only":
        summary = f"asks for no topology, and {where} takes only what does"
        remedy = Remedy(text="annotate the pod template with a topology (kueue.x-k8s.io/podset-preferred-topology)")
    else:
        summary = f"asks for a topology, and {where} names none"
        remedy = Remedy(text="take the topology annotation off the pod template, or use another queue")
    return blocked(
        one, "", one.group.workload, summary,
        pieces(
            said(ctx, one.item, "QuotaReserved"),
            ctx.cite_or_lack(flavor, "spec.topologyName") if flavor is not None else None,
        ),
        remedies=(
            remedy,
            Remedy(text=f"or change spec.topologyName of ResourceFlavor {reason.flavor}", who="queue-admin"),
        ),
    )  # fmt: skip


def _selected(ctx: Context, item: Object, reason: Reason) -> list[Evidence]:
    """What the pods select by labels that the flavor has with another value."""
    flavor = ctx.snap.get(FLAVOR, "", reason.flavor)
    if flavor is None or reason.taint:
        return []
    labels = part(flavor, "spec", "nodeLabels")
    found: list[Evidence] = []
    sets = part(item, "spec").get("podSets")
    for index in range(len(sets) if isinstance(sets, list) else 0):
        path = f"spec.podSets[{index}].template.spec.nodeSelector"
        selector = value_at(item.whole, path)
        for name, value in selector.items() if isinstance(selector, dict) else ():
            if isinstance(value, str) and labels.get(name, value) != value:
                found.append(ctx.cite(item, f"{path}{key(name)}"))
    return found


def _flavor(ctx: Context, reason: Reason) -> list[Evidence]:
    """The taint or the labels of the flavor."""
    flavor = ctx.snap.get(FLAVOR, "", reason.flavor)
    if flavor is None:
        return []
    if not reason.taint:
        labels = part(flavor, "spec", "nodeLabels").items()
        return [ctx.cite(flavor, f"spec.nodeLabels{key(name)}") for name, value in labels if isinstance(value, str)]
    found: list[Evidence] = []
    taints = part(flavor, "spec").get("nodeTaints")
    for index, taint in enumerate(taints if isinstance(taints, list) else ()):
        if dicts([taint]) and taint.get("key") == reason.taint.split(" ")[0]:
            found += [
                ctx.cite(flavor, f"spec.nodeTaints[{index}].{name}")
                for name in ("key", "value", "effect")
                if isinstance(taint.get(name), str)
            ]
    return found


def _uncovered(ctx: Context, one: Waiting, queue: Object, reason: Reason) -> Finding:
    covered = sorted({resource for _, resource in quotas(queue)})
    names = f" (it covers {', '.join(covered)})" if covered else ""
    who = one.group.workload
    return blocked(
        one, "kueue-resource-not-covered", queue.ref,
        f"has no quota for {reason.resource}{names}, which {who.kind} {who.name} asks for",
        pieces(
            said(ctx, one.item, "QuotaReserved"),
            *(ctx.cite(queue, f"{quota.path}.name") for quota in quotas(queue).values()),
        ),
        remedies=(
            Remedy(text=f"add {reason.resource} to coveredResources of the ClusterQueue", who="queue-admin"),
            Remedy(text="or do not ask for it"),
        ),
    )  # fmt: skip
