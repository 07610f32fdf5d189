"""Volcano queues that would not let in pods which do not exist yet.

As volcano-sh/volcano pkg/scheduler/plugins/capacity counts: what is allocated and what is asked for, against the
`capability` of the queue and of those above it. What PodGroups have reserved and not yet taken is not counted.
"""

from collections.abc import Iterator

from diag.facts.gangs import QUEUE, part
from diag.facts.gpus import Amounts
from diag.facts.quantity import milli, show
from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.room.limits import Limit, those
from diag.trouble.shapes import shape_of

# volcano-sh/apis pkg/apis/scheduling/v1beta1/labels.go; of a namespace: pkg/webhooks/admission/podgroups/mutate.
QUEUE_NAME = "scheduling.volcano.sh/queue-name"
MAX_PARENTS = 8
SHUT = ("Closed", "Closing")


def named_queue(snap: Snapshot, pod: Pod) -> str:
    """The Volcano queue that a pod or its namespace names; empty where neither does."""
    space = snap.get("Namespace", "", pod.namespace)
    return pod.annotations.get(QUEUE_NAME) or (space.annotations.get(QUEUE_NAME, "") if space is not None else "")


def volcano_limits(snap: Snapshot, pod: Pod, pods: int, name: str) -> Iterator[Limit]:
    """What a queue and those above it say to `pods` such pods; nothing where it was not read."""
    asked = {key: amount for key, amount in shape_of(pod).requests.items() if key != "pods" and amount > 0}
    found = list(_with_parents(snap, name))
    for queue in found:
        state = part(queue, "status").get("state")
        if state in SHUT:
            yield Limit(refuses=True, words=f"Volcano Queue {queue.name} is {state} and would refuse {those(0, pods)}")
            return
        if short := _short(queue, asked, pods):
            words, left = short
            yield Limit(refuses=True, words=f"Volcano Queue {queue.name} ({words}) would refuse {those(left, pods)}")
            return
    if found:
        them = "it" if pods == 1 else f"all {pods} pods"
        yield Limit(refuses=False, words=f"Volcano Queue {name}{_room(found, asked)} would let {them} in")


def _with_parents(snap: Snapshot, name: str) -> Iterator[Object]:
    for _ in range(MAX_PARENTS):
        queue = snap.get(QUEUE, "", name)
        if queue is None:
            return
        yield queue
        parent = part(queue, "spec").get("parent")
        if not isinstance(parent, str):
            return
        name = parent


def _short(queue: Object, asked: Amounts, pods: int) -> tuple[str, int] | None:
    """The resource of which the fewest pods have room, in words, and how many have; None where all do."""
    limit, used = _amounts(queue, "spec", "capability"), _amounts(queue, "status", "allocated")
    room = {name: max(limit[name] - used.get(name, 0), 0) // each for name, each in asked.items() if name in limit}
    if not room or min(room.values()) >= pods:
        return None
    name = min(room, key=lambda one: (room[one], "/" not in one, one))
    return f"{_numbers(queue, name)}, {show(asked[name], name)} asked{' for each pod' if pods > 1 else ''}", room[name]


def _room(queues: list[Object], asked: Amounts) -> str:
    numbers = [
        f"{queue.name}: {_numbers(queue, name)}"
        for queue in queues
        for name in sorted(asked, key=lambda one: ("/" not in one, one))[:1]
        if name in _amounts(queue, "spec", "capability")
    ]
    return f" ({'; '.join(numbers)})" if numbers else " (no capability limits it)"


def _numbers(queue: Object, name: str) -> str:
    limit, used = _amounts(queue, "spec", "capability"), _amounts(queue, "status", "allocated")
    return f"{show(used.get(name, 0), name)} of {show(limit[name], name)} {name} allocated"


def _amounts(queue: Object, *path: str) -> Amounts:
    found = {name: milli(amount) for name, amount in part(queue, *path).items()}
    return {name: amount for name, amount in found.items() if amount is not None}
