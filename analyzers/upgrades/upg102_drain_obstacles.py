"""UPG102 and UPG103: pods that a drain is not allowed to move."""

from collections.abc import Callable, Iterator
from typing import Any

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.drains import is_to_be_moved
from diag.facts.gpus import gpus_of, pod_requests
from diag.facts.upgrade_policy import UpgradePolicy, upgrade_policy
from diag.findings import Because, Confidence, Evidence, FieldEvidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.vocab.drains import (
    DO_NOT_DISRUPT,
    DRAIN_TAINTS,
    FAILED_DRAINING,
    LOCAL_STORAGE,
    NO_CONTROLLER,
    POLICY_KINDS,
    UPGRADE_STATES,
)

SHOWN = 3

ANNOTATION = """A pod that must not be disrupted keeps a node that has to go.

## What it means
Karpenter empties the node, and a pod on it carries `karpenter.sh/do-not-disrupt`. Karpenter waits until that pod ends
by itself, or until the NodePool's terminationGracePeriod is over.

## Why it happens
The annotation protects a long job, and the node drifted, expired or was deleted meanwhile.

## Evidence
The annotation on the pod, the node that it runs on, and Karpenter's taint or its event FailedDraining on that node.

## What to do
Let the job end, or remove the annotation when the pod may be moved.

## Known limits
A protected pod on a node that nobody empties is no trouble.
"""


@rule(
    "UPG102",
    name="upgrade-drain-blocked",
    question=Question.DRAINS,
    inputs=("Node", "Pod", "Event", *POLICY_KINDS),
    others=(
        Named(id="UPG103", name="drain-blocked-by-annotation", page=ANNOTATION, refines=("upgrade-drain-blocked",)),
    ),
)
def drain_obstacles(ctx: Context) -> Iterator[Finding]:
    """A pod that the drain is not allowed to delete keeps a node from being upgraded.

    ## What it means
    The node is being emptied, and a pod on it has no controller that would make it again, or keeps data in an
    emptyDir. A drain deletes such pods only when it is told to, since what they hold is lost.

    ## Why it happens
    Somebody made a pod by hand, for a notebook or a test. Model servers nearly always use an emptyDir, for /dev/shm
    or a cache.

    ## Evidence
    The refusal in an event of the node, or the upgrade policy of the operator together with the pod: its missing
    owner, its emptyDir.

    ## What to do
    Delete the pod by hand once its data may go, or let the policy do it (force, deleteEmptyDir).

    ## Known limits
    Where neither an event nor the policy is here, nothing is said.
    """
    for group in ctx.groups("drain-stuck"):
        node = group.first
        if isinstance(node, Node):
            left = [pod for pod in ctx.snap.pods_on(node.name) if is_to_be_moved(pod)]
            yield from _annotated(ctx, group, node, left)
            yield from _undeletable(ctx, group, node, left)


def _annotated(ctx: Context, group: Group, node: Node, left: list[Pod]) -> Iterator[Finding]:
    by_karpenter = any(taint.key in DRAIN_TAINTS[1:] for taint in node.spec.taints or ()) or any(
        event.reason == FAILED_DRAINING for event in ctx.snap.events(node)
    )
    for pod in left if by_karpenter else ():
        if pod.annotations.get(DO_NOT_DISRUPT) == "true":
            path = f"metadata.annotations{key(DO_NOT_DISRUPT)}"
            evidence = (ctx.cite(pod, path), ctx.cite(pod, "spec.nodeName"))
            yield Finding(
                name="drain-blocked-by-annotation",
                subject=ctx.workload(pod).ref,
                summary=f"its pod {pod.name} is marked {DO_NOT_DISRUPT} and keeps {node.name}, "
                "which Karpenter wants to empty",
                evidence=as_proof((*evidence, *group.evidence)),
                accounts_for=(Because(group, f"{pod.namespace}/{pod.name} must not be disrupted", evidence),),
                members=(pod.ref,),
                since=group.since,
                remedies=(
                    Remedy(text="let the job end; the node goes when it is empty"),
                    Remedy(
                        text="or take the annotation off when the pod may be moved",
                        command=f"kubectl annotate pod {pod.name} -n {pod.namespace} {DO_NOT_DISRUPT}-",
                        risk="disruptive",
                    ),
                ),
            )


