"""What would refuse pods which do not exist yet, whatever room the nodes have: ResourceQuotas and queues."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.facts.gpus import Amounts, is_gpu
from diag.facts.quantity import show
from diag.facts.words import listed
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.room.kueue_refusing import local_queue_limits
from diag.trouble.room.limits import Limit, those
from diag.trouble.room.quotas import Quota, charges_of, defaults_of, quota_of, selects
from diag.trouble.room.volcano_refusing import named_queue, volcano_limits
from diag.vocab.kueue import LOCAL_QUEUE

NOT_COUNTED = "quotas and queues are not counted; -n NAMESPACE counts those of a namespace"
THERE = "quotas and queues are not counted anew: the pod is there already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What quotas and queues of a namespace say to some pods: who would refuse them, and what else is to know."""

    refusals: list[str]
    others: list[str]


def admission(snap: Snapshot, pod: Pod, pods: int, queue: str = "") -> Admission:
    """What the quotas and queues of the pod's namespace say to `pods` more of it. `queue` names the queue to take."""
    space = pod.namespace
    if not space:
        return Admission(refusals=[], others=[NOT_COUNTED])
    found = [*_quotas(snap, pod, pods), *_queues(snap, pod, pods, queue)]
    said = [one.words for one in found if not one.refuses]
    if absent := snap.lacks("Namespace", "", space):
        said.insert(
            0, f"there is no namespace {space}" if absent.word == "certain" else f"no namespace {space} was read"
        )
    return Admission(
        refusals=[f"this is about nodes; {one.words}" for one in found if one.refuses],
        others=[*said, *_unread(snap, space)],
    )


def _unread(snap: Snapshot, space: str) -> Iterator[str]:
    """Where nobody looked for quotas or queues, or found none."""
    kinds = {"ResourceQuota": "ResourceQuota", LOCAL_QUEUE: "LocalQueue"}
    empty = [
        (name, snap.coverage(kind, space) == "complete")
        for kind, name in kinds.items()
        if not any(item.namespace == space for item in snap.all(kind).values())
    ]
    absent = [f"no {name}" for name, complete in empty if complete]
    if absent:
        yield f"{space} has {' and '.join(absent)}"
    unread = [f"no {name}" for name, complete in empty if not complete]
    if unread:
        yield f"{' and '.join(unread)} of {space} was read, so none is counted"


def _queues(snap: Snapshot, pod: Pod, pods: int, queue: str) -> Iterator[Limit]:
    yield from (found := list(local_queue_limits(snap, pod, pods, queue)))
    name = queue or named_queue(snap, pod)
    if not name or (found and not queue):
        return
    volcano = list(volcano_limits(snap, pod, pods, name))
    yield from volcano
    if not volcano and not found:
        yield Limit(
            refuses=False, words=f"no LocalQueue {name} of {pod.namespace} and no Volcano Queue {name} was read"
        )


def _quotas(snap: Snapshot, pod: Pod, pods: int) -> Iterator[Limit]:
    charged = charges_of(
        pod, defaults_of(one for one in snap.all("LimitRange").values() if one.namespace == pod.namespace)
    )
    for item in snap.all("ResourceQuota").values():
        if item.namespace != pod.namespace or not selects(item, pod):
            continue
        quota = quota_of(item)
        each = {resource: amount for resource in quota.hard if (amount := charged(resource)) > 0}
        short = quota.short({resource: amount * pods for resource, amount in each.items()})
        if short:
            left = min(max(quota.left(name), 0) // each[name] for name in short)
            verdict = f"would refuse {those(left, pods)}"
        else:
            short = _telling([name for name in each if name in quota.used])
            verdict = f"would let {'it' if pods == 1 else f'all {pods} pods'} in"
        if short:
            words = f"ResourceQuota {item.namespace}/{item.name} ({_used(quota, short, each, pods)}) {verdict}"
            yield Limit(refuses="refuse" in verdict, words=words)


def _telling(names: list[str]) -> list[str]:
    """The resources that a reader asked about: GPUs where the quota counts any."""
    gpus = [name for name in names if is_gpu(name.removeprefix("requests."))]
    return gpus or names


def _used(quota: Quota, names: list[str], each: Amounts, pods: int) -> str:
    used = [
        f"{show(quota.used[name], name)} of {show(quota.hard[name], name)} {name} used, {show(each[name], name)} asked"
        for name in names
    ]
    return f"{listed(used)}{' for each pod' if pods > 1 else ''}"
