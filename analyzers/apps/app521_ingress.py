"""APP521 to APP523: an Ingress that names what does not exist: its class, a Service, a TLS Secret."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts import custom_resources as facts
from diag.facts.entries import entries, text
from diag.facts.words import listed
from diag.findings import GRACE_S, Basis, Confidence, Evidence, Finding, Question, Remedy, Severity
from diag.projection import Object, dicts
from diag.snapshot.cite import value_at

INGRESS, CLASS = "networking.k8s.io/Ingress", "networking.k8s.io/IngressClass"
CERTIFICATE = "cert-manager.io/Certificate"
# kubernetes/api networking/v1 types.go, and the annotation of the years before IngressClass.
DEFAULT_CLASS, OLD_CLASS = "ingressclass.kubernetes.io/is-default-class", "kubernetes.io/ingress.class"
# kubernetes-sigs/aws-load-balancer-controller: the backend is an annotation, not a Service.
NO_SERVICE = "use-annotation"
ABSENT = re.compile(r"does(?: not|n't) exist|not found|could not be found|no such secret", re.IGNORECASE)

BACKEND = """The Ingress sends traffic to a Service that does not exist.

## What it means
Requests for the host or path are answered with an error by the controller, although pods may be well. The same happens
where the Service has no port of that number or name.

## Why it happens
The Service was renamed or removed, has another name in this release of the chart, or lives in another namespace: an
Ingress can only name Services of its own.

## Evidence
The backend in `spec`, and that no such Service, or no such port, is in the namespace.

## What to do
Name the Service that there is, or make it.

## Known limits
Silent where the Services of the namespace were not collected. Backends that are resources are not looked at.
"""
TLS_PAGE = """The Ingress names a TLS Secret that does not exist.

## What it means
The controller serves its own default certificate, or refuses the host, so that clients stop at the certificate.

## Why it happens
The Secret was never made, is in another namespace, or its issuer has not signed the certificate yet.

## Evidence
What the controller says in an event, or what cert-manager's Certificate of that Secret says. Secrets are never read.

## What to do
Make the Secret in the Ingress's namespace, or repair the Certificate that should make it.

