"""NET131: a NetworkPolicy keeps a client from what it needs, or the API server from a webhook."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any, NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.clients import Client, service_asked, waiting_client
from diag.catalog.joins.cluster_dns import asks_cluster_dns, client_or_lookup, dns_services, got_no_answer
from diag.catalog.joins.service_ports import ports_behind
from diag.catalog.joins.webhook_policies import blocked_webhooks
from diag.catalog.rule import rule
from diag.facts.entries import text
from diag.facts.network_policy import KIND, Direction, Peer, closing
from diag.facts.pods import is_ready
from diag.facts.wait_commands import WAITS
from diag.findings import Because, Confidence, Evidence, Finding, LogEvidence, Question, Remedy, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Pod
from diag.trouble.relations.webhooks import selector_of

CLIENTS = ("container-crashing", "init-container-failing", "pod-failed", "container-not-ready", "pod-start-slow")
ADDRESS = re.compile(r"\((?P<address>\d{1,3}(?:\.\d{1,3}){3})\)")  # as apt and curl write it behind the name
MAX_SERVERS = 4
MAX_TERMS = 6
DNS_PORT = 53


class End(NamedTuple):
    """What a client asks for: the pod behind it where one is known, in words, and the ports there."""

    pod: Pod | None
    peer: Peer
    words: str
    ports: tuple[int | None, ...]
    protocol: str = "TCP"


@rule(
    "NET131",
    name="networkpolicy-blocks-traffic",
    question=Question.KEPT,
    inputs=("Pod", "Service", "Namespace", "Event", "apps/ReplicaSet", "batch/Job", KIND),
    visits={"Pod": 1, KIND: 8},
    refines=(
        "admission-webhook-unavailable",
        "mesh-injector-unavailable",
        "dependency-unreachable",
        "dependency-host-unresolved",
        "rendezvous-dns-unresolved",
        "hub-unreachable",
        "driver-package-repo-unreachable",
    ),
)
def networkpolicy_blocks_traffic(ctx: Context) -> Iterator[Finding]:
    """A NetworkPolicy does not admit the traffic the workload needs.

    ## What it means
    The client's packets are dropped: its connections time out, and nothing on either side says why. As soon as one
    policy selects a pod, only what some policy admits passes in that direction.

    ## Why it happens
    A default-deny policy was added without one that admits this traffic, or the labels of a pod or namespace are no
    longer those that a policy admits.

    ## Evidence
    The client's log line with a time-out (or the command line that waits), the pods behind the address, which are
    ready, and the policy that selects one of both, of which no rule means the other. For a webhook: the refusal with
    its time-out, its pods, which are ready, and the policy of which no rule means an address that is no pod's.

    ## What to do
    Add a policy that admits the traffic, in the direction and to the port that the finding names.

    ## Known limits
    Likely at most: whether the network plugin enforces policies, and what its own kinds of policy admit, is not read.
    A connection that was refused was answered, and is not looked at; a server that is not ready is at fault itself.
    """
    yield from blocked_webhooks(ctx)
    policies = ctx.snap.all(KIND)
    if not policies:
        return
    for group in ctx.groups(*CLIENTS):
        client = client_or_lookup(ctx, group) or waiting_client(ctx, group)
        if client is None or client.pod.spec.host_network:
            continue
        ends = _ends(ctx, client)
        closed = [found for end in ends if (found := _closed(ctx, policies, client.pod, end)) is not None]
        if closed and len(closed) == len(ends):
            yield _finding(ctx, client, ends[0], *closed[0])


def _ends(ctx: Context, client: Client) -> list[End]:
    """What may be at the other end; nothing where it is known to be at fault itself, or nobody knows."""
    if got_no_answer(client):
        return _resolvers(ctx) if asks_cluster_dns(client.pod) else []
    if client.to.how not in ("timeout", WAITS):
        return []
    place, service = service_asked(ctx, client)
    if service is not None:
        return [
            End(pod, _peer(ctx, pod), f"Pod {pod.namespace}/{pod.name}", ports_behind(service, client.to.port, pod))
            for pod in _ready_behind(ctx, service)
        ]
    return [] if place is not None else _elsewhere(ctx, client)


def _resolvers(ctx: Context) -> list[End]:
    """The pods of the cluster's DNS; where its Service is not in the files, some pod of kube-system."""
    services = dns_services(ctx)
    if any(pod.labels.get("k8s-app") == "node-local-dns" for pod in ctx.snap.pods_in("kube-system")):
        return []  # which answers on an address of the node
    if not services:
        return [End(None, Peer(namespace="kube-system"), "the cluster's DNS", (DNS_PORT,), "UDP")]
    return [
        End(pod, _peer(ctx, pod), f"Pod {pod.namespace}/{pod.name}", ports_behind(service, DNS_PORT, pod), "UDP")
        for service in services
        for pod in _ready_behind(ctx, service)
    ]


def _ready_behind(ctx: Context, service: Object) -> list[Pod]:
    """The ready pods that a Service selects and that have a network of their own."""
    wanted = selector_of(service).items()
    pods = [pod for pod in ctx.snap.pods_in(service.namespace) if wanted and wanted <= pod.labels.items()]
    ready = [pod for pod in pods if is_ready(pod)]
    return ready[:MAX_SERVERS] if not any(pod.spec.host_network for pod in ready) else []


