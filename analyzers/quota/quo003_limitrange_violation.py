"""QUO003: a pod breaks a LimitRange of its namespace."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.quantity import milli
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.projection import Object, dicts
from diag.snapshot.cite import key
from diag.trouble.groups import Group
from diag.trouble.relations.refusals import Refusal, refusals

# kubernetes/kubernetes plugin/pkg/admission/limitranger/admission.go
BREAKS = re.compile(
    r"(?P<what>(?P<end>maximum|minimum) (?P<resource>[A-Za-z0-9./-]{1,200}) usage per (?P<type>[A-Za-z]{3,30}) is "
    r"(?P<bound>[0-9.a-zA-Z]{1,40})"
    r"(?:, but (?:limit|request) is [0-9.a-zA-Z]{1,40}|\. +No (?:limit|request) is specified))"
    r"|(?P<ratio>(?P<of>[A-Za-z0-9./-]{1,200}) max limit to request ratio per (?P<kind>[A-Za-z]{3,30}) is "
    r"(?P<most>[0-9.a-zA-Z]{1,40}), but [^,\]\n]{1,100})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A bound that a refusal names: where it stands in a LimitRange, and the words."""

    words: str
    part: str  # max, min or maxLimitRequestRatio
    resource: str
    type: str
    bound: str


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
    The refusal, and the bound in `spec.limits` of the LimitRange.

    ## What to do
    Keep within the bound, or have it changed.

    ## Known limits
    Without the LimitRange only the refusal speaks, and the workload is named as the root.
    """
    broken: dict[Ref, list[tuple[Group, Refusal, Broken, Evidence | None]]] = defaultdict(list)
    for group in ctx.groups("pod-not-created"):
        for one in refusals(group):
            said = BREAKS.search(one.text)
            if said is not None:
                what = _read(said)
                item, proof = _range(ctx, one.member.namespace, what)
                broken[item.ref if item else group.workload].append((group, one, what, proof))
                break
    for subject, found in sorted(broken.items()):
        yield _finding(subject, found)


def _read(said: re.Match[str]) -> Broken:
    if said["ratio"]:
        return Broken(
            words=said["ratio"], part="maxLimitRequestRatio", resource=said["of"], type=said["kind"], bound=said["most"]
        )
    part = "max" if said["end"] == "maximum" else "min"
    return Broken(words=said["what"], part=part, resource=said["resource"], type=said["type"], bound=said["bound"])


def _range(ctx: Context, namespace: str, broken: Broken) -> tuple[Object | None, Evidence | None]:
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


def _finding(subject: Ref, found: list[tuple[Group, Refusal, Broken, Evidence | None]]) -> Finding:
    words = found[0][2].words
    bound = found[0][3]
    names = ", ".join(f"{group.workload.kind} {group.workload.name}" for group, *_ in found[:4])
    rest = [piece for _, one, _, proof in found for piece in (one.evidence, proof) if piece is not None]
    return Finding(
        subject=subject,
        summary=f"{words}, so no pod is created for {names}",
        evidence=(found[0][1].evidence, *rest[1:]),
        accounts_for=tuple(
            Because(group, f"its pods are refused: {what.words}", (one.evidence,)) for group, one, what, _ in found
        ),
        confidence=None if bound is not None else Confidence.LIKELY,
        second_sign=bound is not None,
        since=min((group.since for group, *_ in found if group.since), default=None),
        remedies=(
            Remedy(text="keep the pod template within the bound"),
            Remedy(text="change the LimitRange", who="platform"),
        ),
    )
