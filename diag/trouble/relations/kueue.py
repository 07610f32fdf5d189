"""Kueue's queues: from a workload to its LocalQueue, ClusterQueue and cohort, with quotas and who holds them.

Shapes: kubernetes-sigs/kueue apis/kueue/v1beta1 and v1beta2 (clusterqueue_types.go, workload_types.go).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from diag.facts.kueue_message import Reason, pod_sets
from diag.facts.quantity import milli
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import key
from diag.vocab.kueue import QUEUE_LABEL

Conditions = dict[str, tuple[int, JsonDict]]
Slot = tuple[str, str]  # flavor, resource


def part(item: Object, *path: str) -> JsonDict:
    """A map inside an object, empty where there is none."""
    node: object = item.whole
    for step in path:
        node = node.get(step) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def text(item: Object, *path: str) -> str:
    """A string inside an object, empty where there is none."""
    value = part(item, *path[:-1]).get(path[-1])
    return value if isinstance(value, str) else ""


def conditions(item: Object) -> Conditions:
    """The conditions of an object by type, with their places."""
    entries = part(item, "status").get("conditions")
    return {
        str(found.get("type")): (index, found)
        for index, found in enumerate(entries if isinstance(entries, list) else ())
        if isinstance(found, dict)
    }


def is_true(known: Conditions, kind: str) -> bool:
    """Whether a condition is there and true."""
    return known.get(kind, (0, {}))[1].get("status") == "True"


def queue_name(item: Object) -> tuple[str, str]:
    """The LocalQueue that a Workload or a job names, and where; empty where it names none."""
    name = text(item, "spec", "queueName")
    if name:
        return name, "spec.queueName"
    return item.labels.get(QUEUE_LABEL, ""), f"metadata.labels{key(QUEUE_LABEL)}"


def cohort(queue: Object) -> tuple[str, str]:
    """The cohort of a ClusterQueue and where it is named (`cohort` until v1beta1); empty where it has none."""
    for name in ("cohortName", "cohort"):
        if found := text(queue, "spec", name):
            return found, f"spec.{name}"
    return "", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a ClusterQueue has of a resource in a flavor, in thousandths, and where that stands."""

    path: str
    group: int  # flavors of one resource group stand in for one another
    nominal: int
    borrowing: int | None = None
    lending: int | None = None


def quotas(queue: Object) -> dict[Slot, Quota]:
    """All quotas of a ClusterQueue."""
    found: dict[Slot, Quota] = {}
    for group, one in enumerate(_list(part(queue, "spec").get("resourceGroups"))):
        for place, flavor in enumerate(_list(one.get("flavors"))):
            for index, resource in enumerate(_list(flavor.get("resources"))):
                nominal = milli(resource.get("nominalQuota"))
                if nominal is not None:
                    found[str(flavor.get("name")), str(resource.get("name"))] = Quota(
                        path=f"spec.resourceGroups[{group}].flavors[{place}].resources[{index}]",
                        group=group,
                        nominal=nominal,
                        borrowing=milli(resource.get("borrowingLimit")),
                        lending=milli(resource.get("lendingLimit")),
                    )
    return found


def used(queue: Object) -> dict[Slot, tuple[int, str]]:
    """What of a ClusterQueue's quota is reserved, in thousandths, and where that stands."""
    status = part(queue, "status")
    for name in ("flavorsReservation", "flavorsUsage"):
        found = {
            (str(flavor.get("name")), str(resource.get("name"))): (
                total,
                f"status.{name}[{place}].resources[{index}].total",
            )
            for place, flavor in enumerate(_list(status.get(name)))
            for index, resource in enumerate(_list(flavor.get("resources")))
            if (total := milli(resource.get("total"))) is not None
        }
        if found:
            return found
    return {}


def needs(item: Object) -> dict[str, int]:
    """What all pod sets of a Workload ask for together, in thousandths by resource; empty where it does not say."""
    total: dict[str, int] = {}
    for one in dicts(part(item, "status").get("resourceRequests")):
        resources = one.get("resources")
        for name, amount in resources.items() if isinstance(resources, dict) else ():
            total[name] = total.get(name, 0) + (milli(amount) or 0)
    return total or _asked(item)


def _asked(item: Object) -> dict[str, int]:
    total: dict[str, int] = {}
    for pod_set in dicts(part(item, "spec").get("podSets")):
        count = pod_set.get("count")
        template = pod_set.get("template")
        spec = template.get("spec") if isinstance(template, dict) else None
        for container in dicts(spec.get("containers")) if isinstance(spec, dict) else []:
            resources = container.get("resources")
            sides = resources if isinstance(resources, dict) else {}
            limits, requests = sides.get("limits"), sides.get("requests")
            asked = {**(limits if isinstance(limits, dict) else {}), **(requests if isinstance(requests, dict) else {})}
            for name, amount in asked.items():
                total[name] = total.get(name, 0) + (milli(amount) or 0) * (count if isinstance(count, int) else 1)
    return total


def decisive(message: str, queue: Object | None) -> Reason | None:
    """The reason that has to go away before a workload can be admitted.

    All pod sets need a place, and so does each resource group: the worst of them decides. Flavors of one group stand
    in for one another: the most hopeful counts, each with its worst resource.
    """
    known = quotas(queue) if queue is not None else {}
    groups = {flavor: quota.group for (flavor, _), quota in known.items()}
    worst: list[Reason] = []
    for reasons in pod_sets(message):
        by_group: dict[int, dict[str, Reason]] = {}
        for reason in reasons:
            # A reason that names no flavor holds for all of them.
            flavors = by_group.setdefault(groups.get(reason.flavor, 0) if reason.flavor else -1, {})
            before = flavors.get(reason.flavor)
            if before is None or reason.obstacle > before.obstacle:
                flavors[reason.flavor] = reason
        worst += [min(flavors.values(), key=lambda one: one.obstacle) for flavors in by_group.values()]
    return max(worst, key=lambda one: one.obstacle, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """An admitted Workload with what it holds of a resource in a flavor, in thousandths, and where that stands."""

    item: Object
    queue: str
    amount: int
    path: str


def holdings(workloads: Iterable[Object], slot: Slot, queues: Iterable[str]) -> list[Holding]:
    """Who holds a quota in some ClusterQueues, the largest first. What has finished holds nothing."""
    wanted = set(queues)
    found = []
    for item in workloads:
        admission = part(item, "status", "admission")
        known = conditions(item)
        if admission.get("clusterQueue") not in wanted or is_true(known, "Finished"):
            continue
        for index, one in enumerate(dicts(admission.get("podSetAssignments"))):
            flavors, usage = one.get("flavors"), one.get("resourceUsage")
            if not isinstance(flavors, dict) or not isinstance(usage, dict) or flavors.get(slot[1]) != slot[0]:
                continue
            amount = milli(usage.get(slot[1]))
            if amount:
                path = f"status.admission.podSetAssignments[{index}].resourceUsage{key(slot[1])}"
                found.append(Holding(item=item, queue=str(admission["clusterQueue"]), amount=amount, path=path))
    return sorted(found, key=lambda one: (-one.amount, one.item.namespace, one.item.name))


def _list(value: object) -> list[JsonDict]:
    """The entries of a list, each at its place: what is no map stands in as an empty one."""
    return [entry if isinstance(entry, dict) else {} for entry in value] if isinstance(value, list) else []
