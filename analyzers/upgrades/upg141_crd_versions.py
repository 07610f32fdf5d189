"""UPG141 to UPG144: a controller and the definitions of its kinds do not fit each other."""

import re
from collections.abc import Iterator
from functools import partial

from diag.catalog.context import Context
from diag.catalog.joins.backends import INPUTS, Backend, backend, called
from diag.catalog.rule import Named, rule
from diag.catalog.signature import On
from diag.catalog.texts import Text, first_text
from diag.facts.entries import entries
from diag.facts.entries import text as text_of
from diag.facts.words import listed
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.projection import Object, dicts
from diag.snapshot.cite import MISSING, value_at
from diag.trouble.groups import Group

MAX_TEXT = 8_000
CRD = "apiextensions.k8s.io/CustomResourceDefinition"
GROUPS = ("container-crashing", "init-container-failing", "container-not-ready", "custom-resource-not-ready",
          "pod-not-created", "pod-failed", "job-failed")  # fmt: skip
PLACES = (On.LOG, On.CONDITION, On.EVENT, On.MESSAGE)
# kubernetes/kubernetes staging/src/k8s.io/apimachinery/pkg/api/meta/errors.go (NoKindMatchError),
# apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go, pkg/apis/apiextensions/validation.
Q = r'\\?"'  # a structured log escapes the quotes
NO_KIND = re.compile(rf"no matches for kind {Q}(?P<kind>\w{{1,100}}){Q} in version {Q}(?P<version>[\w./-]{{1,200}}){Q}")
CONVERSION = re.compile(
    r"conversion webhook for (?P<version>[\w./-]{1,200}), Kind=(?P<kind>\w{1,100}) failed: (?P<why>[^\n]{1,400})"
)
DROPPED = re.compile(
    r"CustomResourceDefinition[^\n]{0,60}? \\?\"(?P<name>[\w.-]{1,250})\\?\"[^\n]{0,80}?status\.storedVersions\[\d+\]: "
    r"Invalid value: \\?\"(?P<version>\w{1,60})\\?\": missing from spec\.versions"
)
# argoproj/argo-cd pkg/apis/application/v1alpha1: what the last sync ended with, and what keeps it from comparing.
APPLICATION = "argoproj.io/Application"
HERE = ("https://kubernetes.default.svc", "in-cluster", MISSING, None, "")
CONVERSION_PAGE = """A CRD's conversion webhook cannot be called, so its objects cannot be read.

## What it means
Objects that are stored in another version than is asked for are converted by a webhook. It does not answer, so neither
controllers nor people can list or change objects of this kind.

## Why it happens
The controller that serves the webhook is down, or an upgrade renamed its Service, its port or its certificate and left
the CRD as it was.

## Evidence
The words of whoever asked, the Service that the CRD's `spec.conversion` names, and what stands behind it.

## What to do
Bring the webhook's workload back, or apply the CRDs of the version that is installed.

## Known limits
A network policy or firewall between the API server and the Service shows only as a time-out.
"""
DROPPED_PAGE = """An upgrade drops a CRD version in which objects are still stored.

## What it means
The API server refuses the new CRD, as `status.storedVersions` lists a version that it no longer has. The upgrade stops
there, half done.

## Why it happens
An upgrade skipped the release that migrates stored objects, or the migration never ran.

## Evidence
The refusal, and `status.storedVersions` of the CRD.

## What to do
Install a release that has both versions, write every object anew (storage migration), take the old version out of
`status.storedVersions`, and upgrade again.

## Known limits
Whether objects of the old version are really left in storage cannot be seen.
"""
MISSING_PAGE = """A kind that a component needs has no CRD in the cluster.

## What it means
The component asks for objects of a kind that the API server does not know, and ends or retries for ever.

## Why it happens
The CRDs were not installed with the chart (`--skip-crds`), or belong to another product that the component integrates
with.

## Evidence
`no matches for kind` in its words, and that no CustomResourceDefinition has this kind and group.

## What to do
Install the CRDs of the release, or switch the integration off.

## Known limits
Kinds that an aggregated API serves have no CRD; groups of Kubernetes itself (`.k8s.io`) are left out.
"""


