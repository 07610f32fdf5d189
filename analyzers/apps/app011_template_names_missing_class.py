"""APP011, APP012: the pod template names a PriorityClass or RuntimeClass that does not exist."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group
from diag.trouble.relations.refusals import refusals

RUNTIME_PAGE = """The pod template names a RuntimeClass that does not exist.

## What it means
The API server refuses the pods, because it cannot look up what their RuntimeClass asks for.

## Why it happens
The class is called otherwise here, or nobody has made it yet: the GPU operator makes `nvidia` when its toolkit is on.

## Evidence
The refusal; or, where no sentence is left, the name in the template and that no such RuntimeClass is there.

## What to do
Make the class, or leave `spec.runtimeClassName` out where the runtime is the node's default.

## Known limits
Without a refusal it is only likely: a webhook may put another class in.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """A kind of class that a template names by a field, and what the API server says where it is missing."""

    name: str  # of the cause; empty is the rule's own
    kind: str
    version: str
    field: str
    refused: re.Pattern[str]
    remedies: tuple[Remedy, ...]


# kubernetes/kubernetes plugin/pkg/admission/{priority,runtimeclass}/admission.go
CLASSES = (
    Class(
        name="",
        kind="PriorityClass",
        version="scheduling.k8s.io/v1",
        field="priorityClassName",
        refused=re.compile(r"no PriorityClass with name (?P<name>[a-z0-9.-]{1,253}) was found"),
        remedies=(
            Remedy(text="name a PriorityClass that exists", command="kubectl get priorityclasses"),
            Remedy(text="or create the PriorityClass", who="platform"),
        ),
    ),
    Class(
        name="runtimeclass-missing",
        kind="RuntimeClass",
        version="node.k8s.io/v1",
        field="runtimeClassName",
        refused=re.compile(r'pod rejected: RuntimeClass "(?P<name>[a-z0-9.-]{1,253})" not found'),
        remedies=(
            Remedy(
                text="create the RuntimeClass (the GPU operator makes `nvidia` when its toolkit is on)",
                command="kubectl get runtimeclasses",
                who="platform",
            ),
            Remedy(text="or leave spec.runtimeClassName out where the runtime is the node's default"),
        ),
    ),
)


@rule(
    "APP011",
    name="priority-class-missing",
    question=Question.CREATED,
    basis=Basis.SAID,
    inputs=(
        "scheduling.k8s.io/PriorityClass",
        "node.k8s.io/RuntimeClass",
        "Event",
        "apps/ReplicaSet",
        "apps/StatefulSet",
        "apps/DaemonSet",
        "batch/Job",
    ),
    others=(Named(id="APP012", name="runtimeclass-missing", page=RUNTIME_PAGE, basis=Basis.SAID),),
)
def template_names_missing_class(ctx: Context) -> Iterator[Finding]:
    """The pod template names a PriorityClass that does not exist.

    ## What it means
    The API server refuses the pods, because it cannot tell their priority.

    ## Why it happens
    A typing error, or a chart from a cluster that has other classes.

    ## Evidence
    The refusal; or, where no sentence is left, the name in the template and that no such PriorityClass is there.

    ## What to do
    Name a class that exists, or create it.

    ## Known limits
    Without a refusal it is only likely: a webhook may put another class in.
    """
    for group in ctx.groups("pod-not-created"):
        for each in CLASSES:
            finding = _said(ctx, group, each) or _unsaid(ctx, group, each)
            if finding is not None:
                yield finding


def _said(ctx: Context, group: Group, each: Class) -> Finding | None:
    """What a refusal names. By now it may be there; then the controller has not tried again, or fails for more."""
    for one in refusals(group):
        found = each.refused.search(one.text)
        if found is not None:
            absent = _absent(ctx, each, found["name"])
            by_now = ctx.snap.get(_kind_id(each), "", found["name"]) is not None
            sure = Confidence.POSSIBLE if by_now else None
            return _finding(group, each, found["name"], [one.evidence, *absent], confidence=sure)
    return None


def _unsaid(ctx: Context, group: Group, each: Class) -> Finding | None:
    """What the template names and nobody has, where no sentence is left."""
    path = f"spec.template.spec.{each.field}"
    name = value_at(group.first.whole, path)
    if group.message or not isinstance(name, str):
        return None
    absent = _absent(ctx, each, name)
    if not absent:
        return None
    return _finding(group, each, name, [ctx.cite(group.first, path), *absent], confidence=Confidence.LIKELY)


def _absent(ctx: Context, each: Class, name: str) -> list[Evidence]:
    """That there is no such class, empty where it is here or nobody looked."""
    if ctx.snap.lacks(_kind_id(each), "", name) is None:
        return []
    return [ctx.absent(each.version, each.kind, "", name)]


def _kind_id(each: Class) -> str:
    return f"{each.version.partition('/')[0]}/{each.kind}"


def _finding(group: Group, each: Class, name: str, proof: list[Evidence], *, confidence: Confidence | None) -> Finding:
    return Finding(
        name=each.name,
        subject=group.workload,
        summary=f"its pods name {each.kind} {name}, which does not exist, so they are not created",
        evidence=as_proof([*dict.fromkeys((*proof, *group.evidence))]),
        accounts_for=(Because(group, f"its pods name {each.kind} {name}, which does not exist", tuple(proof)),),
        confidence=confidence,
        second_sign=len(proof) > 1,
        since=group.since,
        remedies=each.remedies,
    )
