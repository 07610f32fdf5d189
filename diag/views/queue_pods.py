"""Queues that are no objects: pods name them. What the pods of each hold, and which of them wait."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from diag.facts.gpus import Amounts, add, gpus_of, pod_requests
from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.room.doubts import SYSTEM
from diag.views.queue_kinds import Slot
from diag.views.queue_waiters import Waiter
from diag.views.wording import counted, folded

_ENDED = ("Succeeded", "Failed")
_SILENT = "no word of its scheduler was read"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodQueue:
    """One queue that pods name: `item` configures it, where anything here does."""

    name: str
    system: str
    slots: Sequence[Slot]
    waiting: Sequence[Waiter]
    parent: str = ""
    state: str = "open"
    item: Object | None = None


@dataclass(slots=True)
class Held:
    """What the pods of a queue that have a node hold, and those that wait for one."""

    used: Amounts = field(default_factory=dict)
    waiting: list[Pod] = field(default_factory=list)


def living(pods: Iterable[Pod]) -> Iterator[Pod]:
    """Pods that have not ended."""
    return (pod for pod in pods if pod.status.phase not in _ENDED)


def take(held: Held, pod: Pod) -> None:
    """Counts a pod: as holding what it asks for where it has a node, else as waiting."""
    if pod.spec.node_name:
        add(held.used, pod_requests(pod))
    elif pod.metadata.deletion_timestamp is None:
        held.waiting.append(pod)


def pods_unread(snap: Snapshot) -> str:
    """Why sums over pods may be too small; empty where all were read, or a plain file may be taken to hold all."""
    if snap.damaged("Pod"):
        return "a Pod cannot be read: what it holds is not counted"
    spaces = sorted({pod.namespace for pod in snap.pods})
    if snap.coverage("Pod") == "complete" or SYSTEM in spaces or not spaces:
        return ""
    return f"only pods of {folded(spaces)} were read: what others hold is not counted"


def applications(
    held: Held, *, kind: str, queue: str, of: Mapping[tuple[str, str], str], said: Mapping[tuple[str, str], str]
) -> list[Waiter]:
    """Those that wait, each application once, in the order of priority and age.

    `of` gives the application of a pod (by namespace and name), `said` the newest word of its scheduler.
    """
    groups: dict[tuple[str, str], list[Pod]] = {}
    for pod in held.waiting:
        name = of.get((pod.namespace, pod.name), "")
        groups.setdefault((pod.namespace, name or pod.name), []).append(pod)
    found = [_waiter(pods, name, kind=kind, queue=queue, said=said) for (_, name), pods in groups.items()]
    return sorted(found, key=lambda one: (-one.priority, one.since or "", one.item.namespace, one.item.name))


def _waiter(pods: list[Pod], name: str, *, kind: str, queue: str, said: Mapping[tuple[str, str], str]) -> Waiter:
    pods.sort(key=lambda pod: (pod.created or "", pod.name))
    word = next((text for pod in pods if (text := said.get((pod.namespace, pod.name)) or refusal(pod))), _SILENT)
    several = f"{name}, {counted(len(pods), 'pod')}: " if len(pods) > 1 else ""
    return Waiter(
        item=pods[0],
        kind=kind,
        queue=queue,
        since=pods[0].created,
        gpus=sum(sum(gpus_of(pod_requests(pod)).values()) for pod in pods),
        priority=max(pod.spec.priority or 0 for pod in pods),
        reason=f"{several}{word}",
    )


def refusal(pod: Pod) -> str:
    """What a scheduler wrote into the pod's condition."""
    found = (one for one in pod.status.conditions or () if one.type == "PodScheduled" and one.status == "False")
    return next((one.message or one.reason or "" for one in found), "")
