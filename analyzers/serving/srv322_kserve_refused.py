"""SRV322 and SRV323: KServe cannot make a service's Knative Service: Knative refuses its fields, or is not there."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.custom_resources import is_held, is_true
from diag.facts.words import listed
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Event

SERVICES = ("serving.kserve.io/InferenceService", "serving.kserve.io/InferenceGraph")
CRD = "apiextensions.k8s.io/CustomResourceDefinition"
KNATIVE, KSERVICE = "services.serving.knative.dev", "serving.knative.dev/Service"
FEATURES = ("knative-serving", "config-features")
RECENT_S = 3600
# knative/pkg apis/field_error.go ErrDisallowedFields, as knative/serving's webhook answers
MASKED = re.compile(
    r"serving\.knative\.dev\"? denied the request: .{0,2000}?must not set the field\(s\): (?P<fields>[^\n\"]{1,600})",
    re.DOTALL,
)
# Flags of knative/serving pkg/apis/config/features.go whose names are not the field's own in small letters.
FLAGS = {
    "initcontainers": "init-containers",
    "persistentvolumeclaim": "persistent-volume-claim",
    "csi": "volumes-csi",
    "image": "volumes-image",
    "emptydir": "volumes-emptydir",
    "hostpath": "volumes-hostpath",
}
# kserve/kserve pkg/constants: annotation and status field, by their two names
MODE, MODES = "serving.kserve.io/deploymentMode", ("Serverless", "Knative")
STATUS_MODE = "status.deploymentMode"

MISSING_PAGE = """The service asks for Knative mode, but Knative is not installed.

## What it means
KServe is to run the model as a Knative Service, and the cluster does not know that kind. Nothing is made: no
Deployment, no pod, and the status stays empty.

## Why it happens
Knative was never installed, or was removed; the mode is the default of KServe's configuration, or an annotation asks
for it.

## Evidence
KServe's event `ServerlessModeRejected`, or the mode that the service asks for and the missing definition of Knative's
Service.

## What to do
Let the service run without Knative (annotation `serving.kserve.io/deploymentMode: Standard`, `RawDeployment` before
KServe 0.16), or install Knative Serving.

