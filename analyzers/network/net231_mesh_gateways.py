"""NET231 to NET234: Istio Gateways that cannot serve what they say."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.mesh import ROOT_NAMESPACE
from diag.catalog.joins.mesh_routes import GATEWAY, VIRTUAL, as_texts, gateway_named, gateways_of, texts_of
from diag.catalog.rule import Named, rule
from diag.facts.entries import entries, text
from diag.facts.words import listed
from diag.findings import Basis, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import JsonDict, Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod
from diag.trouble.relations.webhooks import selector_of

GRACE_S = 60.0
# istio/istio pilot/pkg/xds/sds.go and pilot/pkg/credentials/kube/secrets.go
UNFETCHED = re.compile(
    r"failed to fetch (?:key and|ca) certificate for (?:kubernetes|kubernetes-gateway)://(?P<name>[\w./-]{1,253}): "
    r"(?P<why>.{1,200})"
)
MAX_LINES = 2000
SECURE = ("HTTPS", "TLS")

PORT = """The Gateway listens on a port that the gateway's Service does not offer.

## What it means
The gateway's pods listen on the port, and nothing leads there: the Service before them has no such port.

## Why it happens
A server was added to the Gateway, and the port not to the Service of the ingress gateway.

## Evidence
The port of the server, and the ports of the Services that select the gateway's pods.

