"""YuniKorn's queues: those of its configuration and those that its pods name.

What a queue uses is in no object: it is the sum of what its pods with a node ask for, placeholders included
(apache/yunikorn-core pkg/scheduler/objects/queue.go counts allocations in the queue and in all above it).
"""

from collections.abc import Iterator

import msgspec

from diag.facts.quantity import milli
from diag.facts.yunikorn import NO_ROOM, QUEUE, SCHEDULER, Queues, configured, queues
from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.views.queue_kinds import Slot
from diag.views.queue_pods import Held, PodQueue, applications, living, pods_unread, take

KIND = "yunikorn.apache.org/Queue"
SYSTEM = "YuniKorn"
ROOT = "root"
# apache/yunikorn-k8shim pkg/common/constants; both forms of each, and the old label without a domain.
_QUEUE_KEYS = (QUEUE, "queue")
_APP_KEYS = ("yunikorn.apache.org/app-id", "applicationId", "spark-app-selector")
_QUOTA = "yunikorn.apache.org/namespace.quota"
_UNPLACED = "(placed by rules that were not followed)"


def yunikorn_queues(snap: Snapshot) -> Iterator[PodQueue]:
    """The queues of a cluster that YuniKorn schedules in, from the root down."""
    item, text = configured(snap.all("ConfigMap").values())
    pods = [pod for pod in living(snap.pods) if pod.spec.scheduler_name == SCHEDULER]
    if item is None and not pods:
        return
    known = queues(text)
    said = {(pod.namespace, pod.name): word for pod in pods if not pod.spec.node_name and (word := _word(snap, pod))}
    held: dict[str, Held] = {name: Held() for name in known.most}
    spaces: dict[str, set[str]] = {}
    for pod in pods:
        name = _named(pod, known, said.get((pod.namespace, pod.name), ""))
        take(held.setdefault(name, Held()), pod)
        spaces.setdefault(name, set()).add(pod.namespace)
    sums = _sums(held)
    # A pod whose queue is not known may be in any of them.
    is_known = not held.get(_UNPLACED, Held()).used and snap.holds("Pod") and not snap.damaged("Pod")
    apps = {(pod.namespace, pod.name): _first(pod, _APP_KEYS) for pod in pods}
    for name in sorted(held, key=lambda name: (name == _UNPLACED, name)):
        quota = {} if name in known.most else _of_namespace(snap, spaces.get(name, set()))
        yield PodQueue(
            name=name,
            system=SYSTEM,
            parent=name.rpartition(".")[0],
            state=_state(item, known, name),
            slots=list(_slots(known, name, sums.get(name, {}) if is_known else None, quota)),
            waiting=applications(held[name], kind=KIND, queue=name, of=apps, said=said),
            item=item,
        )


def doubt(snap: Snapshot) -> str:
    """Why the sums may be too small."""
    return pods_unread(snap) if any(pod.spec.scheduler_name == SCHEDULER for pod in snap.pods) else ""


def _first(pod: Pod, keys: tuple[str, ...]) -> str:
    return next((found for key in keys for where in (pod.labels, pod.annotations) if (found := where.get(key))), "")


def _named(pod: Pod, known: Queues, said: str) -> str:
    """The queue of a pod: what YuniKorn calls it in its own words, else what the pod names, where that decides."""
    if (told := NO_ROOM.search(said)) is not None:
        return told["queue"]
    name = _first(pod, _QUEUE_KEYS)
    if not name or not known.by_name:
        return _UNPLACED
    if name == ROOT or name.startswith(f"{ROOT}."):
        return name
    # pkg/scheduler/placement/provided_rule.go: a name that is not qualified goes below the root, its dots replaced.
    full = f"{ROOT}.{name}"
    return full if full in known.most and "." not in name else _UNPLACED


def _word(snap: Snapshot, pod: Pod) -> str:
    """The newest event that says why a pod waits."""
    found = [event for event in snap.events(pod) if NO_ROOM.search(event.text) or event.reason == "Informational"]
    newest = max(found, key=lambda event: event.last_seen or "", default=None)
    return newest.text if newest is not None else ""


def _sums(held: dict[str, Held]) -> dict[str, dict[str, int]]:
    """What each queue and all below it use."""
    found: dict[str, dict[str, int]] = {}
    for name, one in held.items():
        parts = name.split(".") if name != _UNPLACED else [name]
        for end in range(1, len(parts) + 1):
            above = found.setdefault(".".join(parts[:end]), {})
            for resource, amount in one.used.items():
                above[resource] = above.get(resource, 0) + amount
    return found


def _state(item: Object | None, known: Queues, name: str) -> str:
    if name == _UNPLACED:
        return "not known"
    if item is None:
        return "queues.yaml was not read"
    if not known.most:
        return "queues.yaml cannot be read"
    return "open" if name in known.most else "not in queues.yaml"


def _amounts(stated: dict[str, str]) -> dict[str, int]:
    """Amounts by the names that Kubernetes has for resources (YuniKorn's `vcore` is cpu)."""
    pairs = (("cpu" if name == "vcore" else name, milli(text)) for name, text in stated.items())
    return {name: amount for name, amount in pairs if amount is not None}


def _slots(known: Queues, name: str, used: dict[str, int] | None, quota: dict[str, str]) -> Iterator[Slot]:
    kept = _amounts(known.kept.get(name, {}))
    most = _amounts(quota)
    parts = name.split(".")
    for end in range(1, len(parts) + 1):  # a queue may use no more than any of those above it
        for resource, amount in _amounts(known.most.get(".".join(parts[:end]), {})).items():
            most[resource] = min(amount, most.get(resource, amount))
    is_stated = name in known.most
    for resource in sorted({*kept, *most, *(used or {})} - {"pods"} | ({"pods"} & {*kept, *most})):
        yield Slot(
            resource=resource, nominal=kept.get(resource), limit=most.get(resource),
            used=None if used is None else used.get(resource, 0), limit_known=is_stated or resource in most,
        )  # fmt: skip


def _of_namespace(snap: Snapshot, spaces: set[str]) -> dict[str, str]:
    """The quota that a namespace gives to the queue that YuniKorn makes for it, where one namespace alone uses it."""
    space = snap.get("Namespace", "", next(iter(spaces))) if len(spaces) == 1 else None
    text = space.annotations.get(_QUOTA, "") if space is not None else ""
    try:
        found = msgspec.json.decode(text.encode(errors="replace")) if text else None
    except (msgspec.DecodeError, RecursionError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
