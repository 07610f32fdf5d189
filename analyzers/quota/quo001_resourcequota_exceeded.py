"""QUO001: a namespace's ResourceQuota is used up, so controllers cannot make their pods."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.gangs import VOLCANO, min_resources
from diag.facts.quantity import milli, show
from diag.facts.quota_message import exceeded
from diag.findings import Because, Confidence, Evidence, Finding, Proof, Question, Ref, Remedy
from diag.trouble.groups import Group
from diag.trouble.relations.refusals import refusals
from diag.trouble.relations.template import template_pod
from diag.trouble.room.quotas import Holder, Quota, charges_of, claim_charges, defaults_of, holders, quota_of, selects
from diag.trouble.shapes import request_path

CLAIM = "PersistentVolumeClaim"
STORAGE = "spec.volumeClaimTemplates[0].spec.resources.requests.storage"
# Of the controllers that make the claims of a pod (pkg/controller/resourceclaim, pkg/controller/volume/ephemeral).
CLAIM_REFUSED = ("FailedResourceClaimCreation", "FailedBinding", "ProvisioningFailed")
# volcano-sh/volcano pkg/scheduler/plugins/resourcequota: an event of type Normal on the PodGroup.
NOT_LET_IN = "resource quota insufficient, requested"
MAX_NAMED = 4  # holders and victims that a summary names


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """A group that a quota keeps from its pods: what one pod asks for, and what says so (nothing if counted)."""

    group: Group
    need: dict[str, int]  # thousandths by the quota's resource
    said: tuple[Evidence, ...] = ()
    used: dict[str, str]
    limited: dict[str, str]


@rule(
    "QUO001",
    name="resourcequota-exceeded",
    question=Question.CREATED,
    inputs=(
        "Pod",
        "ResourceQuota",
        "LimitRange",
        CLAIM,
        VOLCANO,
        "apps/ReplicaSet",
        "apps/StatefulSet",
        "apps/DaemonSet",
        "batch/Job",
        "Event",
    ),
    visits={"ResourceQuota": 1, "LimitRange": 1},
)
def resourcequota_exceeded(ctx: Context) -> Iterator[Finding]:
    """A namespace's ResourceQuota is used up, so controllers get no more pods.

    ## What it means
    The API server refuses new pods of the namespace, because with them more would be used than the quota allows. No
    Pending pod shows it: the pods do not exist.

    ## Why it happens
    Others in the namespace hold the resource (idle notebooks, an old roll-out, a larger job), the workload asks for
    more than before, or the limit was set for a smaller team. GPUs are counted as `requests.nvidia.com/gpu`.

    ## Evidence
    `status.used` and `status.hard` of the ResourceQuota against the request of the pod template; the refusal in the
    controller's `ReplicaFailure` condition or its `FailedCreate` event, while there is one; the pods that hold the
    resource. Pods that have ended hold nothing. Of a StatefulSet the claims of its next pod count, too.

    ## What to do
    End or shrink what holds the resource, ask for less, or have the quota raised. The controller tries again by
    itself.

    ## Known limits
    Where no sentence names the quota, what LimitRanges and webhooks add to a pod is only known as far as the
    LimitRange is here. Quotas with a scope that is not known are left out.
    """
    quotas = {(item.namespace, item.name): quota_of(item) for item in ctx.snap.all("ResourceQuota")}
    refused: dict[tuple[str, str], list[Victim]] = defaultdict(list)
    for group in ctx.groups("pod-not-created"):
        victims = dict(_stated(group)) or dict(_counted(ctx, group, quotas))
        for key, victim in victims.items():
            refused[key].append(victim)
    for group in ctx.groups("pod-unscheduled"):
        for key, victim in _unclaimed(ctx, group):
            refused[key].append(victim)
    for group in ctx.groups("workload-not-admitted"):
        for key, victim in _kept_out(ctx, group, quotas):
            refused[key].append(victim)
    for key, found in sorted(refused.items()):
        yield _finding(ctx, key, quotas.get(key), found)


def _stated(group: Group) -> Iterator[tuple[tuple[str, str], Victim]]:
    """The quota that a sentence names. The first sentence counts, with those of other members as further proof."""
    found = [(one, said) for one in refusals(group) if (said := exceeded(one.text)) is not None]
    if found:
        first, said = found[0]
        need = {name: milli(amount) or 0 for name, amount in said.requested.items()}
        proof = tuple(dict.fromkeys(one.evidence for one, other in found if other.quota == said.quota))
        yield (
            (first.member.namespace, said.quota),
            Victim(group=group, need=need, said=proof, used=said.used, limited=said.limited),
        )


def _kept_out(
    ctx: Context, group: Group, quotas: dict[tuple[str, str], Quota]
) -> Iterator[tuple[tuple[str, str], Victim]]:
    """The quota for which Volcano does not let a gang in: its sentence names none, the amounts tell."""
    item = group.first
    events = ctx.snap.events(item) if item.kind_id == VOLCANO else []
    said = next((event for event in events if NOT_LET_IN in event.text), None)
    asked = min_resources(item) if said is not None else {}
    for key, quota in quotas.items():
        need = {name: asked.get(name.removeprefix("requests."), 0) for name in quota.hard}
        short = quota.short(need) if key[0] == item.namespace else []
        if said is not None and short:
            proof = (ctx.cite_event(said),)
            yield key, Victim(
                group=group, need={name: need[name] for name in short}, said=proof, used={}, limited={}
            )  # fmt: skip
            return


def _unclaimed(ctx: Context, group: Group) -> Iterator[tuple[tuple[str, str], Victim]]:
    """The quota that refuses the claim of a pod that is there already: of devices, or of an ephemeral volume."""
    for pod in group.members:
        for event in ctx.warnings(pod, *CLAIM_REFUSED):
            said = exceeded(event.text)
            if said is not None:
                need = {name: milli(amount) or 0 for name, amount in said.requested.items()}
                proof = (ctx.cite_event(event),)
                yield (
                    (pod.namespace, said.quota),
                    Victim(group=group, need=need, said=proof, used=said.used, limited=said.limited),
                )
                return


def _counted(
    ctx: Context, group: Group, quotas: dict[tuple[str, str], Quota]
) -> Iterator[tuple[tuple[str, str], Victim]]:
    """Quotas of which less is left than one pod of the template needs, where nobody has said anything."""
    pod = template_pod(group.first) if not group.message else None
    if pod is None:
        return
    namespace = group.first.namespace
    defaults = defaults_of(item for item in ctx.snap.all("LimitRange") if item.namespace == namespace)
    charged = charges_of(pod, defaults)
    claims = claim_charges(group.first, lambda name: ctx.snap.lacks(CLAIM, namespace, name) is not None)
    for key, quota in quotas.items():
        if key[0] != namespace or not selects(quota.item, pod):
            continue
        need = {name: charged(name) + claims.get(name, 0) for name in quota.hard}
        if quota.short(need):
            yield key, Victim(group=group, need={name: need[name] for name in quota.short(need)}, used={}, limited={})


def _finding(ctx: Context, key: tuple[str, str], quota: Quota | None, victims: list[Victim]) -> Finding:
    resource = _main(quota, victims)
    used, hard = _amounts(quota, resource, victims)
    held = holders(ctx.snap.pods_in(key[0]), quota.item, resource, ctx.workload) if quota is not None else []
    status = _status(ctx, quota, resource)
    evidence = _evidence(ctx, resource, status=status, victims=victims, held=held)
    allowed = milli(hard)
    never = allowed is not None and all(one.need.get(resource, 0) > allowed for one in victims)
    state = f"{used} of {hard} {resource} are used"
    if never:
        what = "gang" if _what(victims[0]) == "gang" else "pod"
        state = f"{hard} {resource} are allowed in all, less than one {what} asks for"
    names = _listed([_victim(one, resource) for one in victims])
    most = "; held by " + _listed([_holder(one, resource) for one in held]) if held and not never else ""
    room = Remedy(
        text="end or shrink what holds the resource in the namespace" + most,
        command=f"kubectl get pods -n {key[0]} -o wide",
        risk="disruptive",
    )
    asker = victims[0].group.workload
    subject = quota.item.ref if quota else Ref(ctx.cluster, "v1", "ResourceQuota", *key, seen=False)
    return Finding(
        subject=subject,
        summary=f"{state}, so no more {_kept(victims)} for {names}{most}",
        evidence=evidence,
        accounts_for=tuple(
            Because(
                one.group,
                f"each {_what(one)} asks for {_need(one, resource)} {resource}; of quota {key[1]} {state}",
                (*one.said, *status),
            )
            for one in victims
        ),
        confidence=_confidence(ctx, key, quota, resource=resource, victims=victims, held=held),
        since=min((one.group.since for one in victims if one.group.since), default=None),
        remedies=(
            *(() if never else (room,)),
            Remedy(
                text="ask for less per pod, or for fewer pods",
                command=f"kubectl get {asker.kind.lower()} {asker.name} -n {asker.namespace} -o yaml",
            ),
            Remedy(
                text=f"raise spec.hard of ResourceQuota {key[1]} for {resource} "
                + _enough(quota, resource, victims, hard),
                command=f"kubectl describe resourcequota {key[1]} -n {key[0]}",
                who="platform",
            ),
        ),
    )


def _main(quota: Quota | None, victims: list[Victim]) -> str:
    """The resource that decides: one that is short now, GPUs first, else one that was named."""
    need: dict[str, int] = {}
    for victim in victims:
        for name, amount in victim.need.items():
            need[name] = max(need.get(name, 0), amount)
    short = quota.short(need) if quota else []
    return short[0] if short else min(need, key=lambda name: ("gpu" not in name, name))


def _amounts(quota: Quota | None, resource: str, victims: list[Victim]) -> tuple[str, str]:
    """Used and allowed, as the quota's status has it, else as the sentence said."""
    if quota is not None and resource in quota.used and resource in quota.hard:
        return show(quota.used[resource], resource), show(quota.hard[resource], resource)
    return victims[0].used.get(resource, "?"), victims[0].limited.get(resource, "?")


