"""QUO641, QUO642: what holds the node to which Armada pinned a job."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.custom_resources import text_at
from diag.facts.gpus import Amounts, amounts, gpus_of, pod_requests
from diag.facts.pods import occupies_node
from diag.findings import Basis, Because, Evidence, Finding, Question, Ref, Remedy, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group

# armadaproject/armada internal/executor/domain/pod_metadata.go
JOB, QUEUE, PREEMPTED = "armada_job_id", "armada_queue_id", "reported_preempted"
HOST_LABEL = "kubernetes.io/hostname"
KEEP = Remedy(text="nothing, unless the job must not be preempted: then use a priority class that is not preemptible")
PINNED = f"spec.nodeSelector{key(HOST_LABEL)}"

GAVE_WAY = """Armada's own scheduler preempted the run for another queue.

## What it means
The executor deletes the pod, and marks it as preempted. What takes its place waits until it is gone.

## Why it happens
Armada shares GPUs fairly between queues. A preemptible run of a queue above its share gives way.

## Evidence
The annotation `reported_preempted`, the queues of both pods, and the node that both are pinned to.

## What to do
Nothing, unless the job must not be preempted: then use a priority class that is not preemptible.

## Known limits
Why Armada chose this run is told only by Armada itself.
"""


@rule(
    "QUO641",
    name="armada-node-taken-by-unmanaged-pod",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    others=(Named(id="QUO642", name="armada-preempted", page=GAVE_WAY, basis=Basis.COUNTED),),
)
def armada(ctx: Context) -> Iterator[Finding]:
    """A pod outside Armada took the GPUs of the node to which its job is pinned.

    ## What it means
    Armada chooses the node itself and pins the pod to it. It did not know of a pod that somebody else placed there, so
    the job does not fit, and no other node may take it.

    ## Why it happens
    Armada's nodes are open to other pods, and Armada learns of them with a delay.

    ## Evidence
    The pod's nodeSelector, and the pods on that node without the label `armada_job_id` with the GPUs that they hold.

    ## What to do
    Keep Armada's nodes for Armada with a taint, or move the other pod. Armada tries again after some minutes.

    ## Known limits
    Only GPUs are compared.
    """
    told: set[Ref] = set()
    for group in ctx.groups("pod-unscheduled"):
        first = group.first
        if not isinstance(first, Pod) or JOB not in first.labels or group.shape is None:
            continue
        node = ctx.snap.node(text_at(first, PINNED))
        if node is not None:
            for finding in _judge(ctx, group, first, node, need=group.shape.gpus):
                told.update((*finding.members, finding.subject))
                yield finding
    for group in ctx.groups("pod-failed", "pod-evicted"):
        yield from _gave_way(ctx, group, told)


def _gave_way(ctx: Context, group: Group, told: set[Ref]) -> Iterator[Finding]:
    """Runs that ended as they were preempted, where what took their place is not waiting any more, or not here."""
    gone = [pod for pod in group.members if JOB in pod.labels and PREEMPTED in pod.annotations]
    if not gone or ctx.workload(gone[0]).ref in told:
        return
    victim = gone[0]
    proof: list[Evidence] = [ctx.cite(victim, f"metadata.annotations.{PREEMPTED}")]
    proof += [ctx.cite(pod, f"metadata.labels.{QUEUE}") for pod in gone[:3] if QUEUE in pod.labels]
    summary = f"was preempted by Armada's scheduler ({PREEMPTED}), which then ended it"
    yield Finding(
        name="armada-preempted",
        subject=ctx.workload(victim).ref,
        summary=summary,
        evidence=as_proof([*proof, *group.evidence]),
        accounts_for=(Because(group, summary, tuple(proof), members=len(gone)),),
        members=tuple(pod.ref for pod in gone[1:]),
        since=group.since,
        remedies=(KEEP,),
    )


def _judge(ctx: Context, group: Group, first: Pod, node: Node, *, need: Amounts) -> Iterator[Finding]:
    there = [pod for pod in ctx.snap.pods_on(node.name) if occupies_node(pod)]
    for resource, amount in need.items():
        held = {pod.ref: gpus_of(pod_requests(pod)).get(resource, 0) for pod in there}
        offered = gpus_of(amounts(node.status.allocatable)).get(resource, 0)
        left = offered - sum(held.values())
        leaving = [pod for pod in there if PREEMPTED in pod.annotations and held[pod.ref]]
        foreign = [pod for pod in there if JOB not in pod.labels and held[pod.ref]]
        if amount <= left:
            continue
        if amount <= left + sum(held[pod.ref] for pod in leaving):
            yield _preempted(ctx, group, first, node, leaving)
        elif amount <= left + sum(held[pod.ref] for pod in foreign):
            yield _taken(ctx, group, first, node, sorted(foreign, key=lambda pod: (-held[pod.ref], pod.name)), resource)
        return


def _taken(ctx: Context, group: Group, first: Pod, node: Node, foreign: list[Pod], resource: str) -> Finding:
    sums = sum(gpus_of(pod_requests(pod)).get(resource, 0) for pod in foreign)
    names = ", ".join(f"{pod.namespace}/{pod.name}" for pod in foreign[:3])
    taken = ctx.compute(
        f"{resource} on {node.name} that pods outside Armada hold",
        sums,
        [ctx.cite(pod, "spec.nodeName") for pod in foreign],
    )
    proof: list[Evidence] = [ctx.cite(first, PINNED), taken]
    summary = f"{names} holds {sums} {resource} on {node.name}, to which Armada had pinned {first.name}"
    return Finding(
        subject=ctx.workload(foreign[0]).ref,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, tuple(proof)),),
        since=group.since,
        remedies=(
            Remedy(text="keep Armada's nodes for Armada with a taint, and move the other pod", who="platform"),
            Remedy(text="or wait: Armada's executor gives the pod back after some minutes and tries again"),
        ),
    )


def _preempted(ctx: Context, group: Group, first: Pod, node: Node, leaving: list[Pod]) -> Finding:
    victim = leaving[0]
    proof: list[Evidence] = [ctx.cite(victim, f"metadata.annotations.{PREEMPTED}")]
    proof += [ctx.cite(pod, f"metadata.labels.{QUEUE}") for pod in (victim, first) if QUEUE in pod.labels]
    proof.append(ctx.cite(first, PINNED))
    queues = f"queue {victim.labels.get(QUEUE, '?')} gives way to queue {first.labels.get(QUEUE, '?')} on {node.name}"
    summary = f"was preempted by Armada's scheduler ({PREEMPTED}): {queues}, and {first.name} waits until it is gone"
    gone = [one for one in ctx.groups("pod-stuck-terminating", "pod-failed", "pod-evicted") if victim in one.members]
    return Finding(
        name="armada-preempted",
        subject=ctx.workload(victim).ref,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=tuple(Because(one, summary, tuple(proof[:1])) for one in (group, *gone)),
        members=tuple(pod.ref for pod in leaving[1:]),
        since=victim.metadata.deletion_timestamp,
        remedies=(KEEP,),
    )
