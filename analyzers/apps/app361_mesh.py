"""APP361 to APP363: an Istio mesh keeps a workload from the network."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.paths import Said, said
from diag.catalog.rule import Named, rule
from diag.facts.pods import statuses
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.relations.webhooks import selector_of
from diag.vocab.sidecars import is_mesh_proxy

CLIENTS = ("container-crashing", "init-container-failing", "pod-failed", "container-not-ready")
REFUSED = re.compile(
    r"[Cc]onnection refused|Could not connect to the endpoint|ECONNREFUSED|Failed to connect to|Max retries exceeded"
    r"|[Cc]onnection reset"
)
RESET = re.compile(r"[Cc]onnection reset by peer|ECONNRESET")
CUT_OFF = re.compile(r"[Cc]onnection error|EOF|upstream connect error|503 Service Unavailable")
OUTWARD = re.compile(
    r"[Cc]onnection reset|[Cc]ouldn't connect|[Cc]onnection error|SSL|EOF|ECONNRESET|502 Bad Gateway"
    r"|Could not connect|[Cc]onnection refused|Max retries exceeded"
)
BLACK_HOLE = re.compile(r"BlackHoleCluster|block_all")  # envoy access log of traffic that no entry covers
NO_CHAIN = re.compile(r"filter_chain_not_found")  # envoy access log of plain text where only mTLS is let in
HOST = re.compile(r"\b((?:[a-z0-9-]{1,63}\.)+[a-z]{2,24})\b")
VALIDATION = ("istio-validation", "istio-init")
PEER = "security.istio.io/PeerAuthentication"
ENTRY = "networking.istio.io/ServiceEntry"
ROOT_NAMESPACE = "istio-system"
MAX_PODS = 8

EGRESS = """The mesh lets no traffic out that it does not know of.

## What it means
With the outbound policy REGISTRY_ONLY the proxy drops every connection to a host for which there is neither a Service
nor a ServiceEntry.

## Why it happens
The policy is right for the platform, and nobody has made an entry for the host that this workload needs: a model hub, a
registry, an object store and the hosts that it redirects to.

## Evidence
`outboundTrafficPolicy` in the mesh's ConfigMap, and the proxy's access log with `BlackHoleCluster` and the host.

## What to do
Make a ServiceEntry for the host (and for those that it redirects to), or keep the weights inside the cluster.

## Known limits
A Sidecar object may set another policy for a namespace; it is not evaluated.
"""
PLAIN = """A client outside the mesh speaks plain text to a server that takes mTLS only.

## What it means
The server's proxy resets the connection before the server sees it. The server is well.

## Why it happens
The mesh-wide or namespace policy is STRICT, and the client's namespace is not injected.

## Evidence
The PeerAuthentication's mode, the server's proxy log (`filter_chain_not_found`), the client's log, and the client's
pod, which has no proxy.

## What to do
Inject the client's namespace, or let the server's port take plain text (PERMISSIVE for its workload or port).