## Known limits
Without the event it is told only where CustomResourceDefinitions were collected.
"""


@rule(
    "SRV322",
    name="knative-feature-disabled",
    question=Question.CREATED,
    basis=Basis.SAID,
    inputs=(*SERVICES, CRD, KSERVICE, "ConfigMap", "Event"),
    others=(Named(id="SRV323", name="kserve-knative-missing", page=MISSING_PAGE, basis=Basis.SAID),),
)
def kserve_refused(ctx: Context) -> Iterator[Finding]:
    """Knative's feature flags forbid pod fields that the service needs.

    ## What it means
    Knative's webhook refuses the Knative Service that KServe makes, since it sets fields of the pod that are switched
    off in this cluster. There is no pod, or the last version that was accepted goes on serving.

    ## Why it happens
    Node selectors, tolerations, affinity, runtime classes and claims, which a GPU service usually needs, are off unless
    the ConfigMap `config-features` switches them on.

    ## Evidence
    The event with the fields that must not be set, and what `config-features` says of them.

    ## What to do
    Enable the flags in ConfigMap knative-serving/config-features, take the fields out, or run the service without
    Knative.

    ## Known limits
    A Knative Service that somebody applies by hand is refused to that person's face and leaves no trace.
    """
    for kind in SERVICES:
        for item in ctx.snap.all(kind):
            if is_held(item) or item.metadata.deletion_timestamp:
                continue
            found = _refused(ctx, item) or _no_knative(ctx, item)
            if found is not None:
                yield found


def _refused(ctx: Context, item: Object) -> Finding | None:
    for event in ctx.warnings(item, "InternalError", within_s=RECENT_S):
        said = MASKED.search(event.text)
        if said is None:
            continue
        fields = [field.strip() for field in said["fields"].split(",")]
        flags = list(dict.fromkeys(_flag(field) for field in fields))
        off, proof = _switched_off(ctx, flags)
        return _fields_finding(ctx, item, event, fields, off, proof) if off else None
    return None


def _flag(field: str) -> str:
    """The feature flag of a field, as `kubernetes.podspec-nodeselector` of `spec.template.spec.nodeSelector`."""
    last = re.sub(r"\[\d{1,4}\]$", "", field).rpartition(".")[2].casefold()
    return f"kubernetes.podspec-{FLAGS.get(last, last)}"


def _switched_off(ctx: Context, flags: list[str]) -> tuple[list[str], list[Evidence]]:
    """Those of the flags that are not enabled now, with what says so; all of them where nobody knows."""
    config = ctx.snap.get("ConfigMap", *FEATURES)
    if config is None:
        return flags, []
    off = [flag for flag in flags if str(value_at(config.whole, f"data{key(flag)}")).casefold() != "enabled"]
    return off, [ctx.cite_or_lack(config, f"data{key(flag)}") for flag in off]


def _fields_finding(
    ctx: Context, item: Object, event: Event, fields: list[str], off: list[str], proof: list[Evidence]
) -> Finding:
    serves = is_true(item, "Ready")
    summary = f"is refused by Knative, whose feature flags forbid {listed(fields)} (must not set the field(s))" + (
        "; its last version goes on serving" if serves else ", so it gets no pod"
    )
    pieces = as_proof([ctx.cite_event(event), *proof])
    patch = ", ".join(f'"{flag}":"enabled"' for flag in off)
    return Finding(
        subject=item.ref,
        summary=summary,
        evidence=pieces,
        accounts_for=_suffers(ctx, item, summary, pieces),
        second_sign=bool(proof),
        since=event.first_seen,
        remedies=(
            Remedy(
                text=f"enable {listed(off)} in ConfigMap {'/'.join(FEATURES)}",
                command=f"kubectl patch configmap {FEATURES[1]} -n {FEATURES[0]} --type merge "
                f"-p '{{\"data\":{{{patch}}}}}'",
                who="platform",
                risk="disruptive",
            ),
            Remedy(text=f"or leave {listed(fields)} out of the service"),
            Remedy(text=f"or run it without Knative (annotation {MODE}: Standard)", risk="disruptive"),
        ),
    )


def _no_knative(ctx: Context, item: Object) -> Finding | None:
    events = ctx.warnings(item, "ServerlessModeRejected", within_s=RECENT_S)
    missing = ctx.snap.lacks(CRD, "", KNATIVE)
    asked = _mode(item)
    installed = ctx.snap.get(CRD, "", KNATIVE) is not None or ctx.snap.holds(KSERVICE)
    if installed or is_true(item, "Ready") or not (events or (asked and missing is not None)):
        return None
    proof: list[Evidence] = [ctx.cite_event(events[0])] if events else []
    proof += [ctx.cite(item, asked)] if asked else []
    proof += [ctx.absent("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", KNATIVE)] if missing else []
    said = f": {events[0].text}" if events else ""
    summary = f"asks for Knative mode, and Knative Serving is not installed, so nothing is made for it{said}"
    pieces = as_proof(proof)
    return Finding(
        name="kserve-knative-missing",
        subject=item.ref,
        summary=summary,
        evidence=pieces,
        accounts_for=_suffers(ctx, item, summary, pieces),
        confidence=missing if not events else None,
        second_sign=missing is not None,
        since=item.created,
        remedies=(
            Remedy(
                text="run it without Knative",
                command=f"kubectl annotate {(item.kind or '').casefold()} {item.name} -n {item.namespace} --overwrite "
                f"{MODE}=Standard",
                risk="disruptive",
            ),
            Remedy(text="or install Knative Serving", who="platform"),
            Remedy(
                text="or change defaultDeploymentMode in ConfigMap kserve/inferenceservice-config",
                who="platform",
                risk="disruptive",
            ),
        ),
    )


def _mode(item: Object) -> str:
    """Where the service says that it runs on Knative, empty where it does not."""
    paths = (f"metadata.annotations{key(MODE)}", STATUS_MODE)
    return next((path for path in paths if value_at(item.whole, path) in MODES), "")


def _suffers(ctx: Context, item: Object, why: str, proof: tuple[Evidence, ...]) -> tuple[Because, ...]:
    return tuple(Because(group, why, proof[:2]) for group in ctx.groups() if group.workload == item.ref)