def _undeletable(ctx: Context, group: Group, node: Node, left: list[Pod]) -> Iterator[Finding]:
    policies = [
        one for kind in POLICY_KINDS for item in ctx.snap.all(kind) if (one := upgrade_policy(item)) is not None
    ]
    policy = policies[0] if len(policies) == 1 and any(label in node.labels for label in UPGRADE_STATES) else None
    for what, finds, said, switches in _OBSTACLES:
        pods = [(pod, where) for pod in left if (where := finds(pod)) is not None]
        refusals = [event for event in ctx.snap.events(node) if said(event.text[:4096])]
        forbids = _forbidding(ctx, policy, switches)
        if not refusals:  # the operator deletes pods with GPUs, and no others
            pods = [one for one in pods if forbids and gpus_of(pod_requests(one[0]))]
        if not pods:
            continue
        first, where = pods[0]
        proof: Evidence = ctx.cite_or_lack(first, where)
        evidence = (
            proof,
            ctx.cite(first, "spec.nodeName"),
            *(ctx.cite_event(event) for event in refusals[:1]),
            *forbids,
        )
        names = ", ".join(f"{pod.namespace}/{pod.name}" for pod, _ in pods[:SHOWN])
        yield Finding(
            name="upgrade-drain-blocked",
            subject=node.ref,
            summary=f"cannot be emptied: {names} {what}, and the drain may not delete it",
            evidence=as_proof((*evidence, *group.evidence)),
            accounts_for=(Because(group, f"{names} {what}", evidence),),
            confidence=None if refusals else Confidence.LIKELY,
            members=tuple(pod.ref for pod, _ in pods),
            since=group.since,
            remedies=(
                Remedy(
                    text=f"delete {first.namespace}/{first.name} once what it holds may be lost",
                    command=f"kubectl delete pod {first.name} -n {first.namespace}",
                    risk="irreversible",
                ),
                Remedy(
                    text=f"or let the drain do it: {' / '.join(switches)} in the upgrade policy",
                    who="platform",
                    risk="irreversible",
                ),
            ),
        )


def _forbidding(ctx: Context, policy: UpgradePolicy | None, switches: tuple[str, str]) -> list[FieldEvidence]:
    """The switches of the policy that forbid it; a drain that is on may delete what the operator does not."""
    if policy is None:
        return []
    states = {
        "gpuPodDeletion.force": policy.delete_force,
        "gpuPodDeletion.deleteEmptyDir": policy.delete_empty_dir,
        "drain.force": policy.drain_force if policy.drain else None,
        "drain.deleteEmptyDir": policy.drain_empty_dir if policy.drain else None,
    }
    if states[switches[1]] is True or states[switches[0]] is not False:
        return []
    return [ctx.cite(policy.item, f"{policy.where}.{name}") for name in switches if states[name] is False]


def _bare(pod: Pod) -> str | None:
    return None if pod.owners else "metadata.ownerReferences"


def _local(pod: Pod) -> str | None:
    spec: Any = pod.whole.get("spec")
    volumes = spec.get("volumes") if isinstance(spec, dict) else None
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        if isinstance(volume, dict) and "emptyDir" in volume and isinstance(volume.get("name"), str):
            return f"spec.volumes[{index}].name"
    return None


_Obstacle = tuple[str, Callable[[Pod], str | None], Callable[[str], Any], tuple[str, str]]
_OBSTACLES: tuple[_Obstacle, ...] = (
    (
        "has no controller that would make it again",
        _bare,
        NO_CONTROLLER.search,
        ("gpuPodDeletion.force", "drain.force"),
    ),
    (
        "keeps data in an emptyDir",
        _local,
        lambda text: LOCAL_STORAGE in text,
        ("gpuPodDeletion.deleteEmptyDir", "drain.deleteEmptyDir"),
    ),
)
