"""APP002: a webhook that has to be asked about new pods cannot be called."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.joins.backends import INPUTS, SLICE_OF, Backend, backend, called
from diag.catalog.rule import Named, rule
from diag.findings import Basis, Because, Confidence, Evidence, FieldEvidence, Finding, Question, Ref, Remedy
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group
from diag.trouble.relations.refusals import Refusal, refusals
from diag.trouble.relations.webhooks import MUTATING, VALIDATING, Webhook, named

# kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/util/webhook/error.go and pkg/admission/plugin/webhook
FAILED = re.compile(r'failed calling (?:admission )?webhook "(?P<name>[^"]{1,253})": (?P<why>[^\n]{1,1500})')
# What crypto/x509 of the Go library says, and the API server where `caBundle` is no certificate.
UNTRUSTED = ("x509: ", "unable to load root certificates")
OWN_FAULT = ("certificate has expired", "certificate is valid for", "certificate is not valid for")  # not the bundle's
# kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/util/proxy/proxy.go (ResolveEndpoint)
NO_PORT = re.compile(r"no service port (?P<port>\d{1,5}) found for service")
MESH_INJECTOR = re.compile(r"\bsidecar-injector\.istio\.io$")

CA_PAGE = """The API server does not trust the certificate of a webhook.

## What it means
The webhook answers, but with a certificate that was not signed by the authority in `caBundle`, has expired or is for
another name, so that no pod can be created.