@rule(
    "UPG141",
    name="controller-crd-skew",
    question=Question.STARTED,
    basis=Basis.SAID,
    inputs=(CRD, *INPUTS, "Event", APPLICATION),
    others=(
        Named(id="UPG142", name="crd-conversion-webhook-unavailable", page=CONVERSION_PAGE, basis=Basis.SAID),
        Named(id="UPG143", name="crd-stored-version-dropped", page=DROPPED_PAGE, basis=Basis.SAID),
        Named(id="UPG144", name="crd-not-installed", page=MISSING_PAGE, basis=Basis.SAID),
    ),
)
def crd_versions(ctx: Context) -> Iterator[Finding]:
    """A controller asks for a version of its kind that the CRD does not serve.

    ## What it means
    The kind is installed, in other versions than the controller was built for.

    ## Why it happens
    Helm does not upgrade CRDs with a chart, so that they are as old as the first installation; or they were upgraded
    ahead of the controller.

    ## Evidence
    `no matches for kind … in version …` in the controller's words, and the versions that the CRD serves.

    ## What to do
    Apply the CRDs of the controller's release, then restart it.

    ## Known limits
    Silent where no CustomResourceDefinition was collected. Of Argo CD the last sync of an Application counts, where it
    brings its objects to this cluster.
    """
    for group in ctx.groups(*GROUPS):
        if (hit := first_text(ctx, group, CONVERSION, *PLACES)) is not None:
            yield _conversion(ctx, group, *hit)
        elif (hit := first_text(ctx, group, DROPPED, *PLACES)) is not None:
            yield _dropped(ctx, group, *hit)
        elif (hit := first_text(ctx, group, NO_KIND, *PLACES)) is not None:
            yield from _no_kind(ctx, group, *hit)
    grouped = {member.ref for group in ctx.groups("custom-resource-not-ready") for member in group.members}
    for item in ctx.snap.all(APPLICATION):
        places = [value_at(item.whole, f"spec.destination.{one}") for one in ("server", "name")]
        if item.ref not in grouped and all(place in HERE for place in places):
            yield from _synced(ctx, item)


def _synced(ctx: Context, item: Object) -> Iterator[Finding]:
    """What the last sync of an Application says: it is Healthy for all that, as it only brings nothing new."""
    for text in _of_sync(ctx, item):
        if (said := CONVERSION.search(text.text)) is not None:
            yield _conversion(ctx, None, text, said)
        elif (said := DROPPED.search(text.text)) is not None:
            yield _dropped(ctx, None, text, said)
        elif (said := NO_KIND.search(text.text)) is not None:
            yield from _no_kind(ctx, None, text, said)
        else:
            continue
        return


def _of_sync(ctx: Context, item: Object) -> Iterator[Text]:
    ended = value_at(item.whole, "status.operationState.phase") in ("Failed", "Error")
    paths = ["status.operationState.message"] if ended else []
    errors = (path for path, one in entries(item, "status.conditions") if text_of(one.get("type")).endswith("Error"))
    for path in (*paths, *(f"{path}.message" for path in errors)):
        value = value_at(item.whole, path)
        if isinstance(value, str):
            yield Text(item, "", "", value[:MAX_TEXT], partial(ctx.cite, item, path))


def _crd(ctx: Context, kind: str, version: str) -> Object | None:
    """The definition of a kind of a group; `version` is GROUP/VERSION."""
    api_group = version.rpartition("/")[0]
    return next(
        (
            one
            for one in ctx.snap.all(CRD)
            if value_at(one.whole, "spec.names.kind") == kind and value_at(one.whole, "spec.group") == api_group
        ),
        None,
    )


def _made(
    group: Group | None,
    name: str,
    *,
    subject: Ref,
    summary: str,
    evidence: tuple[Evidence, *tuple[Evidence, ...]],
    remedy: Remedy,
    confidence: Confidence | None = None,
    needs: tuple[Ref, ...] = (),
) -> Finding:
    return Finding(
        name=name,
        subject=subject,
        summary=summary,
        evidence=evidence,
        accounts_for=(Because(group, summary, (evidence[0],)),) if group is not None else (),
        confidence=confidence,
        second_sign=len(evidence) > 1,
        since=group.since if group is not None else None,
        needs=needs,
        remedies=(remedy,),
    )