## Known limits
Silent where nobody says so: what is in a Secret, and whether it is there, is not looked at.
"""


@rule(
    "APP521",
    name="ingress-class-missing",
    question=Question.READY,
    inputs=(INGRESS, CLASS, "Service", CERTIFICATE, "Event"),
    others=(
        Named(id="APP522", name="ingress-backend-missing", page=BACKEND),
        Named(
            id="APP523", name="ingress-tls-secret-missing", page=TLS_PAGE, basis=Basis.SAID, severity=Severity.WARNING
        ),
    ),
)
def ingress(ctx: Context) -> Iterator[Finding]:
    """The Ingress names no class, or one that does not exist.

    ## What it means
    No controller feels responsible for the Ingress, so that it gets no address and no traffic.

    ## Why it happens
    The controller was not installed, or with another class; or the Ingress was written for a cluster with a default
    class.

    ## Evidence
    `spec.ingressClassName`, the IngressClasses that there are, and that the Ingress has no address.

    ## What to do
    Name a class that there is, or make one of them the default.

    ## Known limits
    Some controllers also serve an Ingress of an unknown class; where one has an address the finding is a doubt only.
    """
    for item in ctx.snap.all(INGRESS):
        if item.metadata.deletion_timestamp or not ctx.older(item.created, GRACE_S):
            continue
        yield from _class(ctx, item)
        yield from _backends(ctx, item)
        yield from _secrets(ctx, item)


def _class(ctx: Context, item: Object) -> Iterator[Finding]:
    name = text(value_at(item.whole, "spec.ingressClassName"))
    served = bool(dicts(value_at(item.whole, "status.loadBalancer.ingress")))
    look = Remedy(text="see which classes there are", command="kubectl get ingressclass")
    if name:
        missing = ctx.snap.lacks(CLASS, "", name)
        if missing is None:
            return
        yield Finding(
            subject=item.ref,
            summary=f"its class {name} does not exist{_others(ctx)}",
            evidence=(
                ctx.cite(item, "spec.ingressClassName"),
                ctx.absent("networking.k8s.io/v1", "IngressClass", "", name),
            ),
            severity=Severity.WARNING if served else None,
            confidence=Confidence.POSSIBLE if served else missing,
            remedies=(
                look,
                Remedy(
                    text=f"set spec.ingressClassName to a class that there is, or install the controller of {name}",
                    command=f"kubectl edit ingress {item.name} -n {item.namespace}",
                    risk="disruptive",
                ),
            ),
        )
    elif not served and OLD_CLASS not in item.annotations and ctx.snap.holds(CLASS):
        classes = ctx.snap.all(CLASS)
        if any(one.annotations.get(DEFAULT_CLASS) == "true" for one in classes):
            return
        yield Finding(
            subject=item.ref,
            summary=f"it names no class, and none is the default{_others(ctx)}; it has no address",
            evidence=(ctx.lack(item, "spec.ingressClassName"), ctx.lack(item, "status.loadBalancer.ingress[0]")),
            severity=Severity.WARNING,
            confidence=Confidence.LIKELY,
            remedies=(
                look,
                Remedy(
                    text="set spec.ingressClassName to the class that is to serve it",
                    command=f"kubectl edit ingress {item.name} -n {item.namespace}",
                    risk="disruptive",
                ),
            ),
        )


def _others(ctx: Context) -> str:
    names = [one.name for one in ctx.snap.all(CLASS)]
    return f" (there is {listed(names)})" if names else ""


def _backends(ctx: Context, item: Object) -> Iterator[Finding]:
    """One finding for each Service that is not there, or that lacks the port."""
    seen: set[str] = set()
    for path in _places(item):
        name = text(value_at(item.whole, f"{path}.name"))
        port_path = next((one for one in (f"{path}.port.number", f"{path}.port.name") if ctx.cite_if(item, one)), "")
        port = value_at(item.whole, port_path) if port_path else None
        if not name or port == NO_SERVICE or f"{name}:{port}" in seen:
            continue
        seen.add(f"{name}:{port}")
        service = ctx.snap.get("Service", item.namespace, name)
        missing = ctx.snap.lacks("Service", item.namespace, name)
        if missing is not None:
            proof: Evidence = ctx.absent("v1", "Service", item.namespace, name)
            evidence: tuple[Evidence, ...] = (proof,)
            why = f"Service {name}, to which it sends traffic, does not exist in {item.namespace}"
        elif service is not None and port_path and not _offers(service, port):
            has = [ctx.cite(service, f"{where}.port") for where, one in entries(service, "spec.ports") if _is_port(one)]
            evidence = (ctx.cite(item, port_path), *has[:4])
            why = f"Service {name} has no port {port}; it has {listed([str(one.value) for one in has])}"
        else:
            continue
        yield Finding(
            name="ingress-backend-missing",
            subject=item.ref,
            summary=why,
            evidence=(ctx.cite(item, f"{path}.name"), *evidence),
            confidence=missing,
            remedies=(
                Remedy(text="see which Services there are", command=f"kubectl get services -n {item.namespace}"),
                Remedy(
                    text=f"set {path} to a Service and a port that there are",
                    command=f"kubectl edit ingress {item.name} -n {item.namespace}",
                    risk="disruptive",
                ),
            ),
        )


def _places(item: Object) -> Iterator[str]:
    """The paths of all Services that it names."""
    yield "spec.defaultBackend.service"
    for rule_path, _ in entries(item, "spec.rules"):
        for path, _ in entries(item, f"{rule_path}.http.paths"):
            yield f"{path}.backend.service"


def _offers(service: Object, port: object) -> bool:
    """Whether a Service has the port; one without any port (ExternalName) has no such list to miss it in."""
    ports = [one for _, one in entries(service, "spec.ports")]
    return not ports or any(port in (one.get("port"), one.get("name")) for one in ports)


def _is_port(entry: dict[str, object]) -> bool:
    return isinstance(entry.get("port"), int)


def _secrets(ctx: Context, item: Object) -> Iterator[Finding]:
    for path, entry in entries(item, "spec.tls"):
        name = text(entry.get("secretName"))
        said = _said(ctx, item, name) if name else None
        if said is None:
            continue
        words, proof = said
        yield Finding(
            name="ingress-tls-secret-missing",
            subject=item.ref,
            summary=f"its TLS Secret {name} does not exist: {words}",
            evidence=(proof, ctx.cite(item, f"{path}.secretName")),
            remedies=(
                Remedy(
                    text="see what the controller says of it",
                    command=f"kubectl describe ingress {item.name} -n {item.namespace}",
                ),
                Remedy(
                    text=f"make the Secret {name} in {item.namespace}, or repair the Certificate that should make it",
                    risk="disruptive",
                ),
            ),
        )


def _said(ctx: Context, item: Object, name: str) -> tuple[str, Evidence] | None:
    """Who says that a Secret is not there: the controller in an event, or the Certificate that should make it."""
    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])")
    for event in ctx.warnings(item):
        if word.search(event.text) and ABSENT.search(event.text) and "secret" in event.text.casefold():
            return event.text, ctx.cite_event(event)
    for one in ctx.snap.all(CERTIFICATE):
        ready = facts.told(one, "Ready")
        named = one.namespace == item.namespace and value_at(one.whole, "spec.secretName") == name
        if named and ready is not None and ready.status == "False" and ready.reason == "DoesNotExist":
            return f"Certificate {one.name} is not issued ({ready.message})", ctx.cite(one, ready.path)
    return None
