"""The queue that a workload names, by the words of each batch system."""

from collections.abc import Sequence

from diag.facts.gangs import VOLCANO, gang_of, part
from diag.facts.yunikorn import QUEUE, SCHEDULER
from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.relations.kueue import queue_name
from diag.views.queue_armada import QUEUE as ARMADA

# Labels and annotations: YuniKorn, KAI and Run:ai, Armada, Volcano.
_WORDS = (QUEUE, "kai.scheduler/queue", "runai/queue", ARMADA, "scheduling.volcano.sh/queue-name")
_OLD_YUNIKORN = "queue"  # a label that any program may use, and that means a queue to YuniKorn alone


def queue_named(snap: Snapshot, items: Sequence[Object], pods: Sequence[Pod]) -> str:
    """The queue that one of the objects or one of their pods names; empty where none does."""
    for item in (*items, *pods):
        if name := queue_name(item)[0] or _labelled(item) or _stated(item):
            return name
    for pod in pods:
        gang = gang_of(pod)
        group = snap.get(VOLCANO, pod.namespace, gang[1]) if gang and gang[0] == VOLCANO else None
        if group is not None:
            return _stated(group) or "default"  # as Volcano takes it
        if pod.spec.scheduler_name == SCHEDULER and (name := pod.labels.get(_OLD_YUNIKORN, "")):
            return name
    return ""


def _labelled(item: Object) -> str:
    return next((name for word in _WORDS for place in (item.labels, item.annotations) if (name := place.get(word))), "")


def _stated(item: Object) -> str:
    """`spec.queue`, as jobs and PodGroups of Volcano and Run:ai have it."""
    said = item.api_version or ""
    name = part(item, "spec").get("queue") if "volcano.sh" in said or "run.ai" in said else None
    return name if isinstance(name, str) else ""