## Known limits
Policies of a single port are not evaluated.
"""


@rule(
    "APP361",
    name="mesh-blocks-init-container",
    question=Question.KEPT,
    inputs=("Pod", "ConfigMap", "Namespace", "Service", PEER, ENTRY),
    refines=("dependency-host-unresolved", "dependency-unreachable"),
    others=(
        Named(
            id="APP362",
            name="mesh-blocks-egress",
            page=EGRESS,
            refines=("dependency-host-unresolved", "dependency-unreachable", "hub-unreachable"),
        ),
        Named(
            id="APP363",
            name="strict-mtls-client-outside-mesh",
            page=PLAIN,
            refines=("dependency-unreachable",),
        ),
    ),
)
def mesh(ctx: Context) -> Iterator[Finding]:
    """An init container's traffic is redirected to a proxy that does not run yet.

    ## What it means
    The mesh redirects all traffic of the pod to its proxy. Init containers run before the proxy is started, so that
    each of their connections is refused.

    ## Why it happens
    With Istio's CNI plugin (or an init container of Istio that comes first) the redirection is there from the start,
    and the proxy is an ordinary container.

    ## Evidence
    The init container's log, Istio's own init container, which has completed before it, and the proxy, which waits in
    PodInitializing.

    ## What to do
    Run the init container as user 1337, leave its ports out of the redirection
    (`traffic.sidecar.istio.io/excludeOutboundPorts`), or use native sidecars.

    ## Known limits
    A host that is down refuses connections as well: without the proxy's state the finding would be a guess.
    """
    for group in ctx.groups(*CLIENTS):
        pod = group.first
        if not isinstance(pod, Pod):
            continue
        proxy = _proxy(pod)
        if group.symptom == "init-container-failing" and proxy:
            yield from _init(ctx, group, pod, proxy)
        elif proxy:
            yield from _egress(ctx, group, pod, proxy)
        elif not _native(pod):
            yield from _plain(ctx, group)


def _proxy(pod: Pod) -> str:
    """The mesh's proxy among the ordinary containers of a pod."""
    names = (one.name or "" for one in pod.spec.containers or () if is_mesh_proxy(one.name or "", one.image or ""))
    return next(names, "")


def _native(pod: Pod) -> bool:
    return any(is_mesh_proxy(one.name or "", one.image or "") for one in pod.spec.init_containers or ())


def _init(ctx: Context, group: Group, pod: Pod, proxy: str) -> Iterator[Finding]:
    words = said(ctx, group, REFUSED)
    done: list[Evidence] = []
    waits: list[Evidence] = []
    for path, status in statuses(pod):
        state = status.state
        if state and state.terminated and status.name in VALIDATION and state.terminated.exit_code == 0:
            done.append(ctx.cite(pod, f"{path}.name"))
        if state and state.waiting and status.name == proxy and state.waiting.reason:
            waits.append(ctx.cite(pod, f"{path}.state.waiting.reason"))
    names = [one.name for one in pod.spec.init_containers or ()]
    first = next((name for name in names if name in VALIDATION), None)
    if not words or not waits or first is None or words.container not in names[names.index(first) + 1 :]:
        return
    if not done:
        index = names.index(first)
        done.append(ctx.cite(pod, f"spec.initContainers[{index}].name"))
    summary = (
        f"the traffic of init container {words.container} is redirected by {first} to {proxy}, which is not "
        f"started yet: {words.text.strip()[:240]}"
    )
    yield Finding(
        subject=group.workload,
        summary=summary,
        evidence=(words.proof, *[*done, *waits]),
        accounts_for=(Because(group, summary, (words.proof, *done, *waits)),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text=f"run {words.container} as user 1337, which is not redirected (securityContext.runAsUser)"),
            Remedy(text="or leave its ports out: annotation traffic.sidecar.istio.io/excludeOutboundPorts"),
            Remedy(text="or use native sidecars, which start before other init containers", who="platform"),
        ),
    )


def _egress(ctx: Context, group: Group, pod: Pod, proxy: str) -> Iterator[Finding]:
    words = said(ctx, group, OUTWARD)
    config = ctx.snap.get("ConfigMap", ROOT_NAMESPACE, "istio")
    mesh_config = value_at(config.whole, "data.mesh") if config is not None else None
    if config is None or not isinstance(mesh_config, str) or "REGISTRY_ONLY" not in mesh_config or words is None:
        return
    dropped = _line(ctx, pod, proxy, BLACK_HOLE)
    if dropped is None:
        return
    host = next((name for name in HOST.findall(dropped.text) if not name.endswith((".local", ".svc"))), "")
    covered = any(host and host in str(one.whole.get("spec")) for one in ctx.snap.all(ENTRY))
    if covered:
        return
    where = f" to {host}" if host else ""
    policy = ctx.cite(config, "data.mesh")
    summary = (
        f"the mesh lets out only what it knows (outboundTrafficPolicy REGISTRY_ONLY), and drops the traffic of "
        f"{pod.name}{where} (BlackHoleCluster)"
    )
    yield Finding(
        name="mesh-blocks-egress",
        subject=config.ref,
        summary=summary,
        evidence=(policy, dropped.proof, words.proof),
        accounts_for=(Because(group, summary, (dropped.proof, policy, words.proof)),),
        since=group.since,
        remedies=(
            Remedy(text=f"make a ServiceEntry for {host or 'the host'} and for the hosts that it redirects to"),
            Remedy(text="or keep what it fetches inside the cluster"),
        ),
    )


