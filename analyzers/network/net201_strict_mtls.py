"""NET201 to NET203: a workload's plain connections are reset by a proxy that takes mTLS only."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.clients import spec_of
from diag.catalog.joins.mesh import CLIENTS, PEER, demands_mtls, injection, pods_behind, proxy_of
from diag.catalog.joins.paths import Said, said
from diag.catalog.rule import Named, rule
from diag.facts.times import age_s
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group

RESET = re.compile(r"[Cc]onnection reset|ECONNRESET|[Cc]onnection closed by (?:remote )?peer")
# How ranks say that they do not reach each other (pytorch/pytorch torch/csrc/distributed/c10d and
# torch/distributed/elastic/rendezvous, NVIDIA/nccl src/misc/socket.cc).
APART = re.compile(
    rf"{RESET.pattern}|store based barrier|DistStoreError|Rendezvous(?:Timeout|Connection)Error"
    r"|NCCL WARN .{0,80}(?:failed|closed)|client socket has timed out"
)
NO_CHAIN = re.compile(r"filter_chain_not_found")  # access log of Envoy: plain text where only mTLS is let in
PROXY_UID = 1337  # istio/istio: the user whose traffic is not redirected
LEFT_OUT = re.compile(r"^traffic\.sidecar\.istio\.io/(?:exclude|include)")
LATE_S = 45 * 60  # ranks that have worked for longer did reach each other
MAX_PODS = 8
REFINED = ("dependency-unreachable", "collective-timeout", "strict-mtls-client-outside-mesh")

RANKS = """Direct traffic between ranks is refused by the mesh.

## What it means
The ranks connect to each other by their pods' addresses and to ports that no Service names. The sender's proxy lets
such traffic through as it is, and the receiver's proxy, which takes mTLS only, resets it.

## Why it happens
The job's namespace injects sidecars, and a PeerAuthentication of the namespace or of the mesh is STRICT.

## Evidence
The ranks' proxies, the policy's mode, what a rank says of the others, and the receiver's access log
(`filter_chain_not_found`) where it is written.

## What to do
Leave the job out of the mesh (`sidecar.istio.io/inject: "false"`), or its ports out of the redirection.

## Known limits
Possible at most without the access log: a rank that died resets its connections as well. Silent where annotations
change what is redirected.
"""
UID = """The application runs under the proxy's user id, past the sidecar.

## What it means
Istio leaves the traffic of user 1337 alone, since it is its own proxy's. Of an application under that id it is sent in
plain text, and servers that take mTLS only reset it.

## Why it happens
`runAsUser: 1337` was copied from an example for init containers, or is the image's own user.

## Evidence
`securityContext.runAsUser`, the policy of the server, and the application's log.

## What to do
Run the application as another user.

## Known limits
The user that an image declares is not seen.
"""


@rule(
    "NET201",
    name="mesh-pod-missing-proxy",
    question=Question.KEPT,
    inputs=("Pod", "Namespace", "Service", PEER),
    visits={PEER: 8},
    refines=REFINED,
    others=(
        Named(id="NET202", name="mesh-blocks-pod-to-pod", page=RANKS, refines=REFINED),
        Named(id="NET203", name="mesh-app-uses-proxy-uid", page=UID, refines=REFINED),
    ),
)
def strict_mtls(ctx: Context) -> Iterator[Finding]:
    """The pod has no sidecar in a namespace with injection, and its calls are reset.

    ## What it means
    The namespace asks for sidecars and this pod has none, so it speaks plain text. Servers in the mesh that take mTLS
    only reset its connections.

    ## Why it happens
    The pod was made before the namespace got its label, or while the injector did not answer.

    ## Evidence
    The namespace's label, the containers of the pod, the policy of the server that it asks, and the client's log.

    ## What to do
    Make the pod anew (`kubectl rollout restart`), and see that it then has an `istio-proxy`.

    ## Known limits
    Named only where the pod suffers from it. Pods that are left out by label or annotation are not meant.
    """
    if not ctx.snap.all(PEER):
        return
    for group in ctx.groups(*CLIENTS):
        words = said(ctx, group, APART)
        if words is None:
            continue
        runs_as = _proxy_user(ctx, words)
        if not proxy_of(words.pod):
            yield from _missing(ctx, group, words)
        elif runs_as is not None:
            yield from _bypassed(ctx, group, words, runs_as)
        else:
            yield from _apart(ctx, group, words)


def _server(ctx: Context, words: Said) -> tuple[Object, Pod, Object] | None:
    """A Service that the client's log or template names, a pod behind it with a proxy, and its policy."""
    asked = f"{spec_of(words.pod)} {words.text}"
    for service in ctx.snap.all("Service"):
        name = re.escape(service.name)
        if not re.search(rf"(?<![\w.-]){name}(?:\.{re.escape(service.namespace)}\b|:\d)", asked):
            continue
        for pod in pods_behind(ctx, service)[:MAX_PODS]:
            policy = demands_mtls(ctx, pod) if proxy_of(pod) else None
            if policy is not None:
                return service, pod, policy
    return None


