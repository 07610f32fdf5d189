"""OBS118: a NetworkPolicy, the mesh or its own rights keep Prometheus from targets that its monitors mean."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.monitors import INPUTS, Monitor, is_behind, monitors, scaled_on
from diag.catalog.rule import rule
from diag.facts.entries import entries, text
from diag.facts.network_policy import KIND, Peer, closing
from diag.facts.selection import matches_labels
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy, Severity, as_proof
from diag.projection import JsonDict, Object
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.relations.webhooks import selector_of
from diag.vocab.sidecars import is_mesh_proxy

PROMETHEUS = "monitoring.coreos.com/Prometheus"
PEERS, MESH = "security.istio.io/PeerAuthentication", "istio-system"
# prometheus-operator/prometheus-operator pkg/prometheus/labels; the older one is still set beside it
SERVER_LABELS = ("operator.prometheus.io/name", "prometheus")
MAX_PODS, MAX_LINES = 4, 400
SERVER = "prometheus"  # its container (prometheus-operator/prometheus-operator pkg/prometheus/server)
Q = r'\\{0,3}"'  # a structured log escapes the quotes
# kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go
# (forbiddenMessage), of the kinds by which Prometheus finds targets
UNREAD = re.compile(
    rf"(?P<what>endpoints|endpointslices|pods|services|nodes)(?:\.[\w.]{{1,60}})? is forbidden: User "
    rf"{Q}system:serviceaccount:(?P<space>[a-z0-9-]{{1,63}}):(?P<account>[a-z0-9.-]{{1,253}}){Q} cannot "
    rf"(?:list|watch|get) resource [^\n]{{0,200}}?"
    rf"(?:in the namespace {Q}(?P<where>[a-z0-9-]{{1,63}}){Q}|at the cluster scope)"
)
# Istio's own ports for metrics, which take plain text (istio.io/latest/docs/ops/integrations/prometheus)
OPEN_PORTS = (15020, 15090)


class Wall(NamedTuple):
    """What keeps the server from the target: the object, in words, with what says so."""

    item: Object
    words: str
    proof: list[Evidence]


@rule(
    "OBS118",
    name="scrape-blocked",
    question=Question.SCALED,
    severity=Severity.WARNING,
    inputs=(*INPUTS, PROMETHEUS, KIND, PEERS, "Namespace"),
    visits={"Pod": 1},
    refines=("keda-metric-empty", "hpa-metrics-api-missing"),
)
def scrape_blocked(ctx: Context) -> Iterator[Finding]:
    """Prometheus is kept from its target by a NetworkPolicy, the mesh or its rights.

    ## What it means
    The monitor, its Service and its port are right, and Prometheus' connections to the pods do not come through: the
    target is down, its metrics are missing, and scalers on them stand still. The server itself is well.

    ## Why it happens
    A NetworkPolicy of the namespace lets in only the clients of the server, or the mesh demands mTLS of everybody and
    Prometheus has no proxy. Or its ServiceAccount may not list the pods and endpoints of a namespace, so that it finds
    no target there.

    ## Evidence
    The NetworkPolicy that selects the target's pods and lets the pods of Prometheus not in, the PeerAuthentication with
    STRICT, or the line of Prometheus that tells of the refusal.

    ## What to do
    Let the namespace of Prometheus in to the metrics port.

    ## Known limits
    Likely at most, as not every network enforces policies; `info` where no scaler waits for these metrics. Policies of
    other kinds (Cilium, Calico, AdminNetworkPolicy) are not read.
    """
    servers = list(_servers(ctx))
    refused = [found for server in servers if (found := _unread(ctx, server)) is not None]
    every = monitors(ctx) if servers else []
    scaled = list(scaled_on(ctx)) if every else []
    for server, line, said in refused:
        yield _without_rights(ctx, server, line, said, scaled)
    policies = ctx.snap.all(KIND) if every else []
    strict = ctx.snap.all(PEERS) if every else []
    for one in every:
        for service in one.selected:
            wall = _wall(ctx, one, service, servers, policies, strict) if one.reads(service) else None
            if wall is None:
                continue
            groups = [group for group, space, labels in scaled if is_behind(service, space, labels)]
            victims = [Because(group, wall.words, as_proof(wall.proof), members=group.share) for group in groups]
            yield _finding(ctx, one, service, wall, victims)
            break


def _servers(ctx: Context) -> Iterator[Pod]:
    """A running pod of each Prometheus that an operator keeps."""
    for item in ctx.snap.all(PROMETHEUS):
        for pod in ctx.snap.pods_in(item.namespace):
            if pod.status.phase == "Running" and any(pod.labels.get(name) == item.name for name in SERVER_LABELS):
                yield pod
                break


def _unread(ctx: Context, server: Pod) -> tuple[Pod, Evidence, re.Match[str]] | None:
    """The newest line of a Prometheus that tells which targets its own account may not look up."""
    lines = ctx.snap.log(server, SERVER)
    own = (server.namespace, text(value_at(server.whole, "spec.serviceAccountName")) or "default")
    for number in range(len(lines), max(len(lines) - MAX_LINES, 0), -1):
        said = UNREAD.search(lines[number - 1][:2000])
        if said is not None and (said["space"], said["account"]) == own:
            return server, ctx.cite_log(server, SERVER, number), said
    return None


def _without_rights(
    ctx: Context, server: Pod, line: Evidence, said: re.Match[str], scaled: list[tuple[Group, str, JsonDict]]
) -> Finding:
    where = f"of namespace {said['where']}" if said["where"] else "of the whole cluster"
    summary = (
        f"may not list {said['what']} {where}, so Prometheus {server.namespace}/{server.name} finds no target there"
    )
    victims = [
        Because(group, summary, (line,), members=group.share)
        for group, space, _ in scaled
        if said["where"] in (None, space)
    ]
    scope = f"-n {said['where']}" if said["where"] else "-A"
    return Finding(
        subject=Ref(ctx.cluster, "v1", "ServiceAccount", said["space"], said["account"], seen=False),
        summary=summary,
        evidence=(line, ctx.cite_or_lack(server, "spec.serviceAccountName")),
        accounts_for=tuple(victims),
        confidence=Confidence.LIKELY,
        since=server.created,
        remedies=(
            Remedy(
                text="ask whether the account may do it now",
                command=f"kubectl auth can-i list {said['what']} {scope} "
                f"--as=system:serviceaccount:{said['space']}:{said['account']}",
                who="platform",
            ),
            Remedy(
                text=f"let ServiceAccount {said['account']} get, list and watch services, endpoints, "
                f"endpointslices and pods {where}",
                who="platform",
            ),
        ),
    )


def _wall(
    ctx: Context, one: Monitor, service: Object, servers: list[Pod], policies: list[Object], strict: list[Object]
) -> Wall | None:
    """What keeps every Prometheus from the pods behind a Service."""
    selector = selector_of(service)
    targets = [
        pod
        for pod in ctx.snap.pods_in(service.namespace)
        if selector and pod.status.phase == "Running" and matches_labels(pod.labels, {"matchLabels": selector})
    ][:MAX_PODS]
    if not targets:
        return None
    target, ports = targets[0], _ports(one, service, targets[0])
    mine = [policy for policy in policies if policy.namespace == service.namespace]
    closed = [closing(mine, target.labels, "Ingress", *ports, peer=_peer(ctx, server)) for server in servers]
    if closed and all(policy is not None for policy in closed):
        policy, server = closed[0], servers[0]
        words = f"lets the pods of Prometheus ({server.namespace}/{server.name}) not in to those behind {service.name}"
        return Wall(policy, words, [_sign(ctx, policy)]) if policy is not None else None
    return _mesh(ctx, one, target, ports, servers, strict)


def _peer(ctx: Context, server: Pod) -> Peer:
    space = ctx.snap.get("Namespace", "", server.namespace)
    return Peer(
        namespace=server.namespace,
        labels=server.labels,
        of_namespace=space.labels if space is not None else None,
        address=text(value_at(server.whole, "status.podIP")),
    )


def _ports(one: Monitor, service: Object, target: Pod) -> tuple[int | None, ...]:
    """The numbers of the target's ports that are scraped; None for one that is not known."""
    asked = {port for _, port in one.wanted()}
    found: list[int | None] = []
    for _, port in entries(service, "spec.ports"):
        if not asked or port.get("name") in asked:
            to = port.get("targetPort", port.get("port"))
            found.append(to if isinstance(to, int) else _named(target, text(to)))
    return tuple(found) or (None,)


