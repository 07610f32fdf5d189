"""NET221 to NET223: routes of the mesh that lead nowhere, and settings of TLS that the other side does not take."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.backends import WORKLOADS
from diag.catalog.joins.mesh import DATAPLANE, PEER, Host, callers, demands_mtls, pods_behind, proxy_of, service_of_host
from diag.catalog.joins.mesh_routes import (
    ENTRY,
    GATEWAY,
    MESH,
    RULE,
    VIRTUAL,
    Destination,
    destinations,
    entry_hosts,
    gateway_named,
    gateways_of,
    rules_of,
    subsets,
    texts_of,
)
from diag.catalog.rule import Named, rule
from diag.facts.words import listed, nearest
from diag.findings import Because, Confidence, Evidence, FieldEvidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Pod
from diag.trouble.relations.webhooks import selector_of

GRACE_S = 60.0
REFINED = ("dependency-unreachable",)
TLS = "spec.trafficPolicy.tls.mode"
PLAIN = ("DISABLE", "SIMPLE")  # what a sidecar sends then is no mTLS
MUTUAL = "ISTIO_MUTUAL"
# Envoy of the caller (503 UF,URX), where the server does not speak TLS, and a reset where it takes mTLS only.
TLS_FAILED = re.compile(r"WRONG_VERSION_NUMBER|TLS_error|upstream connect error|\b503\b|[Cc]onnection reset")

SUBSET = """A subset's labels match no pod.

## What it means
The VirtualService sends requests to a subset of the Service, and no pod of the Service carries the subset's labels.
They are answered with 503 and `no healthy upstream`.

## Why it happens
The label of the version was changed, or the version that the subset stands for was removed.

## Evidence
The route that names the subset, its labels in the DestinationRule, and the pods behind the Service.

## What to do
Let the subset's labels be those of pods that there are, or send nothing to it.

## Known limits
Silent where the Service has no pods at all, or a workload of the namespace makes pods with these labels.
"""
CONFLICT = """Client and server side disagree about TLS.

## What it means
The DestinationRule tells the callers' sidecars to send what the servers' sidecars do not take: plain text where mTLS is
demanded, or mTLS to pods that have no sidecar. Every request fails.

## Why it happens
The DestinationRule was written before the policy became STRICT, or before the sidecars were removed.

## Evidence
`trafficPolicy.tls.mode` of the DestinationRule, and the policy or the containers of the pods behind the Service.

## What to do
Remove the `tls` setting: Istio then sends what the server takes.