def _no_kind(ctx: Context, group: Group | None, text: Text, words: re.Match[str]) -> Iterator[Finding]:
    kind, version = words["kind"], words["version"]
    api_group, said = version.rpartition("/")[0], text.cite()
    crd = _crd(ctx, kind, version)
    if crd is not None:
        listing = value_at(crd.whole, "spec.versions")
        served = [str(one.get("name")) for one in dicts(listing) if one.get("served") is not False]
        if version.rpartition("/")[2] in served:
            return  # it is there by now
        proof = [ctx.cite(crd, f"spec.versions[{index}].name") for index in range(len(served))][:4]
        yield _made(
            group,
            "controller-crd-skew",
            subject=crd.ref,
            summary=f"{text.member.name} asks for {kind} in {version}, and the CRD serves {listed(served)} only",
            evidence=(said, *proof),
            remedy=Remedy(
                text="apply the CRDs of the controller's release, then restart it",
                command=f"kubectl get crd {crd.name} -o yaml",
                who="platform",
            ),
        )
    elif "." in api_group and not api_group.endswith(".k8s.io"):
        lacking = ctx.snap.lacks(CRD, "", kind)
        if lacking is not None:
            yield _made(
                group,
                "crd-not-installed",
                subject=group.workload if group is not None else text.member.ref,
                summary=f"{text.member.name} needs {kind} of {version}, and no CRD of that kind is installed",
                evidence=(said,),
                confidence=min(lacking, Confidence.LIKELY),
                remedy=Remedy(
                    text=f"install the CRDs that bring {kind}, or switch off what asks for it",
                    command=f"kubectl api-resources --api-group={api_group}",
                    who="platform",
                ),
            )


def _unseen(ctx: Context, name: str) -> Ref:
    return Ref(ctx.cluster, "apiextensions.k8s.io/v1", "CustomResourceDefinition", "", name, seen=False)


def _dropped(ctx: Context, group: Group | None, text: Text, words: re.Match[str]) -> Finding:
    crd = ctx.snap.get(CRD, "", words["name"])
    stored = [piece for index in range(4) if crd and (piece := ctx.cite_if(crd, f"status.storedVersions[{index}]"))]
    return _made(
        group,
        "crd-stored-version-dropped",
        subject=crd.ref if crd else _unseen(ctx, words["name"]),
        summary=f"an upgrade of {words['name']} is refused: it drops version {words['version']}, in which objects may "
        "still be stored",
        evidence=(text.cite(), *stored),
        remedy=Remedy(
            text="install a release that has both versions, write the objects anew, and take the old version out of "
            "status.storedVersions",
            command=f"kubectl get crd {words['name']} -o yaml",
            who="platform",
            risk="disruptive",
        ),
    )


def _conversion(ctx: Context, group: Group | None, text: Text, words: re.Match[str]) -> Finding:
    crd = _crd(ctx, words["kind"], words["version"])
    place = called(words["why"])
    back = backend(ctx, place) if place else Backend()
    why = words["why"].rpartition('": ')[2].strip() or words["why"]
    config = ctx.cite_if(crd, "spec.conversion.webhook.clientConfig.service.name") if crd else None
    state = f"; {back.words}" if back.words else ""
    service = f" at Service {'/'.join(place)}" if place else ""
    return _made(
        group,
        "crd-conversion-webhook-unavailable",
        subject=crd.ref if crd else group.workload if group is not None else text.member.ref,
        summary=f"the conversion webhook of {words['kind']}{service} cannot be called ({why}){state}",
        evidence=(text.cite(), *((config,) if config else ()), *back.proof),
        needs=back.needs,
        remedy=Remedy(
            text="bring the workload behind the webhook back, or apply the CRDs of the installed release",
            command=f"kubectl get crd {crd.name} -o yaml" if crd else None,
            who="platform",
        ),
    )
