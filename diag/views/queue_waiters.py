"""Who waits in a queue, and what the queue's own system says of the reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from diag.facts.gangs import QUEUE, VOLCANO, gang_of, min_resources, phase, queue_of
from diag.facts.gpus import gpus_of, pod_requests
from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.relations.kueue import conditions, is_true, needs, part, queue_name, text
from diag.vocab.kueue import CLUSTER_QUEUE, LOCAL_QUEUE, WORKLOAD

# Kinds of PodGroups, and the kind of queue that they name in spec.queue (scheduling/v1beta1 and v2alpha2).
_PODGROUPS = {VOLCANO: QUEUE, "scheduling.run.ai/PodGroup": "scheduling.run.ai/Queue"}
_RUNS = ("Running", "Completed", "Finished")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """Something that waits: the kind and the name of its queue, since when, how many GPUs it asks for, and why.

    `gpus` is None where nothing that was read states it.
    """

    item: Object
    kind: str
    queue: str
    since: str | None
    gpus: int | None
    priority: int
    reason: str


def waiters(snap: Snapshot) -> Iterator[Waiter]:
    """Everything that a queue's system says is waiting, in the order in which it would be let in."""
    found = [*_workloads(snap), *_podgroups(snap)]
    yield from sorted(found, key=lambda one: (-one.priority, one.item.created or "", one.item.namespace, one.item.name))


def _workloads(snap: Snapshot) -> Iterator[Waiter]:
    for item in snap.all(WORKLOAD).values():
        known = conditions(item)
        if is_true(known, "Finished") or is_true(known, "Admitted"):
            continue
        name = queue_name(item)[0]
        local = snap.get(LOCAL_QUEUE, item.namespace, name)
        said = next((known[kind][1] for kind in ("QuotaReserved", "Admitted") if kind in known), {})
        level = part(item, "spec").get("priority")
        yield Waiter(
            item=item,
            kind=CLUSTER_QUEUE,
            queue=text(local, "spec", "clusterQueue") if local else "",
            since=item.created,
            gpus=sum(gpus_of(needs(item)).values()),
            priority=level if isinstance(level, int) else 0,
            reason=str(said.get("message") or "no queue has looked at it"),
        )


def _podgroups(snap: Snapshot) -> Iterator[Waiter]:
    pods = _pods_of_gangs(snap)
    for kind, queue_kind in _PODGROUPS.items():
        for item in snap.all(kind).values():
            state = phase(item)
            if state in _RUNS:
                continue
            known = conditions(item)
            said = known.get("Unschedulable", (0, {}))[1]
            yield Waiter(
                item=item,
                kind=queue_kind,
                queue=queue_of(item),
                since=item.created,
                gpus=_gpus(item, pods.get((kind, item.namespace, item.name), ())),
                priority=0,
                reason=str(said.get("message") or f"PodGroup is {state or 'Pending'}"),
            )


def _pods_of_gangs(snap: Snapshot) -> Mapping[tuple[str, str, str], list[Pod]]:
    found: dict[tuple[str, str, str], list[Pod]] = {}
    for pod in snap.pods if any(snap.all(kind) for kind in _PODGROUPS) else ():
        if gang := gang_of(pod):
            found.setdefault((gang[0], pod.namespace, gang[1]), []).append(pod)
    return found


def _gpus(group: Object, pods: Sequence[Pod]) -> int | None:
    """What a PodGroup asks for by its own word, else what its pods do; None where neither is there."""
    if stated := min_resources(group):
        return sum(gpus_of(stated).values())
    return sum(sum(gpus_of(pod_requests(pod)).values()) for pod in pods) if pods else None
