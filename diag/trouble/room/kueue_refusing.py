"""LocalQueues of Kueue that would keep waiting pods which do not exist yet.

As kubernetes-sigs/kueue pkg/scheduler/flavorassigner counts, for a flat cohort: a pod takes one flavor of each group of
resources, of which its ClusterQueue must have as much left, or be lent it. Preemption is not counted.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from diag.facts.gpus import Amounts
from diag.facts.nodes import Toleration, tolerates, tolerations
from diag.facts.quantity import show
from diag.facts.selection import matches_requirement
from diag.facts.words import listed
from diag.projection import Object, dicts
from diag.snapshot.kinds import Pod, Taint
from diag.snapshot.snapshot import Snapshot
from diag.trouble.relations.kueue import cohort, part, quotas, text
from diag.trouble.relations.selectors import Narrowing, narrowings
from diag.trouble.room.cohorts import Pool, pool
from diag.trouble.room.limits import Limit, those
from diag.trouble.shapes import shape_of
from diag.vocab.kueue import CLUSTER_QUEUE, FLAVOR, LOCAL_QUEUE, QUEUE_LABEL, STOPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flavor:
    """What one flavor leaves: how many pods have room now, and could ever have; of the resource that decides."""

    now: int
    ever: int
    resource: str
    pool: Pool


def local_queue_limits(snap: Snapshot, pod: Pod, pods: int, queue: str = "") -> Iterator[Limit]:
    """What each LocalQueue of the pod's namespace says: the one of this name, or that the pod names, or all."""
    wanted = queue or pod.labels.get(QUEUE_LABEL, "")
    for (namespace, name), item in sorted(snap.all(LOCAL_QUEUE).items()):
        if namespace == pod.namespace and wanted in ("", name):
            yield _limit(snap, item, pod, pods)


def _limit(snap: Snapshot, local: Object, pod: Pod, pods: int) -> Limit:
    here, name = f"LocalQueue {local.namespace}/{local.name}", text(local, "spec", "clusterQueue")
    queue = snap.get(CLUSTER_QUEUE, "", name)
    if text(local, "spec", "stopPolicy") in STOPPED:
        stop = text(local, "spec", "stopPolicy")
        return Limit(refuses=True, words=f"{here} (stopPolicy {stop}) would keep {those(0, pods)} waiting")
    if queue is None:
        if snap.lacks(CLUSTER_QUEUE, "", name):
            return Limit(refuses=True, words=f"{here} names the ClusterQueue {name}, which does not exist")
        return Limit(refuses=False, words=f"{here} is not counted: its ClusterQueue {name} was not read")
    where = f"{here} (ClusterQueue {name}"
    if text(queue, "spec", "stopPolicy") in STOPPED:
        stop = text(queue, "spec", "stopPolicy")
        return Limit(refuses=True, words=f"{where}: stopPolicy {stop}) would keep {those(0, pods)} waiting")
    return _counted(snap, queue, where, pod, pods)


def _counted(snap: Snapshot, queue: Object, where: str, pod: Pod, pods: int) -> Limit:
    known = quotas(queue)
    asked = {key: amount for key, amount in shape_of(pod).requests.items() if key != "pods" and amount > 0}
    bare = [name for name in asked if not any(resource == name for _, resource in known)]
    if bare:
        words = f"{where} has no quota for {listed(bare)}) would refuse {those(0, pods)}"
        unless = "" if any("/" in name for name in bare) else ", unless Kueue is told to leave that out"
        return Limit(refuses=True, words=words + unless)
    groups: dict[int, list[_Flavor]] = defaultdict(list)
    numbers = {quota.group for (_, resource), quota in known.items() if resource in asked}
    unknown = False
    for flavor in dict.fromkeys(flavor for flavor, _ in known):
        of_group = {slot[1] for slot in known if slot[0] == flavor and slot[1] in asked}
        if not of_group or not _may_take(snap.get(FLAVOR, "", flavor), pod):
            continue
        found = _left(queue, flavor, {name: asked[name] for name in of_group}, snap)
        if found is None:
            unknown = True
        else:
            groups[next(quota.group for (name, _), quota in known.items() if name == flavor)].append(found)
    if unknown:
        return Limit(refuses=False, words=f"{where}) is not counted: how much of its quota is used was not read")
    if numbers - set(groups):
        words = f"{where}: the pod's selector or tolerations fit none of its flavors) would refuse {those(0, pods)}"
        return Limit(refuses=True, words=words)
    if not groups:
        return Limit(refuses=False, words=f"{where}) counts nothing of what is asked for")
    tightest = min(groups.values(), key=lambda flavors: sum(one.now for one in flavors))
    return _said(queue, where, tightest, asked, pods)