def _named(target: Pod, name: str) -> int | None:
    containers = value_at(target.whole, "spec.containers")
    for index in range(len(containers) if isinstance(containers, list) else 0):
        for _, port in entries(target, f"spec.containers[{index}].ports"):
            if port.get("name") == name and isinstance(port.get("containerPort"), int):
                return int(port["containerPort"])
    return None


def _sign(ctx: Context, policy: Object) -> Evidence:
    """What shows the policy's selector, or its kind where it selects everybody."""
    labels = value_at(policy.whole, "spec.podSelector.matchLabels")
    first = next(iter(sorted(labels)), None) if isinstance(labels, dict) else None
    types = value_at(policy.whole, "spec.policyTypes")
    if first is not None and isinstance(labels[first], str):
        return ctx.cite(policy, f"spec.podSelector.matchLabels{key(first)}")
    return ctx.cite(policy, "spec.policyTypes[0]" if isinstance(types, list) and types else "metadata.name")


def _mesh(
    ctx: Context, one: Monitor, target: Pod, ports: tuple[int | None, ...], servers: list[Pod], strict: list[Object]
) -> Wall | None:
    """The policy of the mesh that demands mTLS of servers, where the target has a proxy and no Prometheus has one."""
    plain = all(it.get("scheme", "http") in ("http", "HTTP") for _, it in entries(one.item, "spec.endpoints"))
    if not plain or not _proxied(target) or any(_proxied(server) for server in servers):
        return None
    if any(port is None or port in OPEN_PORTS for port in ports):
        return None
    for space in (target.namespace, MESH):
        own = (it for it in strict if not isinstance(value_at(it.whole, "spec.selector"), dict))
        for policy in (it for it in own if it.namespace == space):
            if value_at(policy.whole, "spec.mtls.mode") != "STRICT":
                return None
            server = servers[0]
            words = (
                f"demands mTLS (STRICT), and Prometheus ({server.namespace}/{server.name}) has no proxy: it "
                f"cannot read {target.namespace}/{target.name}"
            )
            return Wall(policy, words, [ctx.cite(policy, "spec.mtls.mode")])
    return None


