"""QUO003: a pod breaks a LimitRange of its namespace."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.quantity import milli
from diag.findings import Basis, Because, Confidence, FieldEvidence, Finding, Question, Ref, Remedy
from diag.projection import Object, dicts
from diag.snapshot.cite import key, value_at
from diag.trouble.groups import Group
from diag.trouble.relations.refusals import refusals
from diag.trouble.relations.template import template_pod
from diag.trouble.room.quotas import stated_resources

# kubernetes/kubernetes plugin/pkg/admission/limitranger/admission.go
BREAKS = re.compile(
    r"(?P<what>(?P<end>maximum|minimum) (?P<resource>[A-Za-z0-9./-]{1,200}) usage per (?P<type>[A-Za-z]{3,30}) is "
    r"(?P<bound>[0-9.a-zA-Z]{1,40})"
    r"(?:, but (?:limit|request) is [0-9.a-zA-Z]{1,40}|\. +No (?:limit|request) is specified))"
    r"|(?P<ratio>(?P<of>[A-Za-z0-9./-]{1,200}) max limit to request ratio per (?P<kind>[A-Za-z]{3,30}) is "
    r"(?P<most>[0-9.a-zA-Z]{1,40}), but [^,\]\n]{1,100})"
)


# Which side of a container each bound holds for: a maximum for its limit, a minimum for its request.
SIDES = (("max", "limits", "maximum"), ("max", "requests", "maximum"), ("min", "requests", "minimum"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A bound that a refusal names: where it stands in a LimitRange, and the words."""

    words: str
    part: str  # max, min or maxLimitRequestRatio
    resource: str
    type: str
    bound: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """A group whose pods are outside a bound, what shows it, and the bound where its LimitRange is here."""

    group: Group
    words: str
    evidence: FieldEvidence
    range: Object | None
    bound: FieldEvidence | None


@rule(
    "QUO003",
    name="limitrange-violation",
    question=Question.CREATED,
    basis=Basis.SAID,
    inputs=("LimitRange", "Event", "apps/ReplicaSet", "apps/StatefulSet", "apps/DaemonSet", "batch/Job"),
    visits={"LimitRange": 1},
)
def limitrange_violation(ctx: Context) -> Iterator[Finding]:
    """A pod breaks a LimitRange of its namespace.

    ## What it means
    A LimitRange bounds what one container or pod of the namespace may ask for, and the pod template is outside of it.
    The pods are never created, however much the cluster has free.

    ## Why it happens
    The workload asks for more per container than the namespace allows, for less than the minimum, or leaves a value
    open that a bound needs. Containers that a webhook adds count as well.

    ## Evidence
    The refusal, or, where no sentence is left, what a container of the template states; and the bound in
    `spec.limits` of the LimitRange.

    ## What to do
    Keep within the bound, or have it changed.

    ## Known limits
    Without the LimitRange only the refusal speaks, and the workload is named as the root. Without a refusal only bounds
    per container are compared, with what the template itself states.
    """
    broken: dict[Ref, list[Victim]] = defaultdict(list)
    for group in ctx.groups("pod-not-created"):
        victim = _said(ctx, group) or _counted(ctx, group)
        if victim is not None:
            broken[victim.range.ref if victim.range else group.workload].append(victim)
    for subject, found in sorted(broken.items()):
        yield _finding(subject, found)


def _said(ctx: Context, group: Group) -> Victim | None:
    for one in refusals(group):
        said = BREAKS.search(one.text)
        if said is not None:
            what = _read(said)
            item, bound = _range(ctx, one.member.namespace, what)
            return Victim(group=group, words=what.words, evidence=one.evidence, range=item, bound=bound)
    return None


def _counted(ctx: Context, group: Group) -> Victim | None:
    """A container of the template that states more, or less, than a bound allows, where nobody has said anything."""
    pod = template_pod(group.first) if not group.message else None
    containers = [stated_resources(one) for one in pod.spec.containers or ()] if pod is not None else []
    for item in ctx.snap.all("LimitRange"):
        limits = dicts(value_at(item.whole, "spec.limits")) if item.namespace == group.first.namespace else []
        for place, limit in enumerate(limits):
            for number, stated in enumerate(containers if limit.get("type") == "Container" else ()):
                for (part, side, word), resource in product(SIDES, sorted(stated["limits"] | stated["requests"])):
                    bounds, amount = limit.get(part), milli(stated[side].get(resource))
                    allowed = milli(bounds.get(resource)) if isinstance(bounds, dict) else None
                    if amount is None or allowed is None or (amount <= allowed if part == "max" else amount >= allowed):
                        continue
                    bound = ctx.cite(item, f"spec.limits[{place}].{part}{key(resource)}")
                    path = f"spec.template.spec.containers[{number}].resources.{side}{key(resource)}"
                    words = f"{word} {resource} usage per Container is {bound.value}, but {side[:-1]} is "
                    asked = ctx.cite(group.first, path)
                    return Victim(group=group, words=f"{words}{asked.value}", evidence=asked, range=item, bound=bound)
    return None


def _read(said: re.Match[str]) -> Broken:
    if said["ratio"]:
        return Broken(
            words=said["ratio"], part="maxLimitRequestRatio", resource=said["of"], type=said["kind"], bound=said["most"]
        )
    part = "max" if said["end"] == "maximum" else "min"
    return Broken(words=said["what"], part=part, resource=said["resource"], type=said["type"], bound=said["bound"])


def _range(ctx: Context, namespace: str, broken: Broken) -> tuple[Object | None, FieldEvidence | None]:
    """The LimitRange with that bound, and the bound."""
    for item in ctx.snap.all("LimitRange"):
        spec = item.whole.get("spec")
        if item.namespace != namespace or not isinstance(spec, dict):
            continue
        for index, limit in enumerate(dicts(spec.get("limits"))):
            bounds = limit.get(broken.part)
            bound = bounds.get(broken.resource) if isinstance(bounds, dict) else None
            if limit.get("type") == broken.type and bound is not None and milli(bound) == milli(broken.bound):
                return item, ctx.cite(item, f"spec.limits[{index}].{broken.part}{key(broken.resource)}")
    return None, None


def _finding(subject: Ref, found: list[Victim]) -> Finding:
    first = found[0]
    names = ", ".join(f"{one.group.workload.kind} {one.group.workload.name}" for one in found[:4])
    rest = [piece for one in found for piece in (one.evidence, one.bound) if piece is not None]
    stated = any(one.group.message for one in found)
    return Finding(
        subject=subject,
        summary=f"{first.words}, so no pod is created for {names}",
        evidence=(first.evidence, *rest[1:]),
        accounts_for=tuple(Because(one.group, f"its pods are refused: {one.words}", (one.evidence,)) for one in found),
        confidence=None if first.bound is not None and stated else Confidence.LIKELY,
        second_sign=first.bound is not None,
        since=min((one.group.since for one in found if one.group.since), default=None),
        remedies=(
            Remedy(text="keep the pod template within the bound"),
            Remedy(text="change the LimitRange", who="platform"),
        ),
    )
