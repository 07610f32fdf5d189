"""What a queue is in each batch system, in one vocabulary: what it may use, what it uses, who stands above it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from diag.facts.karmada import FEDERATED_QUOTA
from diag.facts.quantity import milli
from diag.projection import JsonDict, Object
from diag.trouble.relations.kueue import cohort, part, quotas, text, used
from diag.trouble.room.quotas import quota_of
from diag.vocab.kueue import CLUSTER_QUEUE, STOPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One resource of a queue, in thousandths; None where the queue does not say.

    `nominal` is its own share, `limit` the most that it may ever use, `used` what is taken. Without a limit there is
    none, unless it is kept where it was not read (`limit_known`).
    """

    resource: str
    flavor: str = ""
    nominal: int | None = None
    limit: int | None = None
    used: int | None = None
    limit_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueKind:
    """One kind of queue object: whose it is, and how it is read.

    `lists`: objects of that system say which queue they wait in. Elsewhere only the diagnosis knows who waits.
    """

    system: str
    lists: bool
    slots: Callable[[Object], Iterator[Slot]]
    parent: Callable[[Object], str] = lambda _: ""
    state: Callable[[Object], str] = lambda _: "open"


def _amounts(found: JsonDict) -> dict[str, int]:
    return {str(name): amount for name, value in found.items() if (amount := milli(value)) is not None}


def _kueue(item: Object) -> Iterator[Slot]:
    taken = used(item)
    for (flavor, resource), quota in quotas(item).items():
        limit = None if quota.borrowing is None and cohort(item)[0] else quota.nominal + (quota.borrowing or 0)
        use = taken.get((flavor, resource))
        yield Slot(resource=resource, flavor=flavor, nominal=quota.nominal, limit=limit, used=use[0] if use else None)


def _kueue_state(item: Object) -> str:
    stopped = text(item, "spec", "stopPolicy")
    return f"stopped ({stopped})" if stopped in STOPPED else "open"


def _volcano(item: Object) -> Iterator[Slot]:
    # volcano-sh/apis pkg/apis/scheduling/v1beta1: deserved is the share, capability the most, guarantee what is kept.
    yield from _joined(
        _amounts(part(item, "spec", "deserved")) or _amounts(part(item, "spec", "guarantee", "resource")),
        _amounts(part(item, "spec", "capability")),
        _taken(item, "allocated"),
    )


def _elastic(item: Object) -> Iterator[Slot]:
    yield from _joined(_amounts(part(item, "spec", "min")), _amounts(part(item, "spec", "max")), _taken(item, "used"))


def _federated(item: Object) -> Iterator[Slot]:
    # karmada-io/karmada pkg/apis/policy/v1alpha1: the sum over all member clusters.
    overall = _amounts(part(item, "spec", "overall"))
    yield from _joined(overall, overall, _taken(item, "overallUsed"))


def _kai(item: Object) -> Iterator[Slot]:
    # NVIDIA/KAI-Scheduler pkg/apis/scheduling/v2: quota and limit by gpu, cpu, memory; -1 is without a limit.
    resources = part(item, "spec", "resources")
    taken = _taken(item, "allocated") or {}
    for name, one in sorted(resources.items()):
        if isinstance(one, dict):
            nominal, limit = (
                amount if (amount := milli(one.get(each))) is not None and amount >= 0 else None
                for each in ("quota", "limit")
            )
            use = taken.get("nvidia.com/gpu" if name == "gpu" else name)
            yield Slot(resource=str(name), nominal=nominal, limit=limit, used=use)


def _resource_quota(item: Object) -> Iterator[Slot]:
    found = quota_of(item)
    for name, hard in sorted(found.hard.items()):
        yield Slot(resource=name, nominal=hard, limit=hard, used=found.used.get(name))


def _taken(item: Object, name: str) -> dict[str, int] | None:
    """What a status says is used, None where it does not say: nobody counted yet."""
    status = part(item, "status")
    return _amounts(part(item, "status", name)) if isinstance(status.get(name), dict) else None


def _joined(nominal: dict[str, int], limit: dict[str, int], taken: dict[str, int] | None) -> Iterator[Slot]:
    for name in sorted({*nominal, *limit}):
        used = None if taken is None else taken.get(name, 0)
        yield Slot(resource=name, nominal=nominal.get(name), limit=limit.get(name), used=used)


KINDS = {
    CLUSTER_QUEUE: QueueKind(
        system="Kueue", lists=True, slots=_kueue, parent=lambda item: cohort(item)[0], state=_kueue_state
    ),
    "scheduling.volcano.sh/Queue": QueueKind(
        system="Volcano",
        lists=True,
        slots=_volcano,
        parent=lambda item: text(item, "spec", "parent"),
        state=lambda item: (text(item, "status", "state") or "open").lower(),
    ),
    "scheduling.run.ai/Queue": QueueKind(
        system="KAI", lists=True, slots=_kai, parent=lambda item: text(item, "spec", "parentQueue")
    ),
    "scheduling.sigs.k8s.io/ElasticQuota": QueueKind(
        system="Koordinator",
        lists=False,
        slots=_elastic,
        parent=lambda item: item.labels.get("quota.scheduling.koordinator.sh/parent", ""),
    ),
    "scheduling.x-k8s.io/ElasticQuota": QueueKind(system="scheduler-plugins", lists=False, slots=_elastic),
    FEDERATED_QUOTA: QueueKind(system="Karmada", lists=False, slots=_federated),
    "ResourceQuota": QueueKind(system="Kubernetes", lists=False, slots=_resource_quota),
}  # fmt: skip
