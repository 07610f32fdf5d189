"""STO207: the API server dropped an image volume without a word, because the feature is off."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.paths import said
from diag.catalog.rule import rule
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import JsonDict, Object, dicts, json_value
from diag.snapshot.cite import key
from diag.trouble.groups import Group

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
SYMPTOMS = (
    "container-crashing",
    "init-container-failing",
    "container-not-ready",
    "container-not-started",
    "pod-failed",
)
WORDS = re.compile(r"\w")


@rule(
    "STO207",
    name="image-volume-gate-disabled",
    question=Question.STARTED,
    inputs=("Pod", "apps/Deployment"),
)
def image_volume_gate_disabled(ctx: Context) -> Iterator[Finding]:
    """The API server dropped an image volume without a word.

    ## What it means
    The manifest that was applied has a volume of type `image`, and the stored object has none. The container finds
    nothing at the mount's path, and fails in its own way.

    ## Why it happens
    The feature gate ImageVolume is off by default before Kubernetes 1.35. An API server drops fields of a feature that
    is off, and says nothing.

    ## Evidence
    The annotation `last-applied-configuration` with the volume, and the stored pod template without it.

    ## What to do
    Switch the gate on in API server and kubelets, upgrade, or bring the files by a claim or an init container.

    ## Known limits
    Objects that were created otherwise than by client-side `kubectl apply` carry no such annotation.
    """
    for group in ctx.groups(*SYMPTOMS):
        for owner in _owners(ctx, group.first):
            lost = _lost(owner)
            if lost is not None:
                yield _finding(ctx, group, owner, *lost)
                break


def _owners(ctx: Context, member: Object) -> Iterator[Object]:
    """The member and its owners that are here."""
    item: Object | None = member
    for _ in range(6):
        if item is None:
            return
        yield item
        item = ctx.snap.owner_of(item)


def _lost(owner: Object) -> tuple[str, str, str] | None:
    """Name and reference of an image volume that was applied and is not stored, and where volumes would be stored."""
    text = owner.annotations.get(APPLIED, "")
    applied = json_value(text.encode())
    path, stored = _pod_spec(owner.whole)
    kept = {volume.get("name") for volume in dicts(stored.get("volumes"))}
    for volume in dicts(_pod_spec(applied)[1].get("volumes")):
        image = volume.get("image")
        reference = image.get("reference") if isinstance(image, dict) else None
        name = volume.get("name")
        if isinstance(reference, str) and isinstance(name, str) and name not in kept:
            return name, reference, path
    return None


def _pod_spec(whole: object) -> tuple[str, JsonDict]:
    """The pod's spec within a manifest, with its path."""
    spec = whole.get("spec") if isinstance(whole, dict) else None
    template = spec.get("template") if isinstance(spec, dict) else None
    inner = template.get("spec") if isinstance(template, dict) else None
    if isinstance(inner, dict):
        return "spec.template.spec", inner
    return "spec", spec if isinstance(spec, dict) else {}


def _finding(ctx: Context, group: Group, owner: Object, name: str, reference: str, path: str) -> Finding:
    applied = ctx.cite(owner, f"metadata.annotations{key(APPLIED)}")
    kept = dicts(_pod_spec(owner.whole)[1].get("volumes"))
    missing = ctx.lack(owner, f"{path}.volumes[{len(kept)}]")
    last = said(ctx, group, WORDS)
    more: list[Evidence] = [missing, *([last.proof] if last else []), *group.evidence]
    version = ctx.snap.server_version
    on = f" (server {version})" if version else ""
    summary = (
        f"the applied manifest (last-applied-configuration) has image volume {name} of {reference}, and the stored "
        f"object has none{on}: the API server dropped it, as it does while the gate ImageVolume is off"
    )
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=(applied, *more),
        accounts_for=(Because(group, f"nothing is mounted for volume {name} ({reference})", (applied, missing)),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text="switch the feature gate ImageVolume on in API server and kubelets, or upgrade", who="platform"
            ),
            Remedy(text=f"or bring {reference} by an init container or a claim"),
        ),
    )
