"""APP541, APP542: a CustomResourceDefinition whose names are taken, or that is being deleted."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts import custom_resources as facts
from diag.findings import GRACE_S, Finding, Question, Remedy, Severity
from diag.projection import Object

CRD = "apiextensions.k8s.io/CustomResourceDefinition"

TERMINATING = """The CRD is being deleted, and its objects with it.

## What it means
Every object of the kind is deleted with the definition; nothing new of it can be made. Where the deletion stands
still, an object has a finalizer that nobody removes.

## Why it happens
A chart or an operator was uninstalled with its CRDs, or somebody deleted the definition.

## Evidence
`metadata.deletionTimestamp`, and the condition `Terminating` with what is left to do.

## What to do
Stop whoever uninstalls it, save the objects, and install the CRD again once it is gone.

## Known limits
Under a minute it is told as `info`: small kinds go in seconds.
"""


@rule(
    "APP541",
    name="crd-names-conflict",
    question=Question.CREATED,
    inputs=(CRD,),
    others=(Named(id="APP542", name="crd-terminating", page=TERMINATING),),
)
def crd_conditions(ctx: Context) -> Iterator[Finding]:
    """Two CRDs claim the same names, so one is not served.

    ## What it means
    A plural, kind or short name of the definition belongs to another one of the same group. Where the definition is not
    `Established`, its kind is not served at all, and its controller finds nothing.

    ## Why it happens
    Two charts bring definitions of one kind under different names, or an old definition was left behind.

    ## Evidence
    The condition `NamesAccepted` with its reason (`PluralConflict`, `KindConflict` …), and `Established`.

    ## What to do
    Remove the definition that is not needed, after saving its objects.

    ## Known limits
    Which definition has the name is told by the condition's message.
    """
    for item in ctx.snap.all(CRD):
        if item.metadata.deletion_timestamp:
            yield _terminating(ctx, item)
        elif (said := facts.told(item, "NamesAccepted")) is not None and said.status == "False":
            yield _conflict(ctx, item, said)


def _conflict(ctx: Context, item: Object, said: facts.Told) -> Finding:
    served = facts.is_true(item, "Established")
    established = facts.told(item, "Established")
    return Finding(
        subject=item.ref,
        summary=f"its names are not accepted ({said.reason}: {said.message})"
        + ("; it is served all the same" if served else ", so it is not served"),
        evidence=(ctx.cite(item, said.path), *([ctx.cite(item, established.path)] if established else [])),
        severity=Severity.WARNING if served else None,
        remedies=(
            Remedy(text="look at its conditions", command=f"kubectl get crd {item.name} -o yaml", who="platform"),
            Remedy(
                text="remove the definition that is not needed, after saving its objects",
                who="platform",
                risk="irreversible",
            ),
        ),
    )


def _terminating(ctx: Context, item: Object) -> Finding:
    since = item.metadata.deletion_timestamp
    said = facts.told(item, "Terminating")
    left = f" ({said.reason}: {said.message})" if said else ""
    return Finding(
        name="crd-terminating",
        subject=item.ref,
        summary=f"it has been deleted since {since}, and all its objects go with it{left}",
        evidence=(ctx.cite(item, "metadata.deletionTimestamp"), *([ctx.cite(item, said.path)] if said else [])),
        severity=None if ctx.older(since, GRACE_S) else Severity.INFO,
        since=since,
        remedies=(
            Remedy(text="see what is left of it", command=f"kubectl get {item.name} -A", who="platform"),
            Remedy(
                text="stop whoever uninstalls it, and install it again once it is gone",
                who="platform",
                risk="disruptive",
            ),
        ),
    )
