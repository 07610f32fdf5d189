"""QUO621: an ElasticQuota of Koordinator or of the scheduler plugins, or one above it, is used up."""

import re
from collections.abc import Iterator, Mapping

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Basis, Because, Evidence, FieldEvidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import MISSING, key, value_at
from diag.trouble.groups import Group

ELASTIC = "scheduling.sigs.k8s.io/ElasticQuota"
# koordinator-sh/koordinator pkg/scheduler/plugins/elasticquota/plugin.go
SAID = re.compile(
    r"Insufficient quotas, (?:quotaName: (?P<one>[^,\s]{1,253})|quotaNameTopo: \[(?P<path>[^\]\s][^\]]{0,999})\]), "
    r"runtime: (?P<runtime>.{0,400}?), used: (?P<used>.{0,400}?), pod's request: (?P<asked>.{0,400}?), "
    r"exceedDimensions: \[(?P<short>[^\]\s]{1,300})"
)
# kubernetes-sigs/scheduler-plugins pkg/capacityscheduling: the quota of a namespace, or the sum of all.
PLUGIN = "scheduling.x-k8s.io/ElasticQuota"
REJECTED = re.compile(
    r"is rejected in PreFilter because (?:ElasticQuota (?P<name>[^,\s]{1,253}) is more than Max"
    r"|(?P<sum>total ElasticQuota used is more than min))"
)


@rule(
    "QUO621",
    name="elasticquota-exceeded",
    question=Question.ADMITTED,
    basis=Basis.SAID,
    inputs=("Pod", ELASTIC, PLUGIN),
)
def koordinator_quota(ctx: Context) -> Iterator[Finding]:
    """The ElasticQuota of the pod, or one above it, is used up.

    ## What it means
    The quota of a namespace of the scheduler plugins bounds it by `max`, and what it borrows by the sum of all `min`.
    Koordinator lets a pod in when its quota and all quotas above have room. Of the path in the sentence the first name
    is the quota that refuses, the last the pod's own.

    ## Why it happens
    Other pods below the same parent hold its share. The share (`runtime`) may be less than `max` while others borrow.

    ## Evidence
    The scheduler's sentence; `spec.max` and `status.used` of the quota that refuses.

    ## What to do
    Free what the siblings hold, or raise the quota that refuses.

    ## Known limits
    How the share of a quota is computed is not repeated here.
    """
    refused = [(group, said) for group in ctx.groups("pod-unscheduled") if (said := SAID.search(group.message))]
    quotas = {one.name: one for one in ctx.snap.all(ELASTIC)}
    for group, said in refused:
        yield _finding(ctx, group, said, quotas)
    for group in ctx.groups("pod-unscheduled"):
        rejected = REJECTED.search(group.message)
        if rejected is not None:
            yield _rejected(ctx, group, rejected)


def _rejected(ctx: Context, group: Group, said: re.Match[str]) -> Finding:
    """A quota of the scheduler plugins: its own maximum, or more than all minima where it would borrow."""
    bound = "min" if said["sum"] else "max"
    quotas = [one for one in ctx.snap.all(PLUGIN) if one.namespace == group.first.namespace]
    quota = next((one for one in quotas if said["name"] in (None, one.name)), None)
    amounts = _amounts(ctx, group, quota, bound) if quota is not None else []
    over = "no quota has anything left to borrow" if said["sum"] else f"quota {said['name']} has no room for it"
    words = [f"{resource}: used {used.value}, {bound} {most.value}" for resource, used, most in amounts]
    summary = f"{over} ({', '.join(words)})" if words else over
    proof: list[Evidence] = [group.evidence[0], *(piece for _, *pieces in amounts for piece in pieces)]
    return Finding(
        subject=quota.ref if quota is not None else group.workload,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, tuple(proof[:2])),),
        since=group.since,
        remedies=(
            Remedy(text=f"wait until pods of the namespace end, or raise spec.{bound} of the quota", who="queue-admin"),
        ),
    )


def _amounts(
    ctx: Context, group: Group, quota: Object, bound: str
) -> list[tuple[str, FieldEvidence, FieldEvidence]]:  # fmt: skip
    """What of the GPUs that the pods ask for is used, and the bound."""
    found = []
    for resource in sorted(group.shape.gpus) if group.shape is not None else ():
        places = (f"status.used{key(resource)}", f"spec.{bound}{key(resource)}")
        if _has(quota, places[0]) and _has(quota, places[1]):
            found.append((resource, ctx.cite(quota, places[0]), ctx.cite(quota, places[1])))
    return found


def _finding(ctx: Context, group: Group, said: re.Match[str], quotas: Mapping[str, Object]) -> Finding:
    path = (said["path"] or said["one"]).split()
    name, own, resource = path[0], path[-1], said["short"]
    quota = quotas.get(name)
    proof: list[Evidence] = [group.evidence[0]]
    if quota is not None:
        places = (f"spec.max{key(resource)}", f"status.used{key(resource)}")
        proof += [ctx.cite(quota, place) for place in places if _has(quota, place)]
    parent = f" (above {own})" if own != name else ""
    numbers = f"runtime {said['runtime']}, used {said['used']}, the pod asks for {said['asked']}"
    summary = f"quota {name}{parent} has no {resource} left: {numbers}"
    return Finding(
        subject=quota.ref if quota is not None else group.workload,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, summary, tuple(proof[:2])),),
        since=group.since,
        remedies=(
            Remedy(text=f"free {resource} that pods of {name} hold, or raise spec.max of {name}", who="queue-admin"),
        ),
    )


def _has(item: Object, path: str) -> bool:
    return value_at(item.whole, path) not in (MISSING, None)