def _said(queue: Object, where: str, flavors: list[_Flavor], asked: Amounts, pods: int) -> Limit:
    now, ever = sum(one.now for one in flavors), sum(one.ever for one in flavors)
    shown = listed([_numbers(queue, one) for one in sorted(flavors, key=lambda one: -one.now)])
    resource = flavors[0].resource
    numbers = f"{where}: {shown}; {show(asked[resource], resource)} asked{' for each pod' if pods > 1 else ''})"
    if now >= pods:
        return Limit(refuses=False, words=f"{numbers} would let {'it' if pods == 1 else f'all {pods} pods'} in")
    if not ever:
        return Limit(refuses=True, words=f"{numbers} could never let {'it' if pods == 1 else 'any of them'} in")
    return Limit(refuses=True, words=f"{numbers} would keep {those(now, pods)} waiting")


def _numbers(queue: Object, one: _Flavor) -> str:
    own, resource = one.pool.own, one.resource
    amounts = f"{show(own.used, resource)} of {show(own.quota.nominal, resource)} {resource}"
    used = f"{amounts} of flavor {one.pool.slot[0]} used"
    shared = cohort(queue)[0]
    return used + (f", {show(one.pool.room, resource)} left with cohort {shared}" if shared else "")


def _left(queue: Object, flavor: str, asked: Amounts, snap: Snapshot) -> _Flavor | None:
    """How many pods a flavor has room for; None where that is not stated."""
    found: list[_Flavor] = []
    queues = list(snap.all(CLUSTER_QUEUE).values())
    for name, each in sorted(asked.items(), key=lambda one: ("/" not in one[0], one[0])):
        share = pool(queue, (flavor, name), queues)
        if share is None:
            return None
        found.append(_Flavor(now=share.room // each, ever=_most(share) // each, resource=name, pool=share))
    return min(found, key=lambda one: (one.now, one.ever))


def _most(share: Pool) -> int:
    """What the queue could use if nobody used anything."""
    lent = sum(one.quota.nominal - one.kept for one in share.others)
    limit = share.own.quota.borrowing
    return share.own.quota.nominal + (lent if limit is None else min(lent, limit))


def _may_take(flavor: Object | None, pod: Pod) -> bool:
    """Whether labels and taints of a flavor let it take the pod; a flavor that was not read may."""
    if flavor is None:
        return True
    labels = {str(name): str(value) for name, value in part(flavor, "spec", "nodeLabels").items()}
    demands = [one for one in narrowings(pod) if one.label in labels]
    if not all(_meets(labels, one) for one in demands if one.term is None):
        return False
    terms = {one.term for one in narrowings(pod) if one.term is not None}
    if terms and not any(all(_meets(labels, one) for one in demands if one.term == term) for term in terms):
        return False
    tolerated = [*shape_of(pod).tolerations, *_added(flavor)]
    taints = [
        Taint(key=_word(one.get("key")), value=_word(one.get("value")), effect=_word(one.get("effect")))
        for one in dicts(part(flavor, "spec").get("nodeTaints"))
    ]
    return all(one.effect == "PreferNoSchedule" or tolerates(tolerated, one) for one in taints)


def _meets(labels: Mapping[str, str], one: Narrowing) -> bool:
    return matches_requirement(labels, {"key": one.label, "operator": one.operator, "values": list(one.values)})


def _added(flavor: Object) -> tuple[Toleration, ...]:
    """The tolerations that a flavor gives to every pod that it takes."""
    return tolerations(msgspec.Raw(msgspec.json.encode(part(flavor, "spec").get("tolerations"))))


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