def _enough(quota: Quota | None, resource: str, victims: list[Victim], hard: str) -> str:
    """To what the quota has to be raised: what is used, and what all missing pods ask for."""
    missing = sum(one.need.get(resource, 0) * one.group.size for one in victims)
    if quota is None or resource not in quota.used:
        return f"above {hard}"
    used = quota.used[resource]
    parts = f"{show(used, resource)} in use and {show(missing, resource)} for the missing pods"
    return f"from {hard} to {show(used + missing, resource)} ({parts})"


def _status(ctx: Context, quota: Quota | None, resource: str) -> tuple[Evidence, ...]:
    """Used and allowed, where the quota is here and says so."""
    if quota is None or resource not in quota.used or resource not in quota.hard:
        return ()
    return tuple(ctx.cite(quota.item, f'status.{part}["{resource}"]') for part in ("used", "hard"))


def _evidence(
    ctx: Context, resource: str, *, status: tuple[Evidence, ...], victims: list[Victim], held: list[Holder]
) -> Proof:
    said = [piece for one in victims for piece in one.said]
    asked = [piece for one in victims if not one.said for piece in _request(ctx, one.group, resource)]
    missing = [piece for one in victims for piece in one.group.evidence]
    sums = [_sum(ctx, one, resource) for one in held[:MAX_NAMED]]
    first, *rest = dict.fromkeys([*status, *said, *asked, *missing, *sums])
    return (first, *rest)