def _elsewhere(ctx: Context, client: Client) -> list[End]:
    """A pod of the client's namespace, or an address outside the cluster."""
    host = client.to.host
    words = str(client.said.value) if isinstance(client.said, LogEvidence) else ""
    if not host.replace(".", "").isdigit():
        if "." not in host or host.endswith((".svc", ".local", ".internal")):
            return []
        found = ADDRESS.search(words)
        address = found["address"] if found else ""
        peer = Peer(address=address, outside=True)
        return [End(None, peer, f"{host} ({address})" if address else host, (client.to.port,))]
    for pod in ctx.snap.pods_in(client.pod.namespace):
        if value_at(pod.whole, "status.podIP") == host and not pod.spec.host_network:
            named = f"Pod {pod.namespace}/{pod.name} ({host})"
            return [End(pod, _peer(ctx, pod), named, (client.to.port,))] if pod.status.phase == "Running" else []
    return [End(None, Peer(address=host, outside=_is_public(host)), host, (client.to.port,))]


def _is_public(address: str) -> bool:
    """Whether no pod has an address like that; a private one may be a pod's of any namespace."""
    try:
        return not ip_address(address).is_private
    except ValueError:
        return False


def _peer(ctx: Context, pod: Pod) -> Peer:
    space = ctx.snap.get("Namespace", "", pod.namespace)
    return Peer(
        namespace=pod.namespace,
        labels=pod.labels,
        of_namespace=space.labels if space is not None else None,
        address=text(value_at(pod.whole, "status.podIP")),
    )


def _closed(ctx: Context, policies: list[Object], client: Pod, end: End) -> tuple[Object, Direction] | None:
    """The policy that lets the client not out, or not in at the other end."""
    out = [one for one in policies if one.namespace == client.namespace]
    policy = closing(out, client.labels, "Egress", *end.ports, protocol=end.protocol, peer=end.peer)
    if policy is not None:
        return policy, "Egress"
    if end.pod is None:
        return None
    into = [one for one in policies if one.namespace == end.pod.namespace]
    policy = closing(into, end.pod.labels, "Ingress", *end.ports, protocol=end.protocol, peer=_peer(ctx, client))
    return (policy, "Ingress") if policy is not None else None


def _finding(ctx: Context, client: Client, end: End, policy: Object, direction: Direction) -> Finding:
    me = f"Pod {client.pod.namespace}/{client.pod.name}"
    at = f"{end.protocol} port {end.ports[-1]} of {end.words}" if end.ports[-1] is not None else end.words
    way = f"does not let {me} {'out to' if direction == 'Egress' else 'in at'} {at}"
    meets = "waits for" if client.only_waits else "gets no answer from"
    count = len(dicts(value_at(policy.whole, f"spec.{direction.lower()}")))
    rules = f"none of its {count} {direction.lower()} rules means it" if count else f"it has no {direction} rule"
    why = f"NetworkPolicy {policy.namespace}/{policy.name} {way}: {rules}"
    proof = [*_terms(ctx, policy, direction), *_last_words(ctx, client), client.said]
    return Finding(
        subject=policy.ref,
        summary=f"{way} ({rules}); container {client.container} {meets} {client.address}",
        evidence=as_proof(proof),
        accounts_for=(Because(client.group, why, (client.said, *proof[:-1])),),
        confidence=Confidence.LIKELY,
        since=client.group.since,
        remedies=(
            Remedy(
                text=f"see which policies select pods of {policy.namespace}, and what each lets through",
                command=f"kubectl get networkpolicies -n {policy.namespace} -o yaml",
            ),
            Remedy(
                text=f"add a NetworkPolicy in {policy.namespace} that lets {me} "
                f"{'out to' if direction == 'Egress' else 'in at'} {at}",
                who="platform",
            ),
        ),
    )


def _last_words(ctx: Context, client: Client) -> Iterator[Evidence]:
    """What the container made of it: the last line that it logged."""
    said = client.said
    if isinstance(said, LogEvidence):
        lines = ctx.snap.log(client.pod, client.container, previous=said.previous)
        last = next((number for number in range(len(lines), said.line, -1) if lines[number - 1].strip()), None)
        if last is not None:
            yield ctx.cite_log(client.pod, client.container, last, previous=said.previous)


def _terms(ctx: Context, policy: Object, direction: Direction) -> list[Evidence]:
    """What the policy admits in that direction, and whom it selects."""
    side = f"spec.{direction.lower()}"
    paths = [*_scalars(value_at(policy.whole, side), side)][:MAX_TERMS]
    proof: list[Evidence] = [piece for path in paths if (piece := ctx.cite_if(policy, path)) is not None]
    if not proof:  # no rule, or rules that only say "all pods here"
        rules = value_at(policy.whole, side)
        proof = [ctx.lack(policy, f"{side}[{len(rules) if isinstance(rules, list) else 0}]")]
    chosen = value_at(policy.whole, "spec.podSelector")
    labels = [ctx.cite_if(policy, path) for path in [*_scalars(chosen, "spec.podSelector")][:2]]
    return [*proof, *(piece for piece in labels if piece is not None)]


def _scalars(value: Any, path: str) -> Iterator[str]:
    match value:
        case dict():
            for name, one in value.items():
                yield from _scalars(one, f"{path}{key(name)}")
        case list():
            for index, one in enumerate(value):
                yield from _scalars(one, f"{path}[{index}]")
        case bool() | int() | float() | str():
            yield path