## Known limits
Settings of a single port or subset are not evaluated, nor who may see the DestinationRule.
"""


@rule(
    "NET221",
    name="mesh-referenced-object-missing",
    question=Question.KEPT,
    severity=Severity.WARNING,
    inputs=("Pod", "Service", "Namespace", VIRTUAL, RULE, GATEWAY, ENTRY, PEER, *WORKLOADS),
    visits={RULE: 20, PEER: 20, ENTRY: 20, **dict.fromkeys(WORKLOADS, 20)},
    refines=REFINED,
    others=(
        Named(id="NET222", name="mesh-subset-selects-no-pod", page=SUBSET, severity=Severity.WARNING, refines=REFINED),
        Named(id="NET223", name="mesh-tls-mode-conflict", page=CONFLICT, severity=Severity.WARNING, refines=REFINED),
    ),
)
def mesh_routes(ctx: Context) -> Iterator[Finding]:
    """A mesh object refers to a gateway, host or subset that does not exist.

    ## What it means
    Istio leaves out what it cannot resolve: a route to a missing host or subset answers 503, and a VirtualService of a
    missing Gateway is served by nobody.

    ## Why it happens
    The name is misspelt, lacks its namespace, or its object was removed or never made in this cluster.

    ## Evidence
    The reference, and that no such object (or no such subset) is there.

    ## What to do
    Correct the reference, or make what it names.

    ## Known limits
    Silent where objects of that kind were not collected in that namespace. A host that no Service of the cluster can
    have, and weights of 0, are left out.
    """
    for item in ctx.snap.all(VIRTUAL):
        if item.metadata.deletion_timestamp or not ctx.older(item.created, GRACE_S):
            continue
        yield from _gateways(ctx, item)
        seen: set[tuple[str, str]] = set()
        for target in destinations(item):
            if target.service is not None and (target.host, target.subset) not in seen:
                seen.add((target.host, target.subset))
                yield from _destination(ctx, item, target, target.service)
    for item in ctx.snap.all(RULE):
        yield from _tls(ctx, item)


def _gateways(ctx: Context, item: Object) -> Iterator[Finding]:
    for index, named in enumerate(gateways_of(item)):
        space, name = gateway_named(named, item.namespace)
        missing = ctx.snap.lacks(GATEWAY, space, name) if named not in ("", MESH) else None
        if missing is not None:
            yield _missing(
                ctx, item, f"its Gateway {name} does not exist in namespace {space}", missing,
                ctx.cite(item, f"spec.gateways[{index}]"), ctx.absent("networking.istio.io/v1", "Gateway", space, name),
            )  # fmt: skip


def _destination(ctx: Context, item: Object, target: Destination, service: Host) -> Iterator[Finding]:
    found = ctx.snap.get("Service", *service)
    missing = ctx.snap.lacks("Service", *service)
    full = f"{service.name}.{service.namespace}.svc.cluster.local"
    host = ctx.cite(item, f"{target.path}.host")
    if missing is not None and not entry_hosts(ctx) & {full, target.host}:
        absent = ctx.absent("v1", "Service", *service)
        why = f"it routes to {target.host}, and namespace {service.namespace} has no Service {service.name}"
        yield _missing(ctx, item, why, missing, host, absent)
    if found is None or not target.subset:
        return
    named = [(one, path, labels) for one in rules_of(ctx, service) for path, name, labels in subsets(one)
             if name == target.subset]  # fmt: skip
    if named:
        one, path, labels = named[0]
        yield from _empty(ctx, item, target, found, one, path, labels)
    elif ctx.snap.holds(RULE):
        yield _no_subset(ctx, item, target, service)


def _no_subset(ctx: Context, item: Object, target: Destination, service: Host) -> Finding:
    rules = rules_of(ctx, service)
    names = [name for one in rules for _, name, _ in subsets(one)]
    near = nearest(target.subset, names)
    has = f"; there is {near}" if near else f"; there are {listed(names)}" if names else ""
    why = f"it routes to subset {target.subset} of {service.name}, which no DestinationRule has{has}"
    proof = [ctx.cite(one, f"{path}.name") for one in rules for path, name, _ in subsets(one) if name][:4]
    proof += [ctx.cite(one, "spec.host") for one in rules if not proof]
    sure = None if rules else Confidence.LIKELY
    return _missing(ctx, item, why, sure, ctx.cite(item, f"{target.path}.subset"), *proof)


def _missing(
    ctx: Context, item: Object, why: str, sure: Confidence | None, reference: FieldEvidence, *proof: Evidence
) -> Finding:
    return Finding(
        subject=item.ref,
        summary=why,
        evidence=(reference, *proof),
        accounts_for=_callers(ctx, item, why, reference, *proof),
        confidence=sure,
        since=item.created,
        remedies=(
            Remedy(
                text=f"correct {reference.path}, or make what it names",
                command=f"kubectl edit virtualservice {item.name} -n {item.namespace}",
                risk="disruptive",
            ),
        ),
    )


def _callers(ctx: Context, item: Object, why: str, *proof: Evidence) -> tuple[Because, ...]:
    """Who asks the VirtualService's hosts and gets no answer."""
    hosts = texts_of(item, "hosts")
    return tuple(Because(group, why, (words.proof, *proof)) for group, words in callers(ctx, hosts))


