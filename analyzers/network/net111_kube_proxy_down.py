"""NET111: kube-proxy does not run on a node."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from diag.catalog.context import Context
from diag.catalog.joins.clients import Client, service_asked, spec_of
from diag.catalog.joins.cluster_dns import asks_cluster_dns, client_or_lookup, dns_services, got_no_answer
from diag.catalog.rule import rule
from diag.facts.nodes import is_ready
from diag.facts.pods import condition, condition_path
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.trouble.relations.webhooks import selector_of

CLIENTS = ("container-crashing", "init-container-failing", "pod-failed", "container-not-ready")
OWN = ("container-crashing", "container-not-ready", "container-not-started", "pod-failed")
NAMESPACE = "kube-system"
# kubernetes/kubernetes cmd/kubeadm/app/phases/addons/proxy; static pods of GCE carry `component`
# (cluster/gce/manifests/kube-proxy.manifest).
LABELS = ("k8s-app", "component")


@rule(
    "NET111",
    name="kube-proxy-down",
    question=Question.KEPT,
    basis=Basis.REMAINDER,
    inputs=("Pod", "Node", "Service", "Namespace"),
    visits={"Pod": 1},
    refines=("dependency-host-unresolved", "dependency-unreachable", "coredns-down", "readiness-probe-failing"),
)
def kube_proxy_down(ctx: Context) -> Iterator[Finding]:
    """kube-proxy does not run on the node, so Services cannot be reached from it.

    ## What it means
    Nobody on this node translates the addresses of Services into those of pods. Connections to Services time out there,
    the look-up of names included, while the same pods work on other nodes.

    ## Why it happens
    kube-proxy crashes (its configuration, a module that the kernel lacks, the API server out of its reach), or its pod
    was evicted or never made.

    ## Evidence
    The state of kube-proxy's pod on the node, or that the node has none while others do, and the log lines of clients
    on that node whose connections to Services time out.

    ## What to do
    Read the log of kube-proxy on that node, and let its DaemonSet run there again.

    ## Known limits
    Rules that kube-proxy wrote before it ended stay in the kernel, so that old Services may go on working. Where a
    network plugin replaces kube-proxy, there is none to look for.
    """
    by_node: dict[str, list[Pod]] = defaultdict(list)
    for pod in ctx.snap.pods_in(NAMESPACE):
        if any(pod.labels.get(label) == "kube-proxy" for label in LABELS) and pod.spec.node_name:
            by_node[pod.spec.node_name].append(pod)
    works = {name for name, pods in by_node.items() if any(_may_work(pod) for pod in pods)}
    if not by_node:
        return
    clients = _clients(ctx, by_node, works)
    for name in sorted((by_node.keys() | clients.keys()) - works):
        node = ctx.snap.node(name)
        if node is not None and is_ready(node) is not False:
            yield from _down(ctx, node, by_node.get(name, []), clients.get(name, []), alone=bool(works))


def _may_work(pod: Pod) -> bool:
    """Whether it is ready, or nothing says that it is not."""
    if pod.status.phase in ("Failed", "Succeeded"):
        return False
    ready = condition(pod, "Ready")
    return ready is None or ready.status in (None, "True")


def _clients(ctx: Context, by_node: Mapping[str, list[Pod]], works: set[str]) -> dict[str, list[Client]]:
    """Clients that reach no Service, by their node; of nodes without any kube-proxy, where others have one."""
    found: dict[str, list[Client]] = defaultdict(list)
    for group in ctx.groups(*CLIENTS):
        nodes = {member.spec.node_name or "" for member in group.members if isinstance(member, Pod)}
        client = client_or_lookup(ctx, group) if len(nodes) == 1 else None
        node = client.pod.spec.node_name if client is not None else None
        if client is None or not node or not (node in by_node or works) or not _asks_service(ctx, client):
            continue
        found[node].append(client)
    return found


def _asks_service(ctx: Context, client: Client) -> bool:
    """Whether a pod behind the Service is ready that the client gets no answer from."""
    if got_no_answer(client):
        return asks_cluster_dns(client.pod) and any(_has_ready(ctx, one) for one in dns_services(ctx))
    if client.to.how != "timeout":
        return False
    _, service = service_asked(ctx, client)
    if service is None or spec_of(service).get("clusterIP") == "None":
        return False
    # The API server's own Service selects no pods.
    return (service.namespace, service.name) == ("default", "kubernetes") or _has_ready(ctx, service)


def _has_ready(ctx: Context, service: Object) -> bool:
    wanted = selector_of(service).items()
    pods = [pod for pod in ctx.snap.pods_in(service.namespace) if wanted and wanted <= pod.labels.items()]
    return any((ready := condition(pod, "Ready")) is not None and ready.status == "True" for pod in pods)


def _down(ctx: Context, node: Object, pods: list[Pod], clients: Iterable[Client], *, alone: bool) -> Iterator[Finding]:
    proof: list[Evidence] = [
        ctx.cite(pod, condition_path(pod, "Ready", "status"))
        for pod in pods[:2]
        if (one := condition(pod, "Ready")) and one.status
    ]
    proof += [ctx.cite(pod, "status.phase") for pod in pods[:2] if pod.status.phase in ("Failed", "Succeeded")]
    state = f"its kube-proxy {pods[0].name} is not ready" if pods else "it has no pod of kube-proxy"
    because: list[Because] = []
    mine = {pod.ref for pod in pods}
    for group in ctx.groups(*OWN):
        count = sum(member.ref in mine for member in group.members)
        if count:
            members = None if count == len(group.members) else count
            because.append(Because(group, f"on node {node.name} {state}", tuple(proof), members=members))
    for client in clients:
        on = ctx.cite(client.pod, "spec.nodeName")
        why = f"container {client.container} gets no answer from {client.address}: on its node {node.name} {state}"
        because.append(Because(client.group, why, (client.said, on, *proof)))
        proof += [client.said, on]
    if not because:
        return
    # Where no node has one that works, the fault is the DaemonSet's.
    subject = node if alone else ctx.workload(pods[0])
    where = "" if subject is node else f" on node {node.name}"
    yield Finding(
        subject=subject.ref,
        summary=f"{state}{where}, so Services cannot be reached from it",
        evidence=as_proof(proof),
        accounts_for=tuple(because),
        confidence=None if pods else Confidence.POSSIBLE,
        since=min(
            (one.last_transition_time for pod in pods if (one := condition(pod, "Ready")) and one.last_transition_time),
            default=None,
        ),
        remedies=(
            Remedy(
                text="see the pods of kube-proxy with their nodes",
                command=f"kubectl get pods -n {NAMESPACE} -l k8s-app=kube-proxy -o wide",
            ),
            Remedy(text="let kube-proxy run on the node again: its log and events say what stops it", who="platform"),
        ),
    )