## What to do
Add the port to the Service (with the installation's values), or use one that it has.

## Known limits
Silent where no Service selects the gateway's labels. Pods that are reached by ports of their node are not known.
"""
CONFLICT = """Several Gateways claim the same selector, port and host.

## What it means
Two Gateways terminate TLS for the same host at the same port of the same pods. Istio takes the older one and ignores
that server of the other.

## Why it happens
Each team has its own Gateway for a host that they share.

## Evidence
Selector, port and hosts of both.

## What to do
Keep one of them, or give them hosts of their own.

## Known limits
Servers of plain HTTP are merged and not meant; nor are hosts that overlap by a wildcard.
"""
HOST = """The VirtualService's host is not among the hosts of the Gateway that it names.

## What it means
The Gateway takes no request for these hosts, so the VirtualService is served by nobody there (404).

## Why it happens
The host was changed on one side, or the Gateway takes hosts of other namespaces only.

## Evidence
The hosts of both.

## What to do
Add the host to the Gateway, or correct it in the VirtualService.

## Known limits
Silent where one of several hosts is taken.
"""


class Server(NamedTuple):
    """A server of a Gateway, with where it stands."""

    path: str
    port: int | None
    protocol: str
    hosts: list[str]


@rule(
    "NET231",
    name="mesh-gateway-credential-missing",
    question=Question.READY,
    basis=Basis.SAID,
    severity=Severity.WARNING,
    inputs=("Pod", "Service", GATEWAY, VIRTUAL),
    others=(
        Named(id="NET232", name="mesh-gateway-port-not-on-service", page=PORT, severity=Severity.WARNING),
        Named(id="NET233", name="mesh-gateways-conflict", page=CONFLICT, severity=Severity.WARNING),
        Named(id="NET234", name="mesh-host-not-in-gateway", page=HOST, severity=Severity.WARNING),
    ),
    visits={"Service": 20},
)
def mesh_gateways(ctx: Context) -> Iterator[Finding]:
    """The Gateway's TLS credential does not exist or cannot be used.

    ## What it means
    istiod finds no Secret of that name beside the gateway's pods, so they have no certificate and end every TLS
    handshake at that port.

    ## Why it happens
    The Secret lies in the Gateway's namespace instead of that of the gateway's pods, has another name, or is not made
    yet.

    ## Evidence
    istiod's line about the credential, and `servers[].tls.credentialName` of the Gateway.

    ## What to do
    Make the Secret in the namespace that the line names.

    ## Known limits
    Secrets are never read. istiod says it when the gateway asks, and nothing once the Secret is there, so an old line
    may be over.
    """
    gateways = [
        one for one in ctx.snap.all(GATEWAY) if not one.metadata.deletion_timestamp and ctx.older(one.created, GRACE_S)
    ]
    if not gateways:
        return
    yield from _credentials(ctx, gateways)
    for one in gateways:
        yield from _ports(ctx, one)
    yield from _conflicts(ctx, gateways)
    for item in ctx.snap.all(VIRTUAL):
        if ctx.older(item.created, GRACE_S):
            yield from _host(ctx, item)


def _servers(item: Object) -> Iterator[Server]:
    for path, one in entries(item, "spec.servers"):
        port = one.get("port")
        port = port if isinstance(port, dict) else {}
        number = port.get("number")
        yield Server(
            path,
            number if isinstance(number, int) else None,
            text(port.get("protocol")).upper(),
            as_texts(one.get("hosts")),
        )


def _credentials(ctx: Context, gateways: list[Object]) -> Iterator[Finding]:
    unfetched = dict(_unfetched(ctx))
    for one in gateways:
        for name, path in _named(one).items():
            if name in unfetched:
                why, proof = unfetched[name]
                yield Finding(
                    subject=one.ref,
                    summary=f"its credential {name} cannot be used: {why}",
                    evidence=(proof, ctx.cite(one, path)),
                    confidence=Confidence.LIKELY,
                    since=one.created,
                    remedies=(
                        Remedy(
                            text="see what istiod says of it now",
                            command=f"kubectl logs -n {ROOT_NAMESPACE} -l app=istiod --since=10m",
                        ),
                        Remedy(text=f"make a TLS Secret {name} in the namespace of the gateway's pods"),
                    ),
                )


def _named(item: Object) -> dict[str, str]:
    """The credentials that a Gateway names, each with its path."""
    found: dict[str, str] = {}
    for path, _ in entries(item, "spec.servers"):
        name = text(value_at(item.whole, f"{path}.tls.credentialName")).removeprefix("kubernetes://")
        if name:
            found.setdefault(name, f"{path}.tls.credentialName")
    return found


def _unfetched(ctx: Context) -> Iterator[tuple[str, tuple[str, Evidence]]]:
    """Credentials that istiod could not fetch, with its words; the last of each name counts."""
    for pod in ctx.snap.pods_in(ROOT_NAMESPACE):
        for container in (pod.spec.containers or ()) if pod.labels.get("app") == "istiod" else ():
            yield from _lines(ctx, pod, container.name or "")


def _lines(ctx: Context, pod: Pod, container: str) -> Iterator[tuple[str, tuple[str, Evidence]]]:
    lines = ctx.snap.log(pod, container)
    for number in range(max(len(lines) - MAX_LINES, 0) + 1, len(lines) + 1):
        found = UNFETCHED.search(lines[number - 1][:2000])
        if found is not None:
            name = found["name"].removesuffix("-cacert")
            yield name, (found["why"].strip(), ctx.cite_log(pod, container, number))


def _ports(ctx: Context, item: Object) -> Iterator[Finding]:
    wanted = value_at(item.whole, "spec.selector")
    pairs = wanted.items() if isinstance(wanted, dict) else ()
    services = [one for one in ctx.snap.all("Service") if pairs and pairs <= selector_of(one).items()]
    offered = {value for one in services for _, port in entries(one, "spec.ports") for value in _numbers(port)}
    for server in _servers(item):
        if server.port is None or server.port in offered or not offered:
            continue
        has = [
            ctx.cite(one, f"{path}.port")
            for one in services
            for path, port in entries(one, "spec.ports")
            if isinstance(port.get("port"), int)
        ]
        names = listed([f"{one.namespace}/{one.name}" for one in services])
        yield Finding(
            name="mesh-gateway-port-not-on-service",
            subject=item.ref,
            summary=f"it listens on port {server.port}, which Service {names} before the gateway's pods does not offer",
            evidence=as_proof([ctx.cite(item, f"{server.path}.port.number"), *has[:6]]),
            confidence=Confidence.LIKELY,
            since=item.created,
            remedies=(
                Remedy(
                    text="see which ports the gateway's Service has",
                    command=f"kubectl get service {services[0].name} -n {services[0].namespace}",
                ),
                Remedy(text="add the port to the Service, or use one that it has", who="platform"),
            ),
        )


def _numbers(port: JsonDict) -> Iterator[int]:
    """What a server of a Gateway may be called by: the Service's port or that of the pods."""
    for name in ("port", "targetPort"):
        value = port.get(name)
        if isinstance(value, int):
            yield value


def _conflicts(ctx: Context, gateways: list[Object]) -> Iterator[Finding]:
    claims: dict[tuple[object, ...], list[tuple[Object, Server, int]]] = defaultdict(list)
    for item in gateways:
        selector = value_at(item.whole, "spec.selector")
        pairs = str(sorted(selector.items())) if isinstance(selector, dict) else ""
        for server in _servers(item):
            for index, host in enumerate(server.hosts):
                if server.protocol in SECURE and host.rpartition("/")[2] not in ("", "*"):
                    claims[pairs, server.port, host.rpartition("/")[2]].append((item, server, index))
    for (_, port, claimed), found in sorted(claims.items(), key=str):
        by_name = {item.ref: (item, server, index) for item, server, index in found}
        if len(by_name) > 1:
            first, *others = sorted(by_name.values(), key=lambda one: (one[0].created or "", one[0].name))
            proof = [ctx.cite(item, f"{server.path}.hosts[{index}]") for item, server, index in (first, *others)]
            yield Finding(
                name="mesh-gateways-conflict",
                subject=others[0][0].ref,
                summary=f"it claims host {claimed} at port {port}, as does the older Gateway "
                f"{first[0].namespace}/{first[0].name} for the same pods",
                evidence=as_proof(proof),
                members=tuple(item.ref for item, _, _ in others[1:]),
                since=others[0][0].created,
                remedies=(
                    Remedy(
                        text="see all Gateways with their hosts",
                        command="kubectl get gateways.networking.istio.io -A -o yaml",
                    ),
                    Remedy(text="keep one of them for this host, or give each a host of its own"),
                ),
            )


def _host(ctx: Context, item: Object) -> Iterator[Finding]:
    hosts = {host: f"spec.hosts[{index}]" for index, host in enumerate(texts_of(item, "hosts")) if host}
    for index, named in enumerate(gateways_of(item)):
        gateway = ctx.snap.get(GATEWAY, *gateway_named(named, item.namespace))
        if gateway is None or not hosts:
            continue
        taken = {
            host: f"{server.path}.hosts[{place}]"
            for server in _servers(gateway)
            for place, host in enumerate(server.hosts)
            if host
        }
        if not taken or any(_takes(host, gateway.namespace, mine, item.namespace) for host in taken for mine in hosts):
            continue
        mine = [ctx.cite(item, path) for path in hosts.values()]
        has = [ctx.cite(gateway, path) for path in taken.values()]
        names = listed(sorted(taken))
        yield Finding(
            name="mesh-host-not-in-gateway",
            subject=item.ref,
            summary=f"Gateway {gateway.namespace}/{gateway.name} takes {names}, and not {listed(list(hosts))}",
            evidence=as_proof([*mine[:4], ctx.cite(item, f"spec.gateways[{index}]"), *has[:4]]),
            since=item.created,
            remedies=(
                Remedy(
                    text="see the hosts of the Gateway",
                    command=f"kubectl get gateways.networking.istio.io {gateway.name} -n {gateway.namespace} -o yaml",
                ),
                Remedy(text="add the host to the Gateway, or correct it in the VirtualService", risk="disruptive"),
            ),
        )


def _takes(host: str, of: str, mine: str, namespace: str) -> bool:
    """Whether a Gateway's host (`namespace/host`, with `.` for its own) takes a VirtualService's; wildcards overlap."""
    space, slash, name = host.rpartition("/")
    if slash and space != "*" and namespace != (of if space == "." else space):
        return False
    return name == mine or _covers(name, mine) or _covers(mine, name)


def _covers(wide: str, host: str) -> bool:
    return wide.startswith("*") and host.endswith(wide[1:])
