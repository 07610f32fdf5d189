"""ResourceQuotas that would refuse pods which do not exist yet, whatever room the nodes have."""

from collections.abc import Iterator

from diag.facts.gpus import Amounts
from diag.facts.quantity import show
from diag.facts.words import listed
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.room.quotas import Quota, charges_of, defaults_of, quota_of, selects


def quota_refusals(snap: Snapshot, pod: Pod, pods: int) -> list[str]:
    """A sentence for each quota of the pod's namespace that leaves too little for `pods` more of it."""
    if not pod.namespace:
        return []
    return list(_refusals(snap, pod, pods))


def _refusals(snap: Snapshot, pod: Pod, pods: int) -> Iterator[str]:
    charged = charges_of(
        pod, defaults_of(one for one in snap.all("LimitRange").values() if one.namespace == pod.namespace)
    )
    for item in snap.all("ResourceQuota").values():
        if item.namespace != pod.namespace or not selects(item, pod):
            continue
        quota = quota_of(item)
        each = {resource: amount for resource in quota.hard if (amount := charged(resource)) > 0}
        if short := quota.short({resource: amount * pods for resource, amount in each.items()}):
            yield f"this is about nodes; ResourceQuota {item.namespace}/{item.name} {_words(quota, short, each, pods)}"


def _words(quota: Quota, short: list[str], each: Amounts, pods: int) -> str:
    used = listed([f"{_used(quota, name)}, {show(each[name], name)} asked" for name in short])
    left = min(max(quota.left(name), 0) // each[name] for name in short)
    those = "it" if pods == 1 else f"all but {left} of the {pods} pods" if left else f"all {pods} pods"
    return f"({used}{' for each pod' if pods > 1 else ''}) would refuse {those}"


def _used(quota: Quota, name: str) -> str:
    return f"{show(quota.used[name], name)} of {show(quota.hard[name], name)} {name} used"