def _request(ctx: Context, group: Group, resource: str) -> list[Evidence]:
    """What the template asks for, cited where it stands in the controller."""
    pod = template_pod(group.first)
    name = resource.removeprefix("requests.")
    path = request_path(pod, name) if pod else None
    if path:
        return [ctx.cite(group.first, f"spec.template.{path}")]
    asked = ctx.cite_if(group.first, STORAGE) if name.endswith("storage") else None
    return [asked] if asked else []


def _sum(ctx: Context, holder: Holder, resource: str) -> Evidence:
    name = resource.removeprefix("requests.")
    parts = [
        ctx.cite(pod, path if (path := request_path(pod, name)) else "metadata.name")
        for pod in holder.pods
    ]  # fmt: skip
    who = f"{holder.workload.kind} {holder.workload.name}"
    return ctx.compute(f"{resource} held by {who}", show(holder.amount, resource), parts)


def _confidence(
    ctx: Context,
    key: tuple[str, str],
    quota: Quota | None,
    *,
    resource: str,
    victims: list[Victim],
    held: list[Holder],
) -> Confidence | None:
    if quota is None:
        gone = ctx.snap.lacks("ResourceQuota", *key) is not None
        return Confidence.POSSIBLE if gone else Confidence.LIKELY
    need = {resource: max(one.need.get(resource, 0) for one in victims)}
    if not quota.short(need):  # room was made since, or another resource was short
        return Confidence.LIKELY
    counted_only = all(not one.said for one in victims)
    agrees = sum(one.amount for one in held) == quota.used.get(resource)
    return Confidence.LIKELY if counted_only and not agrees else None


def _need(victim: Victim, resource: str) -> str:
    return show(victim.need.get(resource, 0), resource)


def _victim(victim: Victim, resource: str) -> str:
    who = victim.group.workload
    count = f"{victim.group.missing} missing" if victim.group.missing else f"{len(victim.group.members)} waiting"
    return f"{who.kind} {who.name} ({count}, {_need(victim, resource)} each)"


def _what(victim: Victim) -> str:
    if victim.group.first.kind_id == VOLCANO:
        return "gang"
    return "pod" if victim.group.missing else "claim of a pod"


def _kept(victims: list[Victim]) -> str:
    if victims[0].group.first.kind_id == VOLCANO:
        return "gangs are let in"
    return "pods are made" if victims[0].group.missing else "claims are made"


def _holder(holder: Holder, resource: str) -> str:
    return f"{holder.workload.kind} {holder.workload.name} ({show(holder.amount, resource)})"


def _listed(words: list[str]) -> str:
    more = len(words) - MAX_NAMED
    return ", ".join(words[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
