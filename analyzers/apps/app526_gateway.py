"""APP526 to APP529: a Gateway that serves nothing, because of its class, its controller or its address."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.own_trouble import suffers
from diag.catalog.rule import Named, rule
from diag.facts import custom_resources as facts
from diag.facts.entries import entries, text
from diag.facts.words import count_of, listed
from diag.findings import Basis, Confidence, Finding, Proof, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at

GATEWAY, CLASS = "gateway.networking.k8s.io/Gateway", "gateway.networking.k8s.io/GatewayClass"
WAITS_S = 5 * 60  # a cloud makes an address in that time
# Types and reasons: kubernetes-sigs/gateway-api apis/v1/gateway_types.go, gatewayclass_types.go. The CRD itself writes
# `Accepted=Unknown Pending: Waiting for controller` before any controller has looked.

CLASS_PAGE = """No controller has accepted the GatewayClass.

## What it means
Gateways of the class are not served: no controller with the class's `controllerName` has looked at it, or it refuses
the class's parameters or the version of the CRDs.

## Why it happens
The controller is not installed or does not run, has another controllerName, or is older than the installed CRDs.

## Evidence
The condition `Accepted` of the GatewayClass, its `spec.controllerName`, and the Gateways that use it.

## What to do
Install or repair the controller; correct `parametersRef`; match the CRDs to the controller's release.

## Known limits
A class that no Gateway uses is told as `info`.
"""
ACCEPTED_PAGE = """The Gateway is not accepted by its controller.

## What it means
The controller refuses the Gateway as it is written, or has not looked at it, so that none of its listeners serves.

## Why it happens
A listener is invalid, an address or parameters are unsupported; or the controller that has accepted the class does
not run any more.

## Evidence
The condition `Accepted` of the Gateway.

## What to do
Correct what the condition names; where nobody has looked, look at the controller.

## Known limits
What each implementation supports differs, and only its own words tell.
"""
PROGRAMMED_PAGE = """The Gateway has no address or is not programmed.

## What it means
The Gateway is accepted, and the data plane behind it is not there: no load balancer address, no proxy that is ready.

## Why it happens
No load balancer gives addresses in this cluster, a quota of the cloud is used up, or the proxy's pods do not run.

## Evidence
The condition `Programmed` of the Gateway with its reason (`AddressNotAssigned`, `NoResources`, `Invalid`).

## What to do
Look at the Service and the Deployment that the controller made for the Gateway.

