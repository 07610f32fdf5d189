"""IMG211: Spegel's peers do not find each other, so each node pulls from the registry itself."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.facts import network_policy
from diag.facts.timeline.model import Pull
from diag.facts.words import count_of
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.relations.timelines import Start

SPEGEL = re.compile(r"(?:^|/)spegel(?:[:@]|$)")
# spegel-org/spegel main.go and pkg/routing/p2p.go
FAILED = re.compile(
    r"(?P<said>failed to run bootstrap|could not run bootstrap|periodic bootstrap failed"
    r"|bootstrap completed but connectivity has not been reached|routing table is empty after bootstrapping)"
)
ROUTER = re.compile(r"--router-addr=\S{0,60}:(?P<port>\d{1,5})$")
ROUTER_PORT = 5001
DNS = (53, 5353)  # of the cluster's DNS Service, and on which its pods listen in OpenShift
SLOW_S = 180.0  # of a pull: shorter ones are no trouble


@rule(
    "IMG211",
    name="spegel-bootstrap-failed",
    question=Question.STARTED,
    inputs=("Pod", "Event", network_policy.KIND),
    refines=("slow-image-pull", "probe-kills-slow-start"),
)
def spegel_bootstrap_failed(ctx: Context) -> Iterator[Finding]:
    """Spegel's peers cannot find each other, so the mirror never becomes ready.

    ## What it means
    Spegel lets nodes pull image layers from each other. It is ready once it has reached a peer; until then its startup
    probe ends the container every three minutes. Other pods still start, and each node pulls every layer from the
    registry itself: only time shows it.

    ## Why it happens
    A NetworkPolicy keeps the pods from DNS or from each other's router port, or the name that they start from has no
    address.

    ## Evidence
    Spegel's line, the NetworkPolicy under which no rule lets that traffic through, and the pulls that took long on
    those nodes.

    ## What to do
    Allow DNS, and TCP 5000 and 5001 between Spegel's pods.

    ## Known limits
    Of NetworkPolicies only directions and ports are compared, not the peers; policies of a network plugin are not read.
    Where none is in the way, Spegel's own workload is named. That a peer would have had the image is not shown.
    """
    for group in ctx.groups("container-not-ready", "container-crashing"):
        said = first_text(ctx, group, FAILED, On.LOG)
        pod = said[0].member if said is not None else None
        if said is not None and isinstance(pod, Pod) and _is_spegel(pod):
            yield _finding(ctx, group, pod, said[0].cite(), said[1]["said"])


def _is_spegel(pod: Pod) -> bool:
    return any(SPEGEL.search(container.image or "") for container in pod.spec.containers or ())


def _closed(ctx: Context, pod: Pod) -> list[tuple[str, Object]]:
    """What Spegel needs and a NetworkPolicy keeps from it, in words, each with the policy."""
    mine = [one for one in ctx.snap.all(network_policy.KIND) if one.namespace == pod.namespace]
    router = _router_port(pod)
    found = (
        ("DNS", network_policy.closing(mine, pod.labels, "Egress", *DNS, protocol="UDP")),
        (f"egress to port {router}", network_policy.closing(mine, pod.labels, "Egress", router)),
        (f"ingress to port {router}", network_policy.closing(mine, pod.labels, "Ingress", router)),
    )
    return [(what, policy) for what, policy in found if policy is not None]


def _router_port(pod: Pod) -> int:
    for index in range(len(pod.spec.containers or ())):
        words = value_at(pod.whole, f"spec.containers[{index}].args")
        for word in words if isinstance(words, list) else ():
            found = ROUTER.search(word) if isinstance(word, str) else None
            if found is not None:
                return int(found["port"])
    return ROUTER_PORT


def _slowed(ctx: Context, nodes: set[str]) -> Iterator[tuple[Start, Evidence]]:
    """Starts on those nodes of which a long pull is the longest part that is known, with the event of that pull."""
    for start in ctx.starts():
        longest = max(start.timeline.phases, key=lambda phase: phase.min_s, default=None)
        if longest is None or longest.name != "pull" or longest.min_s < SLOW_S:
            continue
        if start.pod.spec.node_name in nodes:
            events = [pull.event or pull.pulling for pull in sorted(start.timeline.pulls, key=_length, reverse=True)]
            yield from ((start, ctx.cite_event(event)) for event in events[:1] if event is not None)


def _length(pull: Pull) -> float:
    return pull.pulled.pull_s if pull.pulled is not None else float("inf")


def _finding(ctx: Context, group: Group, pod: Pod, line: Evidence, said: str) -> Finding:
    closed = _closed(ctx, pod)
    slowed = list(_slowed(ctx, {one.spec.node_name or "" for one in group.members if isinstance(one, Pod)}))
    spegel, subject = group.workload.name, group.workload
    what = f"reaches no peer ({said})"
    proof: list[Evidence] = [line]
    if closed:
        subject = closed[0][1].ref
        what = f"keeps {spegel} from {', '.join(name for name, policy in closed)}, so it {what}"
        proof += [ctx.cite_or_lack(one, "spec.policyTypes[0]") for one in {id(one): one for _, one in closed}.values()]
    after = f"; {count_of(len(slowed), 'start')} on its nodes went into pulls" if slowed else ""
    why = f"{subject.kind} {subject.name} {what}"
    return Finding(
        subject=subject,
        summary=f"{what}{after}",
        evidence=as_proof((*proof, *(event for _, event in slowed))),
        accounts_for=(
            Because(group, why, tuple(proof)),
            *(Because(one.group, f"no peer could give its image: {why}", (event, line)) for one, event in slowed),
        ),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=_remedies(pod, spegel, closed=bool(closed)),
    )


def _remedies(pod: Pod, spegel: str, *, closed: bool) -> tuple[Remedy, Remedy]:
    if closed:
        look = Remedy(
            text=f"see which policies select the pods of {spegel}",
            command=f"kubectl get networkpolicies -n {pod.namespace} -o yaml",
        )
        repair = f"add a NetworkPolicy in {pod.namespace} that lets {spegel} reach DNS, the registries and its own pods"
    else:
        look = Remedy(
            text="see what the bootstrap tries to reach", command=f"kubectl logs {pod.name} -n {pod.namespace}"
        )
        repair = "let the name of --dns-bootstrap-domain have the addresses of Spegel's pods, and nothing block it"
    return look, Remedy(text=f"{repair} (TCP 5000 and {_router_port(pod)})", who="platform")