def _empty(
    ctx: Context, item: Object, target: Destination, service: Object, of: Object, path: str, labels: dict[str, str]
) -> Iterator[Finding]:
    """The subset is there; are pods?"""
    pods = pods_behind(ctx, service)
    if not labels or not pods or any(labels.items() <= pod.labels.items() for pod in pods):
        return
    if any(_makes(one, service.namespace, labels) for kind in WORKLOADS for one in ctx.snap.all(kind)):
        return
    pairs = [ctx.cite(of, f"{path}.labels{key(label)}") for label in labels]
    near = [ctx.cite(pods[0], f"metadata.labels{key(label)}") for label in labels if label in pods[0].labels]
    words = ", ".join(f"{label}={value}" for label, value in labels.items())
    has = "".join(
        f"; {pods[0].name} has {label}={pods[0].labels[label]}" for label in labels if label in pods[0].labels
    )
    why = (
        f"its subset {target.subset} selects {words}, which none of the {len(pods)} pods of {service.name} carries{has}"
    )
    proof = as_proof([*pairs, ctx.cite(item, f"{target.path}.subset"), *near])
    yield Finding(
        name="mesh-subset-selects-no-pod",
        subject=of.ref,
        summary=f"{why}; VirtualService {item.namespace}/{item.name} routes to it",
        evidence=proof,
        accounts_for=_callers(ctx, item, why, *proof),
        since=of.created,
        remedies=(
            Remedy(
                text="see the labels of the Service's pods",
                command=f"kubectl get pods -n {service.namespace} --show-labels "
                f"-l {','.join(f'{label}={value}' for label, value in selector_of(service).items())}",
            ),
            Remedy(
                text=f"let {path}.labels be those of pods that there are, or send nothing to the subset",
                command=f"kubectl edit destinationrule {of.name} -n {of.namespace}",
                risk="disruptive",
            ),
        ),
    )


def _makes(item: Object, namespace: str, labels: dict[str, str]) -> bool:
    made = value_at(item.whole, "spec.template.metadata.labels")
    return item.namespace == namespace and isinstance(made, dict) and labels.items() <= made.items()


def _tls(ctx: Context, item: Object) -> Iterator[Finding]:
    mode = value_at(item.whole, TLS)
    host = service_of_host(value_at(item.whole, "spec.host"), item.namespace)
    service = ctx.snap.get("Service", *host) if host is not None and mode in (*PLAIN, MUTUAL) else None
    pods = pods_behind(ctx, service) if service is not None else []
    if service is None or not pods:
        return
    setting = ctx.cite(item, TLS)
    if mode == MUTUAL:
        if any(map(proxy_of, pods)) or _is_ambient(ctx, pods[0]):
            return
        why = f"it sends mTLS to Service {service.name}, and none of its {len(pods)} pods has a sidecar"
        names = (ctx.cite_if(pod, "spec.containers[0].name") for pod in pods[:4])
        proof = as_proof([setting, *(name for name in names if name is not None)])
    else:
        policies = [demands_mtls(ctx, pod) if proxy_of(pod) else None for pod in pods[:8]]
        if None in policies:
            return
        found = [one for one in policies if one is not None]
        why = (
            f"it sends {'plain text' if mode == 'DISABLE' else 'simple TLS'} ({mode}) to Service {service.name}, and "
            f"PeerAuthentication {found[0].namespace}/{found[0].name} lets its pods take mTLS only"
        )
        proof = (setting, ctx.cite(found[0], "spec.mtls.mode"))
    full = f"{service.name}.{service.namespace}"
    suffering = callers(ctx, [service.name, full, f"{full}.svc", f"{full}.svc.cluster.local"], TLS_FAILED)
    yield Finding(
        name="mesh-tls-mode-conflict",
        subject=item.ref,
        summary=why,
        evidence=proof,
        accounts_for=tuple(Because(group, why, (words.proof, *proof)) for group, words in suffering),
        since=item.created,
        remedies=(
            Remedy(
                text=f"remove {TLS.removesuffix('.mode')}: Istio then sends what the server takes",
                command=f"kubectl edit destinationrule {item.name} -n {item.namespace}",
                risk="disruptive",
            ),
        ),
    )


def _is_ambient(ctx: Context, pod: Pod) -> bool:
    space = ctx.snap.get("Namespace", "", pod.namespace)
    return "ambient" in (pod.labels.get(DATAPLANE), space.labels.get(DATAPLANE) if space is not None else "ambient")
