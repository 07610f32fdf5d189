"""APP511, APP512: states of storage that hurt nobody yet: released volumes, several default classes."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.words import listed
from diag.findings import Evidence, Finding, Question, Remedy, Severity
from diag.projection import Object
from diag.snapshot.cite import key, value_at

VOLUME, CLASS = "PersistentVolume", "storage.k8s.io/StorageClass"
# kubernetes/kubernetes pkg/volume/util/storageclass.go
DEFAULTS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
UNDER_WAY_S = 15 * 60  # a volume whose policy is Delete goes in that time

SEVERAL = """Several StorageClasses are the default.

## What it means
Claims that name no class get one of them: the newest since Kubernetes 1.26; before, such claims were refused. Nobody
chose which.

## Why it happens
An add-on or a new driver brought its class as the default, and the old one kept its annotation.

## Evidence
The annotation `storageclass.kubernetes.io/is-default-class` of each class.

## What to do
Take the annotation off all but one.

## Known limits
Two defaults during a change from one to the other are meant to be.
"""


@rule(
    "APP511",
    name="pv-released",
    question=Question.PLACED,
    severity=Severity.INFO,
    inputs=(VOLUME, CLASS),
    others=(Named(id="APP512", name="storageclass-several-defaults", page=SEVERAL, severity=Severity.INFO),),
)
def storage_left_over(ctx: Context) -> Iterator[Finding]:
    """The volume is released and not reused.

    ## What it means
    The claim of the volume is gone, and the volume with its data stays. It is not given to another claim.

    ## Why it happens
    Its reclaim policy is Retain, so that a person decides; or its driver has not deleted it.

    ## Evidence
    `status.phase` and `spec.persistentVolumeReclaimPolicy` of the volume, and the claim that it had.

    ## What to do
    Keep what is needed. Delete the volume, and the disk behind it, where the data is not needed any more: it costs.

    ## Known limits
    A state, not a fault: nothing waits for it.
    """
    left: dict[str, list[Object]] = defaultdict(list)
    for item in ctx.snap.all(VOLUME):
        if value_at(item.whole, "status.phase") == "Released" and not _is_going(ctx, item):
            left[str(value_at(item.whole, "spec.persistentVolumeReclaimPolicy"))].append(item)
    for _, items in sorted(left.items()):
        yield _released(ctx, items)
    classes = [item for item in ctx.snap.all(CLASS) if not item.metadata.deletion_timestamp]
    chosen = [(item, name) for item in classes if (name := _default(item))]
    if len(chosen) > 1:
        yield _several(ctx, chosen)


def _is_going(ctx: Context, item: Object) -> bool:
    """Whether its driver is deleting it, or may be."""
    if value_at(item.whole, "spec.persistentVolumeReclaimPolicy") == "Retain":
        return False
    since = value_at(item.whole, "status.lastPhaseTransitionTime")
    return not ctx.older(since if isinstance(since, str) else None, UNDER_WAY_S)


def _released(ctx: Context, items: list[Object]) -> Finding:
    first = items[0]
    paths = ("spec.persistentVolumeReclaimPolicy", "spec.claimRef.namespace", "spec.claimRef.name")
    more = [piece for path in paths if (piece := ctx.cite_if(first, path))]
    return Finding(
        subject=first.ref,
        summary=f"the claim is gone, and the volume is kept with its data: {listed([one.name for one in items])}",
        evidence=(ctx.cite(first, "status.phase"), *more),
        members=tuple(one.ref for one in items[1:]),
        remedies=(
            Remedy(
                text="see which volumes are released, and whose they were", command="kubectl get pv", who="platform"
            ),
            Remedy(
                text=f"delete {first.name}, and the disk behind it",
                when="nobody needs the data",
                command=f"kubectl delete pv {first.name}",
                who="platform",
                risk="irreversible",
            ),
        ),
    )


def _default(item: Object) -> str:
    """The annotation that makes a class the default, empty where none does."""
    return next((name for name in DEFAULTS if item.annotations.get(name) == "true"), "")


def _several(ctx: Context, chosen: list[tuple[Object, str]]) -> Finding:
    newest = max(chosen, key=lambda one: (one[0].created or "", one[0].name))[0]
    pieces: list[Evidence] = [ctx.cite(item, f"metadata.annotations{key(name)}") for item, name in chosen]
    others = [item for item, _ in chosen if item is not newest]
    return Finding(
        name="storageclass-several-defaults",
        subject=newest.ref,
        summary=f"the default class is {newest.name} and at the same time {listed([one.name for one in others])}; "
        "claims that name none get the newest",
        evidence=(pieces[0], *pieces[1:]),
        members=tuple(one.ref for one in others),
        remedies=(
            Remedy(text="see which classes are the default", command="kubectl get storageclass", who="platform"),
            *(
                Remedy(
                    text=f"take the annotation off {one.name}, if {newest.name} is meant",
                    command=f"kubectl annotate storageclass {one.name} {DEFAULTS[0]}-",
                    who="platform",
                    risk="disruptive",
                )
                for one in others[:1]
            ),
        ),
    )
