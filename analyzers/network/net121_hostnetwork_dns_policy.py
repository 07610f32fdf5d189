"""NET121: a pod on its node's network asks the node's DNS for names that only the cluster's knows."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.clients import Client, client_of, service_asked, waiting_client
from diag.catalog.joins.cluster_dns import got_no_answer
from diag.catalog.rule import rule
from diag.facts.wait_commands import WAITS
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.trouble.relations.webhooks import selector_of

CLIENTS = ("container-crashing", "init-container-failing", "pod-failed", "container-not-ready", "pod-start-slow")


@rule(
    "NET121",
    name="hostnetwork-dns-policy",
    question=Question.KEPT,
    inputs=("Pod", "Service", "Namespace"),
    refines=(
        "dependency-host-unresolved",
        "dependency-unreachable",
        "rendezvous-dns-unresolved",
        "service-dns-name-wrong",
    ),
)
def hostnetwork_dns_policy(ctx: Context) -> Iterator[Finding]:
    """A hostNetwork pod keeps dnsPolicy ClusterFirst, so cluster names do not resolve.

    ## What it means
    With `hostNetwork: true` the kubelet gives the pod the resolver of its node, whatever ClusterFirst says. That
    resolver does not know the names of Services.

    ## Why it happens
    ClusterFirst is the default, and for pods with hostNetwork it falls back to Default. The policy that is meant is
    `ClusterFirstWithHostNet`.

    ## Evidence
    `spec.hostNetwork` and `spec.dnsPolicy` of the pod, the client's log line with the name (or the command line that
    waits for it), and the Service of that name.

    ## What to do
    Set `dnsPolicy: ClusterFirstWithHostNet` in the pod's template.

    ## Known limits
    Silent where no Service of that name is in the files. A node whose resolver asks the cluster's DNS is an exception
    that no object tells.
    """
    for group in ctx.groups(*CLIENTS):
        client = client_of(ctx, group) or waiting_client(ctx, group)
        if client is None or not _asks_its_node(client):
            continue
        _, service = service_asked(ctx, client)
        if service is not None and (not client.only_waits or _answers(ctx, service)):
            yield _finding(ctx, client, service)


def _asks_its_node(client: Client) -> bool:
    """Whether it looks up a name, and its pod has the resolver of its node against the policy's letter."""
    policy = value_at(client.pod.whole, "spec.dnsPolicy")
    fallen_back = client.pod.spec.host_network and policy not in ("ClusterFirstWithHostNet", "None")
    return bool(fallen_back) and client.to.how in ("unresolved", WAITS) and _is_name(client)


def _is_name(client: Client) -> bool:
    return not client.to.host.replace(".", "").isdigit()


def _answers(ctx: Context, service: Object) -> bool:
    """Whether the Service has a pod that a client could wait for no longer."""
    wanted = selector_of(service).items()
    return any(
        condition.type == "Ready" and condition.status == "True"
        for pod in ctx.snap.pods_in(service.namespace)
        if wanted and wanted <= pod.labels.items()
        for condition in pod.status.conditions or ()
    )


def _finding(ctx: Context, client: Client, service: Object) -> Finding:
    policy = value_at(client.pod.whole, "spec.dnsPolicy")
    setting = [] if isinstance(policy, list | dict) else [ctx.cite_or_lack(client.pod, "spec.dnsPolicy")]
    host: Evidence = ctx.cite(client.pod, "spec.hostNetwork")
    named = policy if isinstance(policy, str) else "ClusterFirst, the default"
    verb = "waits for" if client.only_waits else "cannot resolve"
    summary = (
        f"runs on its node's network with dnsPolicy {named}, so it asks the node's DNS, which does not know "
        f"Service {service.name}: container {client.container} {verb} {client.to.host}"
    )
    sure = None if not client.only_waits and not got_no_answer(client) else Confidence.LIKELY
    return Finding(
        subject=client.group.workload,
        summary=summary,
        evidence=as_proof([*setting, host, client.said, ctx.cite(service, "metadata.name")]),
        accounts_for=(Because(client.group, summary, (*setting, host, client.said)),),
        confidence=sure,
        since=client.group.since,
        remedies=(
            Remedy(
                text="see what its resolver is",
                command=f"kubectl exec {client.pod.name} -n {client.pod.namespace} -c {client.container} "
                "-- cat /etc/resolv.conf",
            ),
            Remedy(text="set dnsPolicy: ClusterFirstWithHostNet in the pod's template"),
        ),
    )