def _proxied(pod: Pod) -> bool:
    listed = (*(pod.spec.containers or ()), *(pod.spec.init_containers or ()))
    return any(is_mesh_proxy(one.name or "", one.image or "") for one in listed)


def _finding(ctx: Context, one: Monitor, service: Object, wall: Wall, victims: list[Because]) -> Finding:
    proof = [*wall.proof, ctx.cite(one.item, "metadata.name"), ctx.cite(service, "metadata.name")]
    return Finding(
        subject=wall.item.ref,
        summary=f"{wall.words}, so what ServiceMonitor {one.item.name} asks for is not read",
        evidence=as_proof(proof),
        accounts_for=tuple(victims),
        severity=None if victims else Severity.INFO,
        confidence=Confidence.LIKELY,
        since=wall.item.created,
        remedies=(
            Remedy(
                text=f"let Prometheus in to the metrics port: an ingress rule of {wall.item.kind} {wall.item.name} for "
                "its namespace and pods"
                if wall.item.kind == "NetworkPolicy"
                else "let the metrics port take plain text (portLevelMtls PERMISSIVE), or give Prometheus the mesh's "
                "certificates",
                who="platform",
                risk="disruptive",
            ),
            Remedy(text="look at the target's state in Prometheus (Status, Targets)"),
        ),
    )
