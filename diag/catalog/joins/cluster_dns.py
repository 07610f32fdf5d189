"""The cluster's DNS: its Service, and who asks it."""

import re
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.joins.clients import Client, client_of
from diag.catalog.joins.paths import said
from diag.facts.connections import Connection
from diag.findings import FieldEvidence, LogEvidence
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.relations.webhooks import selecting, selector_of

# kubeadm, EKS, GKE, AKS and k3s; RKE2 (its Helm release); OpenShift's DNS operator
# (kubernetes/kubernetes cluster/addons/dns/coredns, rancher/rke2-charts, openshift/cluster-dns-operator).
PLACES = (("kube-system", "kube-dns"), ("kube-system", "rke2-coredns-rke2-coredns"), ("openshift-dns", "dns-default"))
# Who says so was answered, by some DNS: there is no such name (EAI_NONAME, NXDOMAIN).
ANSWERED = re.compile(r"no such host|Name or service not known|ENOTFOUND|NXDOMAIN|Errno -2\b|UnknownHostException")
# Who says so got no answer at all (EAI_AGAIN of glibc and musl, as Python, Node and C programs print it).
UNANSWERED = re.compile(r"Temporary failure in name resolution|EAI_AGAIN|\[Errno -3\]|Try again \(os error 11\)")
# The label that the pods of the cluster's DNS keep in every distribution that runs CoreDNS as an add-on.
ADDON = {"k8s-app": "kube-dns"}
NAMELESS = Connection(host="a name", port=None, how="unresolved")


def dns_services(ctx: Context) -> list[Object]:
    """The Services of the cluster's DNS that are here; mostly one."""
    found = (ctx.snap.get("Service", *place) for place in PLACES)
    return [one for one in found if one is not None]


@dataclass(frozen=True, slots=True)
class Resolver:
    """The cluster's DNS as the files show it: where its pods are and how they are chosen."""

    words: str
    namespace: str
    selector: dict[str, str]
    service: str | None


def resolvers(ctx: Context) -> list[Resolver]:
    """The cluster's DNS by its Services, or by the label of its add-on where no Service was collected."""
    by_service = [
        Resolver(f"Service {one.namespace}/{one.name}", one.namespace or "", selector_of(one), one.name)
        for one in dns_services(ctx)
    ]
    if by_service or ctx.snap.holds("Service", PLACES[0][0]):
        return by_service
    deployments = [one for one in ctx.snap.all("apps/Deployment") if one.namespace == PLACES[0][0]]
    return [
        Resolver(f"Deployment {one.namespace}/{one.name}", one.namespace or "", ADDON, None)
        for one in deployments
        if selecting(ADDON, one.namespace, [one])
    ]


def client_or_lookup(ctx: Context, group: Group) -> Client | None:
    """The last failed connection that a member tells of, or a look-up without an answer of which it tells no name."""
    client = client_of(ctx, group)
    words = said(ctx, group, UNANSWERED) if client is None else None
    if words is None:
        return client
    return Client(group=group, pod=words.pod, container=words.container, said=words.proof, to=NAMELESS)


def got_no_answer(client: Client) -> bool:
    """Whether a client could not look a name up because no DNS answered it."""
    words = client.said.value if isinstance(client.said, LogEvidence | FieldEvidence) else ""
    return client.to.how == "unresolved" and not ANSWERED.search(str(words))


def asks_cluster_dns(pod: Pod) -> bool:
    """Whether the kubelet has set the cluster's DNS for the pod (kubernetes/kubernetes pkg/kubelet/network/dns)."""
    policy = value_at(pod.whole, "spec.dnsPolicy")
    if policy == "ClusterFirstWithHostNet":
        return True
    return policy not in ("Default", "None") and not pod.spec.host_network
