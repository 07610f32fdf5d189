"""What a cohort of ClusterQueues has left of a quota, and what its limits leave to one of them.

For a flat cohort, as kubernetes-sigs/kueue pkg/cache/scheduler/resource_node.go counts it.
"""

from dataclasses import dataclass

from diag.projection import Object
from diag.trouble.relations.kueue import Quota, Slot, cohort, quotas, used


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One ClusterQueue's part in a quota, in thousandths, and where its use stands."""

    queue: Object
    quota: Quota
    used: int
    used_path: str

    @property
    def kept(self) -> int:
        """What the queue lends to nobody."""
        return 0 if self.quota.lending is None else max(self.quota.nominal - self.quota.lending, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A quota as one ClusterQueue sees it: its own share first, then those of the rest of its cohort."""

    slot: Slot
    own: Share
    others: tuple[Share, ...]

    @property
    def idle(self) -> int:
        """What of all shares is in no use."""
        return max(sum(one.quota.nominal - one.used for one in (self.own, *self.others)), 0)

    @property
    def lendable(self) -> int:
        """What of that the other queues would lend, and the queue has itself."""
        lent = sum(one.quota.nominal - one.kept - max(one.used - one.kept, 0) for one in self.others)
        return max(self.own.quota.nominal - self.own.used + lent, 0)

    @property
    def room(self) -> int:
        """What the queue may still use: of its own, and of what it may borrow."""
        limit = self.own.quota.borrowing
        if limit is None:
            return self.lendable
        return max(min(self.lendable, self.own.quota.nominal + limit - self.own.used), 0)


def pool(queue: Object, slot: Slot, queues: list[Object]) -> Pool | None:
    """The quota of a flavor and resource, None where the queue has none or does not say what is used."""
    own = _share(queue, slot)
    if own is None:
        return None
    name = cohort(queue)[0]
    others = [other for other in queues if name and other is not queue and cohort(other)[0] == name]
    return Pool(slot=slot, own=own, others=tuple(share for other in others if (share := _share(other, slot))))


def _share(queue: Object, slot: Slot) -> Share | None:
    quota, use = quotas(queue).get(slot), used(queue).get(slot)
    if quota is None or use is None:
        return None
    return Share(queue=queue, quota=quota, used=use[0], used_path=use[1])
