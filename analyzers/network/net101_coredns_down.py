"""NET101: the cluster's DNS has no ready pod."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.backends import SLICE, SLICE_OF, WORKLOADS, replicas
from diag.catalog.joins.cluster_dns import Resolver, asks_cluster_dns, client_or_lookup, got_no_answer, resolvers
from diag.catalog.rule import rule
from diag.facts.pods import condition, condition_path
from diag.facts.words import count_of
from diag.findings import Basis, Because, Evidence, Finding, Proof, Question, Remedy, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import MISSING, value_at
from diag.snapshot.kinds import Pod
from diag.trouble.relations.webhooks import selecting

CLIENTS = ("container-crashing", "init-container-failing", "pod-failed", "container-not-ready")
OWN = (
    "container-crashing",
    "container-not-ready",
    "container-not-started",
    "replicas-unavailable",
    "rollout-deadline-exceeded",
    "daemonset-pods-not-ready",
)
# What CoreDNS says that keeps it from answering (coredns/coredns plugin/loop, plugin/ready, coremain).
WORDS = re.compile(
    r"plugin/loop: Loop|Still waiting on|API connection failure|Corefile:\d+ - Error|\[FATAL\]|listen \w+ :53"
)
ENDED = ("Failed", "Succeeded")


@rule(
    "NET101",
    name="coredns-down",
    question=Question.KEPT,
    basis=Basis.REMAINDER,
    inputs=("Pod", "Service", SLICE, *WORKLOADS),
    visits={"Pod": 1},
    refines=(
        "dependency-host-unresolved",
        "dependency-unreachable",
        "rendezvous-dns-unresolved",
        "hub-unreachable",
        "service-dns-name-wrong",
        "readiness-probe-failing",
    ),
)
def coredns_down(ctx: Context) -> Iterator[Finding]:
    """Cluster DNS has no ready pod, so no name resolves.

    ## What it means
    The Service of the cluster's DNS has no pod that answers. Every pod that looks up a name waits and gives up, also
    for names outside the cluster.

    ## Why it happens
    CoreDNS crashes (an error in the Corefile, a loop through the node's resolver), cannot reach the API server, or was
    scaled down.

    ## Evidence
    The state of each pod behind the Service, what CoreDNS logs, and the log lines of clients whose look-ups got no
    answer.

    ## What to do
    Read the log of CoreDNS and the ConfigMap with its Corefile; see that its nodes are Ready.

    ## Known limits
    Where a deeper cause is known for the state of its pods (a node, an image, a quota), that one is shown. A client
    that was told that a name does not exist was answered, and is not counted.
    """
    for resolver in resolvers(ctx):
        found = _state(ctx, resolver)
        if found is not None:
            yield from _down(ctx, resolver, *found)


def _state(ctx: Context, resolver: Resolver) -> tuple[list[Pod], list[Object], list[Evidence]] | None:
    """Its pods and workloads with the proof that none is ready; None where one is, or who knows."""
    selector = resolver.selector
    pods = [
        pod
        for pod in ctx.snap.pods_in(resolver.namespace)
        if selector and selector.items() <= pod.labels.items() and pod.status.phase not in ENDED
    ]
    workloads = selecting(selector, resolver.namespace, (item for kind in WORKLOADS for item in ctx.snap.all(kind)))
    states = [(pod, condition(pod, "Ready")) for pod in pods]
    if any(state is None or state.status in (None, "True") for _, state in states) or any(map(_has_ready, workloads)):
        return None
    slices = [one for one in ctx.snap.all(SLICE) if one.namespace == resolver.namespace]
    if any(one.labels.get(SLICE_OF) == resolver.service and _answers(one) for one in slices):
        return None
    proof: list[Evidence] = [ctx.cite(pod, condition_path(pod, "Ready", "status")) for pod in pods[:4]]
    told = [piece for item in workloads for piece in _none_ready(ctx, item)]
    return (pods, workloads, [*proof, *told]) if pods or told else None


def _none_ready(ctx: Context, item: Object) -> Iterator[Evidence]:
    """What says that a Deployment has no ready pod: none is wanted, or its status counts none."""
    counted = value_at(item.whole, "status") not in (MISSING, None, {}) and item.kind == "Deployment"
    if replicas(item) == 0 or (counted and replicas(item) is not None):
        yield ctx.cite(item, "spec.replicas")
    if counted and value_at(item.whole, "status.readyReplicas") in (MISSING, None, 0):
        yield ctx.cite_or_lack(item, "status.readyReplicas")


def _has_ready(item: Object) -> bool:
    return any(
        isinstance(number := value_at(item.whole, f"status.{name}"), int) and number > 0
        for name in ("readyReplicas", "numberReady")
    )


def _answers(item: Object) -> bool:
    ends = [end.get("conditions") for end in dicts(item.whole.get("endpoints"))]
    return any(not isinstance(state, dict) or state.get("ready") is not False for state in ends)


def _down(
    ctx: Context, resolver: Resolver, pods: list[Pod], workloads: list[Object], proof: list[Evidence]
) -> Iterator[Finding]:
    subject = workloads[0] if workloads else ctx.workload(pods[0])
    said = next((line for pod in pods[:4] for line in _words(ctx, pod)), None)
    words = f"; it says: {said[0]}" if said else ""
    state = f"its {count_of(len(pods), 'pod')} are not ready" if len(pods) > 1 else "its pod is not ready"
    summary = f"{resolver.words} has no ready pod ({state if pods else 'no pod'}){words}"
    pieces = as_proof([*([said[1]] if said else []), *proof])
    because = [*_own(ctx, subject, pods, summary, pieces), *_clients(ctx, summary, pieces)]
    if not because:
        return
    yield Finding(
        subject=subject.ref,
        summary=f"{summary}, so no name resolves in the cluster",
        evidence=pieces,
        accounts_for=tuple(because),
        since=min((when for pod in pods if (when := _since(pod))), default=None),
        needs=tuple(item.ref for item in workloads) or (subject.ref,),
        remedies=(
            Remedy(
                text="see why its pods are not ready",
                command=f"kubectl get pods -n {resolver.namespace} -o wide "
                f"-l {','.join(f'{label}={value}' for label, value in resolver.selector.items())}",
            ),
            Remedy(text="correct the Corefile in its ConfigMap, or what its log names", who="platform"),
        ),
    )


def _since(pod: Pod) -> str | None:
    unready = condition(pod, "Ready")
    return unready.last_transition_time if unready is not None else None


def _words(ctx: Context, pod: Pod) -> Iterator[tuple[str, Evidence]]:
    for container in pod.spec.containers or ():
        for previous in (False, True):
            lines = ctx.snap.log(pod, container.name or "", previous=previous)
            for number in range(len(lines), max(len(lines) - 200, 0), -1):
                if WORDS.search(lines[number - 1][:2000]):
                    text = lines[number - 1].strip()[:200]
                    yield text, ctx.cite_log(pod, container.name or "", number, previous=previous)


def _own(ctx: Context, subject: Object, pods: list[Pod], why: str, proof: Proof) -> Iterator[Because]:
    """What its own pods suffer from, where nothing deeper explains that."""
    mine = {subject.ref, *(pod.ref for pod in pods)}
    for group in ctx.groups(*OWN):
        count = sum(member.ref in mine for member in group.members)
        if count or group.workload == subject.ref:
            whole = not count or count == len(group.members)
            yield Because(group, why, proof, members=None if whole else count)


def _clients(ctx: Context, why: str, proof: Proof) -> Iterator[Because]:
    for group in ctx.groups(*CLIENTS):
        client = client_or_lookup(ctx, group)
        if client is not None and got_no_answer(client) and asks_cluster_dns(client.pod):
            words = f"container {client.container} gets no answer when it looks up {client.to.host}: {why}"
            yield Because(group, words, (client.said, *proof))
