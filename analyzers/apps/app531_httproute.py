"""APP531 to APP533: a route of the Gateway API whose Gateway or backend is missing, or which the Gateway refuses."""

from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.entries import entries, text
from diag.facts.selection import matches_labels
from diag.facts.words import listed
from diag.findings import GRACE_S, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import JsonDict, Object, kind_id
from diag.snapshot.cite import value_at

GROUP = "gateway.networking.k8s.io"
GATEWAY, SERVICE = f"{GROUP}/Gateway", "Service"
POOL = "inference.networking.k8s.io/InferencePool"  # kubernetes-sigs/gateway-api-inference-extension
ROUTES = (f"{GROUP}/HTTPRoute", f"{GROUP}/GRPCRoute")
# kubernetes-sigs/gateway-api apis/v1/shared_types.go
NOT_ALLOWED = "NotAllowedByListeners"

BACKEND_PAGE = """The route's backend Service or its port does not exist.

## What it means
Requests that match the rule are answered with status 500, although the Gateway and the pods may be well.

## Why it happens
The Service or InferencePool was renamed or removed, is in another namespace, or the port was mistyped.

## Evidence
`spec.rules[].backendRefs` of the route, and that no such object, or no such port, is there.

## What to do
Name a backend and a port that there are.

## Known limits
Silent where objects of the backend's kind were not collected. Whether a ReferenceGrant allows a backend of another
namespace is not looked at.
"""
ALLOWED_PAGE = """The Gateway does not admit the route's namespace or labels.

## What it means
None of the Gateway's listeners takes routes of this namespace, so that the route is ignored.

## Why it happens
A listener takes routes of the Gateway's own namespace only, unless it says otherwise; or it selects namespaces by a
label that this one does not carry.

## Evidence
`allowedRoutes` of the listeners, the labels of the route's namespace, and the route's condition
`NotAllowedByListeners`.

## What to do
Give the namespace the label, or let the listener take routes of it.

## Known limits
Restrictions by kind of route are only told where the controller says so.
"""


class Parent(NamedTuple):
    """A Gateway that a route names: where it names it, its namespace and name, and the listener, if any."""

    path: str
    namespace: str
    name: str
    section: str


@rule(
    "APP531",
    name="httproute-parent-missing",
    question=Question.READY,
    inputs=(*ROUTES, GATEWAY, SERVICE, POOL, "Namespace"),
    others=(
        Named(id="APP532", name="httproute-backend-missing", page=BACKEND_PAGE),
        Named(id="APP533", name="httproute-not-allowed", page=ALLOWED_PAGE),
    ),
)
def httproute(ctx: Context) -> Iterator[Finding]:
    """The route's parent Gateway does not exist.

    ## What it means
    Nothing serves the route, so that requests for its hosts and paths find no way in.

    ## Why it happens
    The Gateway has another name in this cluster, or lives in another namespace, which `parentRefs` has to name then.

    ## Evidence
    `spec.parentRefs` of the route, and that no such Gateway is in the namespace.

    ## What to do
    Name the Gateway that there is, with its namespace.

    ## Known limits
    Silent where the Gateways of that namespace were not collected. Parents of other kinds (a Service of a mesh) are
    left out.
    """
    for kind in ROUTES:
        for item in ctx.snap.all(kind):
            if item.metadata.deletion_timestamp or not ctx.older(item.created, GRACE_S):
                continue
            for parent in _parents(item):
                yield from _parent(ctx, item, parent)
            yield from _backends(ctx, item)


def _parents(item: Object) -> Iterator[Parent]:
    for path, one in entries(item, "spec.parentRefs"):
        if one.get("kind", "Gateway") == "Gateway" and one.get("group", GROUP) == GROUP and text(one.get("name")):
            yield Parent(
                path, text(one.get("namespace")) or item.namespace, str(one["name"]), text(one.get("sectionName"))
            )


def _parent(ctx: Context, item: Object, parent: Parent) -> Iterator[Finding]:
    found = ctx.snap.get(GATEWAY, parent.namespace, parent.name)
    missing = ctx.snap.lacks(GATEWAY, parent.namespace, parent.name)
    if missing is not None:
        elsewhere = [one.namespace for one in ctx.snap.all(GATEWAY) if one.name == parent.name]
        near = f"; there is one in {listed(elsewhere)}" if elsewhere else ""
        yield Finding(
            subject=item.ref,
            summary=f"its Gateway {parent.name} does not exist in namespace {parent.namespace}{near}",
            evidence=(
                ctx.cite(item, f"{parent.path}.name"),
                ctx.absent(f"{GROUP}/v1", "Gateway", parent.namespace, parent.name),
            ),
            confidence=missing,
            since=item.created,
            remedies=(
                Remedy(text="see which Gateways there are", command="kubectl get gateways -A"),
                _edit(item, f"let {parent.path}.name and its namespace be those of a Gateway that there is"),
            ),
        )
    elif found is not None:
        yield from _allowed(ctx, item, found, parent)


