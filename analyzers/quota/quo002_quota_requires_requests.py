"""QUO002: a quota counts what the pods leave open."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.quota_message import unstated
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.snapshot.cite import key as step
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.relations.refusals import refusals
from diag.trouble.relations.template import template_pod
from diag.trouble.room.quotas import Defaults, defaults_of, quota_of, selects, stated_resources

# What every container has to state when a quota counts it (kubernetes/kubernetes pkg/quota/v1/evaluator/core/pods.go,
# validationSet); extended resources may be left out.
STATED = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """A group that a quota refuses for what its pods leave open."""

    group: Group
    what: str
    evidence: tuple[Evidence, ...]


@rule(
    "QUO002",
    name="quota-requires-requests",
    question=Question.CREATED,
    inputs=(
        "ResourceQuota",
        "LimitRange",
        "Event",
        "apps/ReplicaSet",
        "apps/StatefulSet",
        "apps/DaemonSet",
        "batch/Job",
    ),
    visits={"ResourceQuota": 1, "LimitRange": 1},
)
def quota_requires_requests(ctx: Context) -> Iterator[Finding]:
    """A quota counts what the pods leave open.

    ## What it means
    The namespace has a ResourceQuota on CPU or memory, so every container has to state a request (or limit) for it.
    One does not, and the pods are refused.

    ## Why it happens
    The quota is newer than the workload, a webhook adds a container without requests, or an operator makes pods with
    a container that has none.

    ## Evidence
    The refusal (`must specify`), or, where no sentence is left, the quota's resources against the containers of the
    template.

    ## What to do
    State requests and limits, also for containers that are added by others, or give the namespace a LimitRange with
    defaults.

    ## Known limits
    Containers that a webhook adds are not in the template; then only the refusal names them.
    """
    refused: dict[tuple[str, str], list[Victim]] = defaultdict(list)
    for group in ctx.groups("pod-not-created"):
        found = dict(_said(group)) or dict(_counted(ctx, group))
        for key, victim in found.items():
            refused[key].append(victim)
    for key, victims in sorted(refused.items()):
        yield _finding(ctx, key, victims)


def _said(group: Group) -> Iterator[tuple[tuple[str, str], Victim]]:
    for one in refusals(group):
        said = unstated(one.text)
        if said is not None:
            yield (
                (one.member.namespace, said.quota),
                Victim(group=group, what=said.what, evidence=(one.evidence,)),
            )
            return


def _counted(ctx: Context, group: Group) -> Iterator[tuple[tuple[str, str], Victim]]:
    """Quotas on what a container of the template leaves open, where nobody has said anything."""
    pod = template_pod(group.first) if not group.message else None
    if pod is None:
        return
    namespace = group.first.namespace
    defaults = defaults_of(item for item in ctx.snap.all("LimitRange") if item.namespace == namespace)
    for item in ctx.snap.all("ResourceQuota"):
        if item.namespace != namespace or not selects(item, pod):
            continue
        for resource in sorted(set(STATED) & set(quota_of(item).hard)):
            index = _open(pod, resource, defaults)
            if index is None:
                continue
            part, name = _side(resource)
            path = f"spec.template.spec.containers[{index}]"
            proof = (
                ctx.cite(item, f"status.hard{step(resource)}"),
                ctx.lack(group.first, f"{path}.resources.{part}.{name}"),
            )
            yield (namespace, item.name), Victim(group=group, what=resource, evidence=proof)
            break


def _side(resource: str) -> tuple[str, str]:
    kind, dot, name = resource.partition(".")
    return (kind, name) if dot else ("requests", kind)


def _open(pod: Pod, resource: str, defaults: Defaults) -> int | None:
    """The first container that leaves a resource open; a limit without a request is the request."""
    part, name = _side(resource)
    filled = defaults.limits if part == "limits" else {**defaults.limits, **defaults.requests}
    for index, container in enumerate(pod.spec.containers or ()):
        stated = stated_resources(container)
        if not any(name in values for values in (stated[part], stated["limits"], filled)):
            return index
    return None


def _finding(ctx: Context, key: tuple[str, str], victims: list[Victim]) -> Finding:
    item = ctx.snap.get("ResourceQuota", *key)
    names = ", ".join(f"{one.group.workload.kind} {one.group.workload.name}" for one in victims[:4])
    first, *rest = dict.fromkeys(piece for one in victims for piece in one.evidence)
    stated = any(one.group.message for one in victims)
    return Finding(
        subject=item.ref if item else Ref(ctx.cluster, "v1", "ResourceQuota", *key, seen=False),
        summary=f"it counts what the pods of {names} leave open (must specify {victims[0].what}), so they are refused",
        evidence=(first, *rest),
        accounts_for=tuple(
            Because(one.group, f"quota {key[1]} wants its containers to state {one.what}", one.evidence)
            for one in victims
        ),
        # A sentence is hearsay where the quota itself is not here; a count has nobody who says it.
        confidence=None if item is not None and stated else Confidence.LIKELY,
        since=min((one.group.since for one in victims if one.group.since), default=None),
        remedies=(
            Remedy(text=f"state {victims[0].what} for every container, also for those that a webhook adds"),
            Remedy(text=f"or give namespace {key[0]} a LimitRange with defaults", who="platform"),
        ),
    )