def _line(ctx: Context, pod: Pod, container: str, pattern: re.Pattern[str]) -> Said | None:
    """The last line of a container's log that matches."""
    lines = ctx.snap.log(pod, container)
    for number in range(len(lines), max(len(lines) - 2000, 0), -1):
        if pattern.search(lines[number - 1][:2000]):
            proof = ctx.cite_log(pod, container, number)
            return Said(pod=pod, container=container, text=lines[number - 1], proof=proof)
    return None


def _plain(ctx: Context, group: Group) -> Iterator[Finding]:
    """A client without a proxy whose connections a server's proxy resets, under a policy that is STRICT."""
    words = said(ctx, group, RESET) or said(ctx, group, CUT_OFF)
    if words is None:
        return
    spec = str(words.pod.whole.get("spec"))
    for service in ctx.snap.all("Service"):
        asked = re.search(
            rf"\b{re.escape(service.name)}(?:\.{re.escape(service.namespace)}\b|:\d|\b)", spec + words.text
        )
        policy = _strict(ctx, service.namespace) if asked else None
        selector = selector_of(service)
        if policy is None or not selector:
            continue
        servers = [
            pod
            for pod in ctx.snap.pods_in(service.namespace)
            if all(pod.labels.get(label) == value for label, value in selector.items())
        ][:MAX_PODS]
        refusal = next((line for pod in servers if (line := _line(ctx, pod, _proxy(pod), NO_CHAIN))), None)
        if refusal is not None:
            yield _strict_finding(ctx, group, words, policy, refusal)
            return


def _strict(ctx: Context, namespace: str) -> Object | None:
    """The policy that demands mTLS of a namespace's servers: its own, else that of the whole mesh."""
    policies = [one for one in ctx.snap.all(PEER) if not isinstance(value_at(one.whole, "spec.selector"), dict)]
    for space in (namespace, ROOT_NAMESPACE):
        for one in policies:
            if one.namespace == space:
                return one if value_at(one.whole, "spec.mtls.mode") == "STRICT" else None
    return None


def _strict_finding(ctx: Context, group: Group, words: Said, policy: Object, refusal: Said) -> Finding:
    mode = ctx.cite(policy, "spec.mtls.mode")
    more: list[Evidence] = [refusal.proof, words.proof]
    namespace = ctx.snap.get("Namespace", "", words.pod.namespace)
    if namespace is not None and "istio-injection" not in namespace.labels:
        more.append(ctx.lack(namespace, f"metadata.labels{key('istio-injection')}"))
    summary = (
        f"it demands mTLS (STRICT), and {words.pod.namespace}/{words.pod.name} has no proxy: the proxy of "
        f"{refusal.pod.namespace}/{refusal.pod.name} resets its connections (filter_chain_not_found)"
    )
    return Finding(
        name="strict-mtls-client-outside-mesh",
        subject=policy.ref,
        summary=summary,
        evidence=(mode, *more),
        accounts_for=(Because(group, summary, (mode, *more)),),
        since=group.since,
        remedies=(
            Remedy(
                text="let the server's workload or port take plain text: a PeerAuthentication with PERMISSIVE",
                who="platform",
                risk="disruptive",
            ),
            Remedy(
                text=f"or inject the proxy into the pods of namespace {words.pod.namespace} (label istio-injection); "
                "a Job ends then only with native sidecars",
                risk="disruptive",
            ),
        ),
    )
