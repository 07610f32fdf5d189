"""APP593: a Service speaks another protocol to its pods than their containers declare for that port."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.clients import Client, client_of, service_asked
from diag.catalog.rule import rule
from diag.facts.entries import entries, text
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy, Severity, as_proof
from diag.projection import JsonDict, Object
from diag.snapshot.kinds import Pod
from diag.trouble.relations.webhooks import selector_of

CLIENTS = ("container-crashing", "init-container-failing", "pod-failed", "container-not-ready", "pod-start-slow")
TCP = "TCP"  # where nothing is written (kubernetes/kubernetes pkg/apis/core/v1/defaults.go)
OTHERS = re.compile(rb'"(?:UDP|SCTP)"')
MAX_PODS = 4


class Odd(NamedTuple):
    """A port of a Service, and the container port behind it that is of another protocol."""

    path: str  # of the Service's port
    port: int
    protocol: str
    target: str | int
    pod: Pod
    declared: str  # path of the container's port
    other: str  # its protocol


@rule(
    "APP593",
    name="service-protocol-mismatch",
    question=Question.KEPT,
    inputs=("Service", "Pod", "Namespace"),
    refines=("dependency-unreachable", "dependency-host-unresolved"),
    visits={"Service": 1},
)
def service_protocol_mismatch(ctx: Context) -> Iterator[Finding]:
    """The Service's protocol differs from the containers'.

    ## What it means
    The Service takes and hands on one protocol (UDP), and the container serves another on that port (TCP). Packets
    arrive where nobody listens. Where the Service names the port, no pod has a port of that name and protocol, and
    nothing at all is behind it.

    ## Why it happens
    `protocol` is written into the Service or left out of the container, where it means TCP.

    ## Evidence
    `spec.ports[].protocol` of the Service, and `ports[].protocol` of the containers that it leads to.

    ## What to do
    Let Service and container say the protocol that the program speaks.

    ## Known limits
    What containers declare binds nobody: where the port is a number and no client complains, this is worth knowing
    only. A Service that leads to the port by both protocols is left alone. A TCP port over a container's UDP port is
    looked at only where a client in trouble asks for it.
    """
    asked: dict[Ref, list[Client]] = {}
    for group in ctx.groups(*CLIENTS):
        client = client_of(ctx, group)
        service = service_asked(ctx, client)[1] if client is not None else None
        if client is not None and service is not None:
            asked.setdefault(service.ref, []).append(client)
    for service in ctx.snap.all("Service"):
        clients = asked.get(service.ref, [])
        if not clients and not OTHERS.search(bytes(service.raw)):
            continue  # TCP alone, as nearly all are: not worth to be decoded
        suspects = [
            (path, one)
            for path, one in entries(service, "spec.ports")
            if _protocol(one) != TCP or any(client.to.port in (one.get("port"), None) for client in clients)
        ]
        odd = next(_odd(ctx, service, suspects), None) if suspects and selector_of(service) else None
        if odd is not None:
            yield _finding(ctx, service, odd, [one for one in clients if one.to.port in (odd.port, None)])


def _protocol(port: JsonDict) -> str:
    return text(port.get("protocol")) or TCP


def _target(port: JsonDict) -> str | int | None:
    """The name or number of the container port that a Service's port leads to."""
    found = port.get("targetPort", port.get("port"))
    if isinstance(found, str) and found.isdigit():
        return int(found)
    return found if isinstance(found, str | int) else None


def _odd(ctx: Context, service: Object, suspects: list[tuple[str, JsonDict]]) -> Iterator[Odd]:
    selector = selector_of(service)
    behind = [
        pod
        for pod in ctx.snap.pods_in(service.namespace)
        if all(pod.labels.get(label) == value for label, value in selector.items())
        and pod.status.phase not in ("Succeeded", "Failed")
    ][:MAX_PODS]
    for path, one in suspects:
        target, protocol, number = _target(one), _protocol(one), one.get("port")
        there = [(pod, *place) for pod in behind for place in _declared(pod, target)]
        others = {other for _, _, other in there}
        served = any(
            _target(more) == target and _protocol(more) in others for _, more in entries(service, "spec.ports")
        )
        if there and target is not None and not served and isinstance(number, int):
            pod, declared, other = there[0]
            yield Odd(path, number, protocol, target, pod, declared, other)


def _declared(pod: Pod, target: str | int | None) -> Iterator[tuple[str, str]]:
    """Where the pod's containers declare the port, and of which protocol."""
    for part in ("spec.containers", "spec.initContainers"):
        for container, _ in entries(pod, part):
            for path, port in entries(pod, f"{container}.ports"):
                if target in (port.get("containerPort"), port.get("name")):
                    yield path, _protocol(port)


def _finding(ctx: Context, service: Object, odd: Odd, clients: list[Client]) -> Finding:
    proof: tuple[Evidence, ...] = (
        ctx.cite_or_lack(service, f"{odd.path}.protocol"),
        ctx.cite_or_lack(odd.pod, f"{odd.declared}.protocol"),
        ctx.cite(odd.pod, f"{odd.declared}.containerPort"),
    )
    named = isinstance(odd.target, str)
    what = (
        f"its port {odd.port} is {odd.protocol}, and the container port {odd.target} of {odd.pod.name} behind it is "
        f"{odd.other}"
    )
    nothing = ", so no pod has the port that it names" if named else ""
    asks = f"; {clients[0].pod.name} cannot reach {clients[0].address} ({clients[0].to.how})" if clients else ""
    return Finding(
        subject=service.ref,
        summary=f"{what}{nothing}{asks}",
        evidence=as_proof((*proof, *(one.said for one in clients))),
        accounts_for=tuple(
            Because(one.group, f"container {one.container} cannot reach {one.address}: {what}", (one.said, *proof))
            for one in clients
        ),
        severity=None if clients else Severity.WARNING if named else Severity.INFO,
        confidence=None if named else Confidence.LIKELY,
        since=min((one.group.since for one in clients if one.group.since), default=None),
        remedies=(
            Remedy(
                text=f"set protocol {odd.other} for port {odd.port} of the Service, or declare the container's as "
                f"{odd.protocol}",
                command=f"kubectl edit service {service.name} -n {service.namespace}",
                risk="disruptive",
            ),
        ),
    )