def _allowed(ctx: Context, item: Object, gateway: Object, parent: Parent) -> Iterator[Finding]:
    """Whether any listener takes routes of the namespace, by the controller's words and by the listeners."""
    said = _accepted(item, parent)
    if said is not None and said[1].get("status") == "True":
        return
    told = [ctx.cite(item, f"{said[0]}.reason")] if said is not None and said[1].get("reason") == NOT_ALLOWED else []
    listeners = [one for one in entries(gateway, "spec.listeners") if parent.section in ("", one[1].get("name"))]
    verdicts = [_takes(ctx, item, gateway, one) for _, one in listeners]
    refused = bool(verdicts) and all(one is False for one in verdicts)
    if not told and not refused:
        return
    limits: list[Evidence] = [
        ctx.cite_or_lack(gateway, f"{path}.allowedRoutes.namespaces.from")
        for (path, _), verdict in zip(listeners, verdicts, strict=True)
        if verdict is False
    ]
    first = next((path for (path, _), verdict in zip(listeners, verdicts, strict=True) if verdict is not True), "")
    field = f"{first or 'spec.listeners'}.allowedRoutes.namespaces"
    evidence: list[Evidence] = [*told, ctx.cite(item, f"{parent.path}.name"), *limits[:4]]
    yield Finding(
        name="httproute-not-allowed",
        subject=item.ref,
        summary=f"Gateway {gateway.namespace}/{gateway.name} takes no routes of namespace {item.namespace}",
        evidence=(evidence[0], *evidence[1:]),
        confidence=None if told and refused else Confidence.LIKELY,
        since=item.created,
        remedies=(
            Remedy(
                text="see which namespaces its listeners take",
                command=f"kubectl get gateway {gateway.name} -n {gateway.namespace} -o yaml",
            ),
            Remedy(
                text=f"let a listener take routes of {item.namespace} ({field})",
                command=f"kubectl edit gateway {gateway.name} -n {gateway.namespace}",
                who="platform",
                risk="disruptive",
            ),
        ),
    )


def _accepted(item: Object, parent: Parent) -> tuple[str, JsonDict] | None:
    """The condition `Accepted` that the controller wrote for a parent, with its path."""
    for path, one in entries(item, "status.parents"):
        ref = one.get("parentRef")
        if not isinstance(ref, dict) or ref.get("name") != parent.name:
            continue
        if (text(ref.get("namespace")) or item.namespace) == parent.namespace:
            for place, found in entries(item, f"{path}.conditions"):
                if found.get("type") == "Accepted":
                    return place, found
    return None


def _takes(ctx: Context, item: Object, gateway: Object, listener: JsonDict) -> bool | None:
    """Whether a listener takes routes of the route's namespace; None where nobody knows."""
    allowed = listener.get("allowedRoutes")
    spaces = allowed.get("namespaces") if isinstance(allowed, dict) else None
    whence = spaces.get("from", "Same") if isinstance(spaces, dict) else "Same"
    if whence == "Same":
        return item.namespace == gateway.namespace
    if whence != "Selector" or not isinstance(spaces, dict):
        return None if whence != "None" else False
    space = ctx.snap.get("Namespace", "", item.namespace)
    return matches_labels(space.labels, spaces.get("selector")) if space is not None else None


def _backends(ctx: Context, item: Object) -> Iterator[Finding]:
    for rule_path, _ in entries(item, "spec.rules"):
        for path, one in entries(item, f"{rule_path}.backendRefs"):
            name, namespace = text(one.get("name")), text(one.get("namespace")) or item.namespace
            version = f"{one['group']}/v1" if text(one.get("group")) else "v1"
            kind = text(one.get("kind")) or SERVICE
            kind_of = kind_id(version, kind)
            if not name or kind_of not in (SERVICE, POOL):
                continue
            missing = ctx.snap.lacks(kind_of, namespace, name)
            found = ctx.snap.get(SERVICE, namespace, name) if kind_of == SERVICE else None
            if missing is not None:
                absent = ctx.absent(version, kind, namespace, name)
                yield _no_backend(
                    ctx, item, path, f"its backend {kind} {name} does not exist in namespace {namespace}",
                    (absent,), missing,
                )  # fmt: skip
            elif found is not None and not _offers(found, one.get("port")):
                has = [ctx.cite_or_lack(found, f"{where}.port") for where, _ in entries(found, "spec.ports")]
                yield _no_backend(
                    ctx, item, path, f"its backend Service {name} has no port {one.get('port')}",
                    (ctx.cite(item, f"{path}.port"), *has[:4]), None,
                )  # fmt: skip


def _offers(service: Object, port: object) -> bool:
    ports = [one.get("port") for _, one in entries(service, "spec.ports")]
    return port is None or not ports or port in ports


def _no_backend(
    ctx: Context, item: Object, path: str, why: str, evidence: tuple[Evidence, ...], confidence: Confidence | None
) -> Finding:
    kind = text(value_at(item.whole, f"{path}.kind")) or SERVICE
    namespace = text(value_at(item.whole, f"{path}.namespace")) or item.namespace
    return Finding(
        name="httproute-backend-missing",
        subject=item.ref,
        summary=why,
        evidence=(ctx.cite(item, f"{path}.name"), *evidence),
        confidence=confidence,
        since=item.created,
        remedies=(
            Remedy(text="see which Services there are", command=f"kubectl get services -n {namespace}"),
            _edit(item, f"let {path}.name and its port be those of a {kind} that there is"),
        ),
    )


def _edit(item: Object, what: str) -> Remedy:
    command = f"kubectl edit {(item.kind or '').lower()} {item.name} -n {item.namespace}"
    return Remedy(text=what, command=command, risk="disruptive")