## Why it happens
The bundle is empty, a placeholder or stale: whatever injects it (cert-manager, an installer's job) has not run since
the certificate was renewed. Or nobody renewed the certificate, or the Service was renamed.

## Evidence
The refusal (`x509: certificate signed by unknown authority`) and the webhook's `clientConfig`.

## What to do
Have the injector run again, or write the authority into `caBundle`. Renew a certificate that has expired or is for
another name.

## Known limits
Certificates are not decoded.
"""
MESH_PAGE = """The mesh's sidecar injector does not answer, so that no pod can be created.

## What it means
Every new pod of the namespaces in the mesh has to pass the injector, and it cannot be called.

## Why it happens
The control plane of the mesh is down, scaled to zero or being upgraded.

## Evidence
The refusal that names the injector's webhook, its Service and what is behind it.

## What to do
Bring the control plane back.

## Known limits
As for other webhooks: what lies between the API server and the Service is not seen.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A refusal because a webhook could not be called."""

    group: Group
    refusal: Refusal
    why: str


@rule(
    "APP002",
    name="admission-webhook-unavailable",
    question=Question.CREATED,
    basis=Basis.SAID,
    inputs=(MUTATING, VALIDATING, *INPUTS, "Event", "apps/ReplicaSet", "batch/Job"),
    others=(
        Named(id="APP003", name="webhook-ca-untrusted", page=CA_PAGE, basis=Basis.SAID),
        Named(id="APP004", name="mesh-injector-unavailable", page=MESH_PAGE, basis=Basis.SAID),
    ),
)
def admission_webhook_unavailable(ctx: Context) -> Iterator[Finding]:
    """A webhook that has to be asked about new pods cannot be called.

    ## What it means
    The API server must ask a webhook about each new pod and gets no answer. As its failure policy is `Fail`, no pod
    is created in the namespaces that the webhook covers. Pods that exist go on running, so that only roll-outs, new
    Jobs and restarts on other nodes show it.

    ## Why it happens
    The Service behind the webhook has no ready pod: its Deployment is scaled to zero, crashes, or is itself waiting
    for the webhook; or the Service was removed while the configuration stayed.

    ## Evidence
    The refusal (`failed calling webhook`), the configuration, its Service and EndpointSlices, and the workloads that
    the Service selects.

    ## What to do
    Bring the workload behind the Service back. If it is gone for good, remove the webhook configuration.

    ## Known limits
    A network policy or firewall between API server and Service shows only as a timeout.
    """
    calls: dict[str, list[Call]] = defaultdict(list)
    for group in ctx.groups("pod-not-created"):
        for one in refusals(group):
            said = FAILED.search(one.text)
            if said is not None:
                calls[said["name"]].append(Call(group=group, refusal=one, why=said["why"]))
                break
    for name, found in sorted(calls.items()):
        yield _finding(ctx, name, found)


def _finding(ctx: Context, name: str, calls: list[Call]) -> Finding:
    found = named([*ctx.snap.all(MUTATING), *ctx.snap.all(VALIDATING)], name)
    services = {one.service for one in found}
    place = next((hit for call in calls if (hit := called(call.why))), services.pop() if len(services) == 1 else None)
    matching = [one for one in found if place is None or one.service in (place, None)] or found
    why = calls[0].why.rpartition('": ')[2].strip() or calls[0].why
    untrusted = any(words in call.why for words in UNTRUSTED for call in calls)
    back = backend(ctx, place) if place and not untrusted else Backend()
    port = next((lacking["port"] for call in calls if (lacking := NO_PORT.search(call.why))), "")
    ports = _ports(ctx, *place) if port and place else []
    offers = f"the Service has port {', '.join(str(one.value) for one in ports)}" if ports else ""
    state = "".join(f"; {words}" for words in (back.words, offers) if words)
    said = [call.refusal.evidence for call in calls]
    config: list[Evidence] = [piece for one in matching for piece in _config(ctx, one)]
    victims = ", ".join(f"{call.group.workload.kind} {call.group.workload.name}" for call in calls[:4])
    where = f" at Service {'/'.join(place)}" if place else ""
    first, *rest = dict.fromkeys(
        [*said, *ports, *back.proof, *config, *(piece for call in calls for piece in call.group.evidence)]
    )  # fmt: skip
    return Finding(
        name="webhook-ca-untrusted" if untrusted else "mesh-injector-unavailable" if MESH_INJECTOR.search(name) else "",
        subject=_root(ctx, matching, place, calls),
        summary=f"webhook {name}{where} cannot be called ({why}){state}, so no pod is created for {victims}",
        evidence=(first, *rest),
        accounts_for=tuple(
            Because(
                call.group, f"webhook {name} has to be asked about its pods and fails: {why}", (call.refusal.evidence,)
            )
            for call in calls
        ),
        confidence=Confidence.LIKELY if len(matching) != 1 or any(str(one.value) == port for one in ports) else None,
        second_sign=bool(state),
        since=min((call.group.since for call in calls if call.group.since), default=None),
        needs=back.needs,
        remedies=_certificate(name, why) if untrusted else _remedies(name, place, matching, back, port=port),
    )


def _ports(ctx: Context, namespace: str, name: str) -> list[FieldEvidence]:
    """The ports that a Service has."""
    service = ctx.snap.get("Service", namespace, name)
    if service is None:
        return []
    found = value_at(service.whole, "spec.ports")
    return [
        ctx.cite(service, f"spec.ports[{index}].port")
        for index, one in enumerate(found if isinstance(found, list) else ())
        if isinstance(one, dict) and isinstance(one.get("port"), int)
    ]


def _root(ctx: Context, found: list[Webhook], place: tuple[str, str] | None, calls: list[Call]) -> Ref:
    """The configuration, else the Service that was called, else the first that fails."""
    if found:
        return found[0].config.ref
    if place:
        service = ctx.snap.get("Service", *place)
        return service.ref if service else Ref(ctx.cluster, "v1", "Service", *place, seen=False)
    return calls[0].group.workload


def _config(ctx: Context, webhook: Webhook) -> list[Evidence]:
    pieces: list[Evidence] = [ctx.cite(webhook.config, f"{webhook.path}.name")]
    if isinstance(webhook.entry.get("failurePolicy"), str):
        pieces.append(ctx.cite(webhook.config, f"{webhook.path}.failurePolicy"))
    if webhook.service:
        pieces += [
            ctx.cite(webhook.config, f"{webhook.path}.clientConfig.service.{part}") for part in ("namespace", "name")
        ]
    return pieces


def _certificate(name: str, why: str) -> tuple[Remedy, ...]:
    if any(words in why for words in OWN_FAULT):
        return (Remedy(text=f"renew the certificate with which webhook {name} answers", who="platform"),)
    return (Remedy(text=f"have the certificate authority of webhook {name} injected anew", who="platform"),)


def _remedies(
    name: str, place: tuple[str, str] | None, found: list[Webhook], back: Backend, *, port: str
) -> tuple[Remedy, ...]:
    where = f"Service {place[1]} in namespace {place[0]}" if place else f"webhook {name}"
    look = f"kubectl get endpointslices -n {place[0]} -l {SLICE_OF}={place[1]}" if place else None
    text = f"bring a ready pod behind {where}"
    if back.absent:
        text = f"create {where}, or name the one that there is"
    elif port:
        text = f"let the webhook's configuration name a port that {where} has, or give that port {port}"
    elif back.ready:
        text = f"see whether the ready pods behind {where} listen, and what keeps the API server from reaching them"
    if place and (port or back.absent):
        look = f"kubectl get services -n {place[0]}"
    remedies = [Remedy(text=text, command=look, who="platform")]
    if found:
        config = found[0].config
        remedies.append(
            Remedy(
                text=f"if it is gone for good, remove {config.kind} {config.name}",
                who="platform",
                risk="irreversible",
            )
        )
    return tuple(remedies)