## Known limits
A Gateway of less than five minutes that is still waiting is left out.
"""


@rule(
    "APP526",
    name="gateway-class-missing",
    question=Question.READY,
    inputs=(GATEWAY, CLASS),
    others=(
        Named(id="APP527", name="gateway-class-not-accepted", page=CLASS_PAGE, basis=Basis.SAID),
        Named(id="APP528", name="gateway-not-accepted", page=ACCEPTED_PAGE, basis=Basis.SAID),
        Named(id="APP529", name="gateway-not-programmed", page=PROGRAMMED_PAGE, basis=Basis.SAID),
    ),
)
def gateway(ctx: Context) -> Iterator[Finding]:
    """The Gateway names a GatewayClass that does not exist.

    ## What it means
    No controller feels responsible for the Gateway, so that it gets no address, and its routes lead nowhere.

    ## Why it happens
    The implementation was not installed, or the class has another name in this cluster.

    ## Evidence
    `spec.gatewayClassName`, and that no such GatewayClass is in the cluster.

    ## What to do
    Name a class that there is, or install the implementation that brings it.

    ## Known limits
    Silent where GatewayClasses were not collected.
    """
    users: dict[str, list[Object]] = {}
    for item in ctx.snap.all(GATEWAY):
        if not item.metadata.deletion_timestamp:
            users.setdefault(text(value_at(item.whole, "spec.gatewayClassName")), []).append(item)
    refused: set[str] = set()
    for item in ctx.snap.all(CLASS):
        found = _class(ctx, item, users.get(item.name, []))
        if found is not None:
            refused.add(item.name)
            yield found
    for name, items in sorted(users.items()):
        missing = ctx.snap.lacks(CLASS, "", name) if name else None
        for item in items if name not in refused else ():
            if missing is not None and ctx.older(item.created, WAITS_S):
                yield _no_class(ctx, item, name, missing)
            elif missing is None:
                yield from _judge(ctx, item)


def _no_class(ctx: Context, item: Object, name: str, missing: Confidence) -> Finding:
    proof: Proof = (
        ctx.cite(item, "spec.gatewayClassName"),
        ctx.absent("gateway.networking.k8s.io/v1", "GatewayClass", "", name),
    )
    summary = f"its class {name} does not exist"
    return Finding(
        subject=item.ref,
        summary=summary,
        evidence=proof,
        accounts_for=tuple(suffers(ctx, item, summary, proof)),
        confidence=missing,
        since=item.created,
        remedies=(
            Remedy(text="see which classes there are", command="kubectl get gatewayclass"),
            Remedy(
                text=f"name a class that there is, or install what brings {name}", who="platform", risk="disruptive"
            ),
        ),
    )


def _class(ctx: Context, item: Object, users: list[Object]) -> Finding | None:
    said = facts.told(item, "Accepted")
    if said is None or said.status == "True" or facts.is_unread(item):
        return None
    if said.status != "False" and not ctx.older(item.created, WAITS_S):
        return None
    proof: Proof = (ctx.cite(item, said.path), ctx.cite_or_lack(item, "spec.controllerName"))
    by = text(value_at(item.whole, "spec.controllerName"))
    summary = f"{by} has not accepted it ({said.reason}: {said.message or said.status})"
    used = [ctx.cite(one, "spec.gatewayClassName") for one in users[:3]]
    why = f"its class {item.name} is not accepted"
    return Finding(
        name="gateway-class-not-accepted",
        subject=item.ref,
        summary=f"{summary}; {count_of(len(users), 'Gateway')} of it: {listed([one.name for one in users])}",
        evidence=as_proof((*proof, *used)),
        accounts_for=(
            *suffers(ctx, item, summary, proof),
            *(found for one in users for found in suffers(ctx, one, why, proof)),
        ),
        severity=None if users else Severity.INFO,
        since=item.created,
        remedies=(
            Remedy(text="look at what it says", command=f"kubectl describe gatewayclass {item.name}"),
            Remedy(text=f"install or repair the controller {by}", who="platform", risk="disruptive"),
        ),
    )


def _judge(ctx: Context, item: Object) -> Iterator[Finding]:
    """What a Gateway of a class that is accepted, or is not known, says of itself."""
    if facts.is_unread(item):
        return
    for type_, name in (("Accepted", "gateway-not-accepted"), ("Programmed", "gateway-not-programmed")):
        said = facts.told(item, type_)
        if said is None or said.status == "True":
            continue
        final = said.status == "False" and said.reason != "Pending"
        if not final and not ctx.older(item.created, WAITS_S):
            return
        yield _finding(ctx, item, said, type_=type_, name=name)
        return


def _finding(ctx: Context, item: Object, said: facts.Told, *, type_: str, name: str) -> Finding:
    listeners = [
        ctx.cite(item, f"{path}.message")
        for place, _ in entries(item, "status.listeners")
        for path, one in entries(item, f"{place}.conditions")
        if one.get("type") == type_ and one.get("status") == "False" and text(one.get("message"))
    ]
    proof: Proof = (ctx.cite(item, said.path), *listeners[:3])
    summary = f"{type_}={said.status} {said.reason}: {said.message or 'no message'}"
    return Finding(
        name=name,
        subject=item.ref,
        summary=summary,
        evidence=proof,
        accounts_for=tuple(suffers(ctx, item, summary, proof)),
        since=item.created,
        remedies=(
            Remedy(
                text="look at the Gateway and its listeners",
                command=f"kubectl describe gateway {item.name} -n {item.namespace}",
            ),
            Remedy(
                text="look at the Service and the pods that its controller made",
                command=f"kubectl get services,pods -n {item.namespace} "
                f"-l gateway.networking.k8s.io/gateway-name={item.name}",
                who="platform",
            ),
        ),
    )