def _missing(ctx: Context, group: Group, words: Said) -> Iterator[Finding]:
    label = injection(ctx, words.pod)
    server = _server(ctx, words) if label is not None and RESET.search(words.text) else None
    if label is None or server is None:
        return
    service, _, policy = server
    mode = ctx.cite(policy, "spec.mtls.mode")
    names = (ctx.cite_if(words.pod, f"spec.containers[{index}].name") for index in range(3))
    why = (
        f"its namespace injects sidecars and it has none, so Service {service.namespace}/{service.name}, which takes "
        f"mTLS only ({policy.name}), resets its connections"
    )
    proof = as_proof([label, mode, words.proof, *(name for name in names if name is not None)])
    yield Finding(
        subject=group.workload,
        summary=why,
        evidence=proof,
        accounts_for=(Because(group, why, proof),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(Remedy(text="make its pods anew, and see that they then have an istio-proxy", risk="disruptive"),),
    )


def _proxy_user(ctx: Context, words: Said) -> Evidence | None:
    """Where the container is told to run as the proxy's user."""
    for index, one in enumerate(dicts(spec_of(words.pod).get("containers"))):
        path = f"spec.containers[{index}].securityContext.runAsUser"
        if one.get("name") == words.container and value_at(words.pod.whole, path) == PROXY_UID:
            return ctx.cite(words.pod, path)
        if one.get("name") == words.container and isinstance(value_at(words.pod.whole, path), int):
            return None
    whole = value_at(words.pod.whole, "spec.securityContext.runAsUser")
    return ctx.cite(words.pod, "spec.securityContext.runAsUser") if whole == PROXY_UID else None


def _bypassed(ctx: Context, group: Group, words: Said, runs_as: Evidence) -> Iterator[Finding]:
    server = _server(ctx, words) if RESET.search(words.text) else None
    if server is None:
        return
    service, _, policy = server
    why = (
        f"container {words.container} runs as user {PROXY_UID}, whose traffic bypasses the sidecar, so Service "
        f"{service.namespace}/{service.name}, which takes mTLS only ({policy.name}), resets its connections"
    )
    proof = (runs_as, ctx.cite(policy, "spec.mtls.mode"), words.proof)
    yield Finding(
        name="mesh-app-uses-proxy-uid",
        subject=group.workload,
        summary=why,
        evidence=proof,
        accounts_for=(Because(group, why, proof),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(Remedy(text=f"run {words.container} as another user than {PROXY_UID}"),),
    )


def _apart(ctx: Context, group: Group, words: Said) -> Iterator[Finding]:
    """Ranks that all have proxies and have never reached each other."""
    mine = [pod for pod in ctx.snap.pods_of(ctx.workload(words.pod)) if proxy_of(pod)]
    others = [pod for pod in mine if pod.ref != words.pod.ref][:MAX_PODS]
    policy = demands_mtls(ctx, others[0]) if others else None
    if policy is None or any(_is_apart(pod) for pod in mine) or _worked(words):
        return
    refusal = next((line for pod in others if (line := _refusal(ctx, pod)) is not None), None)
    mode = ctx.cite(policy, "spec.mtls.mode")
    proof = as_proof([mode, words.proof, *([refusal] if refusal else [])])
    why = (
        f"it takes mTLS only, and the ranks of {group.workload.name} connect to each other by address, which their "
        f"proxies pass on as plain text: {words.text.strip()[:160]}"
    )
    yield Finding(
        name="mesh-blocks-pod-to-pod",
        subject=policy.ref,
        summary=why,
        evidence=proof,
        accounts_for=(Because(group, why, proof),),
        confidence=Confidence.LIKELY if refusal else Confidence.POSSIBLE,
        since=group.since,
        remedies=(
            Remedy(text='leave the job out of the mesh: label sidecar.istio.io/inject "false" in its pods\' template'),
            Remedy(
                text="or leave the ranks' ports out of the redirection "
                "(traffic.sidecar.istio.io/excludeInboundPorts and excludeOutboundPorts)"
            ),
        ),
    )


def _is_apart(pod: Pod) -> bool:
    """Whether a rank does not run yet, or what is redirected of it is another than all."""
    return pod.status.phase == "Pending" or any(LEFT_OUT.match(name) for name in pod.annotations)


def _worked(words: Said) -> bool:
    """Whether the container ran for longer than ranks wait for each other."""
    for status in words.pod.status.container_statuses or ():
        for state in (status.state, status.last_state):
            ended = state.terminated if state and status.name == words.container else None
            if ended and ended.started_at and ended.finished_at:
                return (age_s(ended.started_at, ended.finished_at) or 0) > LATE_S
    return False


def _refusal(ctx: Context, pod: Pod) -> Evidence | None:
    container = proxy_of(pod)
    lines = ctx.snap.log(pod, container)
    for number in range(len(lines), max(len(lines) - 2000, 0), -1):
        if NO_CHAIN.search(lines[number - 1][:2000]):
            return ctx.cite_log(pod, container, number)
    return None
