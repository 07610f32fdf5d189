"""MCL106 and MCL107: a member cluster does not take what Karmada applies there."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.custom_resources import Told, told
from diag.facts.karmada import BINDING_OF_WORK, BINDINGS, SPACE, WORK
from diag.findings import Because, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.trouble.groups import Group

REFUSED = """The member cluster's API refuses the resource.

## What it means
Karmada chose the cluster and tried to create or update the resource there, and the member said no.

## Why it happens
Admission, quota, missing rights or a missing API in the member: the sentence tells.

## Evidence
The condition `Applied=False` of the Work.

## What to do
Look at what the member's API says, and mend it there.

## Known limits
The reason inside the member is not looked into: its snapshot tells more.
"""


@rule(
    "MCL106",
    name="karmada-resource-conflict",
    question=Question.CREATED,
    inputs=(WORK, BINDINGS[0]),
    others=(Named(id="MCL107", name="karmada-work-apply-failed", page=REFUSED),),
)
def karmada_work(ctx: Context) -> Iterator[Finding]:
    """A resource of the same name exists unmanaged in the member cluster.

    ## What it means
    Karmada does not take over what it has not made, unless it is told to.

    ## Why it happens
    Somebody created the object in the member by hand, or another tool did.

    ## Evidence
    The condition `Applied=False` of the Work, which names the object and the cluster.

    ## What to do
    Delete the object in the member, or set `conflictResolution: Overwrite` in the policy.

    ## Known limits
    The object in the member is not looked at.
    """
    groups = ctx.groups("object-not-propagated")
    for group in groups:
        for work in group.members:
            said = told(work, "Applied") if work.kind_id == WORK else None
            if said is not None and said.status == "False":
                yield _finding(ctx, groups, group, work, said)


def _finding(ctx: Context, groups: list[Group], group: Group, work: Object, said: Told) -> Finding:
    conflict = "already exists" in said.message and "conflict-resolution" in said.message
    cluster = work.namespace.removeprefix(SPACE)
    remedy = (
        Remedy(
            text=f"delete the object in {cluster}, or let Karmada take it over with spec.conflictResolution: Overwrite "
            "in the policy",
            risk="disruptive",
        )
        if conflict
        else Remedy(text=f"mend in {cluster} what its API refuses", who="platform")
    )
    proof = (ctx.cite(work, said.path),)
    return Finding(
        name="karmada-resource-conflict" if conflict else "karmada-work-apply-failed",
        subject=work.ref,
        summary=f"is not applied in {cluster}: {said.message}",
        evidence=as_proof(proof),
        accounts_for=(
            Because(group, f"{cluster} refuses it", proof, members=group.share),
            *(
                Because(other, f"its Work {work.name} is not applied in {cluster}", proof)
                for other in _above(groups, work)
            ),
        ),
        since=group.since,
        remedies=(remedy,),
    )


def _above(groups: list[Group], work: Object) -> Iterator[Group]:
    """The groups of the binding that the Work was made for, as its annotations say."""
    space, name = (work.annotations.get(f"{BINDING_OF_WORK}{part}") for part in ("namespace", "name"))
    for group in groups:
        if any(one.kind_id in BINDINGS and (one.namespace, one.name) == (space, name) for one in group.members):
            yield group
