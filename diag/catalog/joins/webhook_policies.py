"""NetworkPolicies that keep the API server from a webhook."""

import re
from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.backends import called
from diag.catalog.joins.mesh import pods_behind
from diag.catalog.joins.service_ports import ports_behind
from diag.facts.network_policy import KIND, Peer, closing
from diag.facts.pods import condition_path, is_ready
from diag.findings import Because, Confidence, Evidence, Finding, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.relations.refusals import refusals

# The API server gives up (net/http, k8s.io/apiserver pkg/admission/plugin/webhook); what is refused was reached.
TIMED_OUT = re.compile(
    r'failed calling (?:admission )?webhook "(?P<name>[^"]{1,253})": [^\n]{0,800}'
    r"(?:context deadline exceeded|i/o timeout|Client\.Timeout exceeded|net/http: request canceled)"
)
PORT = re.compile(r"\.svc(?::(?P<port>\d{1,5}))?[/?]")
HTTPS = 443


def blocked_webhooks(ctx: Context) -> Iterator[Finding]:
    """Webhooks whose pods are ready and which the API server does not reach, with the policy that lets in only pods.

    Likely at most: some network plugins let the node's own traffic in whatever policies say. Nothing where a rule
    admits any block of addresses, as that of the control plane is not known.
    """
    if not ctx.snap.all(KIND):
        return
    found: dict[tuple[str, str], list[tuple[Group, str, Evidence]]] = defaultdict(list)
    for group in ctx.groups("pod-not-created"):
        for one in refusals(group):
            place = called(one.text) if TIMED_OUT.search(one.text) else None
            if place is not None:
                found[place].append((group, one.text, one.evidence))
                break
    for place, calls in sorted(found.items()):
        service = ctx.snap.get("Service", *place)
        if service is not None:
            yield from _blocked(ctx, service, calls)


def _blocked(ctx: Context, service: Object, calls: list[tuple[Group, str, Evidence]]) -> Iterator[Finding]:
    asked = PORT.search(calls[0][1])
    port = int(asked["port"]) if asked and asked["port"] else HTTPS
    pods = [pod for pod in pods_behind(ctx, service) if is_ready(pod)]
    own = [one for one in ctx.snap.all(KIND) if one.namespace == service.namespace]
    closed = [_closing(own, service, port, pod) for pod in pods]
    policy = closed[0] if closed else None
    if policy is None or None in closed or any(pod.spec.host_network for pod in pods):
        return
    name = f"Service {service.namespace}/{service.name}"
    why = f"does not let the API server in to the webhook behind {name}, whose pods are ready, so its calls time out"
    ready = ctx.cite(pods[0], condition_path(pods[0], "Ready", "status"))
    kinds = ctx.cite_or_lack(policy, "spec.policyTypes[0]")
    yield Finding(
        subject=policy.ref,
        summary=why,
        evidence=as_proof([kinds, *(said for _, _, said in calls), ready]),
        accounts_for=tuple(
            Because(group, f"NetworkPolicy {policy.name} {why}", (said, kinds, ready)) for group, _, said in calls
        ),
        confidence=Confidence.LIKELY,
        since=min((group.since for group, _, _ in calls if group.since), default=None),
        remedies=(
            Remedy(
                text=f"see which policies select pods of {service.namespace}, and what each lets in",
                command=f"kubectl get networkpolicies -n {service.namespace} -o yaml",
            ),
            Remedy(
                text=f"add a NetworkPolicy in {service.namespace} that admits the control plane to its port",
                who="platform",
            ),
        ),
    )


def _closing(policies: list[Object], service: Object, port: int, pod: Pod) -> Object | None:
    """The policy that lets no address in to a pod that is no pod's."""
    return closing(policies, pod.labels, "Ingress", *ports_behind(service, port, pod), peer=Peer(outside=True))
