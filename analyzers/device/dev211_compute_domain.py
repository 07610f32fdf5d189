"""DEV211 and DEV212: pods of a ComputeDomain get no IMEX channel."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.device_requests import claims_of
from diag.facts.devices import CLAIM, TEMPLATE
from diag.findings import Basis, Because, Evidence, FieldEvidence, Finding, Question, Ref, Remedy, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Event
from diag.trouble.groups import Group

DOMAIN = "resource.nvidia.com/ComputeDomain"
FAILED = "FailedPrepareDynamicResources"  # kubernetes/kubernetes pkg/kubelet/kubelet.go
# NVIDIA/k8s-dra-driver-gpu cmd/compute-domain-kubelet-plugin/device_state.go
ELSEWHERE = re.compile(r"the ResourceClaim's namespace is different than the ComputeDomain's namespace")
WAITS = re.compile(r"current node not ready in ComputeDomain|IMEX daemon not ready")
SHOWN = 4  # nodes that are named
NORMAL_S = 120  # the daemon of the node starts only once a pod is there to be served

NOT_READY = """The ComputeDomain's IMEX daemons are not up on all nodes.

## What it means
Each node of the domain runs a daemon pod that joins the others over NVLink. A pod of the workload gets its channel only
once the daemon of its own node is ready; that takes up to a minute, and here it takes longer.

## Why it happens
The daemon pod cannot start: its image, its node's CDI, the host's own nvidia-imex service on the same port, or a fabric
that is not up.

## Evidence
The kubelet's event, and the status of the domain and of its nodes.

## What to do
Read the log of the daemon pod on the node that is not ready.

## Known limits
Why the daemon is not ready is told by its own pod.
"""


@dataclass(slots=True)
class Refused:
    """Groups whose claim is refused for one reason."""

    carrier: Ref  # the template, else the claim, else the workload
    asked: FieldEvidence | None = None  # the domain's id in the claim
    domain: Object | None = None
    signs: list[tuple[Group, Event]] = field(default_factory=list)


@rule(
    "DEV211",
    name="compute-domain-namespace-mismatch",
    question=Question.STARTED,
    inputs=("Pod", "Event", CLAIM, TEMPLATE, DOMAIN),
    basis=Basis.SAID,
    others=(Named(id="DEV212", name="compute-domain-not-ready", page=NOT_READY, basis=Basis.SAID),),
)
def compute_domain(ctx: Context) -> Iterator[Finding]:
    """The claim uses a ComputeDomain of another namespace.

    ## What it means
    A claim on an IMEX channel carries the id of its ComputeDomain. The driver refuses claims of other namespaces, so
    the pods never start; the domain itself stays not ready, as no node joins it.

    ## Why it happens
    The ResourceClaimTemplate that the domain's controller generated was copied into another namespace.

    ## Evidence
    The kubelet's event, the domain's id in the claim, and the ComputeDomain that has it.

    ## What to do
    Create a ComputeDomain in the namespace of the pods, and name the template that it generates.

    ## Known limits
    Events live for an hour. Where the claims were not collected, the workload is blamed.
    """
    for found in _refused(ctx, ELSEWHERE):
        yield _elsewhere(ctx, found)
    waiting: dict[Ref, tuple[Object, list[Refused]]] = {}
    for found in _refused(ctx, WAITS):
        domain = found.domain or _only_domain(ctx, found.signs[0][0])
        if domain is not None and ctx.older(found.signs[0][0].first.created, NORMAL_S):
            waiting.setdefault(domain.ref, (domain, []))[1].append(found)
    for _, (domain, parts) in sorted(waiting.items(), key=lambda item: item[0]):
        yield _not_ready(ctx, domain, parts)


def _refused(ctx: Context, words: re.Pattern[str]) -> list[Refused]:
    """The groups of which the kubelet says so, together where one object carries all their requests."""
    found: dict[Ref, Refused] = {}
    for group in ctx.groups("container-not-started"):
        said = next((event for event in ctx.warnings(group.first, FAILED) if words.search(event.text)), None)
        if said is not None:
            one = _asker(ctx, group)
            found.setdefault(one.carrier, one).signs.append((group, said))
    return list(found.values())


def _asker(ctx: Context, group: Group) -> Refused:
    """Who asks for a channel for the group's first pod: template, claim or workload, as far as is known."""
    namespace = group.first.namespace
    for name, template, _ in claims_of(group.first):
        claim = ctx.snap.get(CLAIM, namespace, name)
        asked = _domain_id(ctx, claim) if claim is not None else None
        if claim is not None and asked is not None:
            made_from = ctx.snap.get(TEMPLATE, namespace, template)
            domain = next((one for one in ctx.snap.all(DOMAIN) if one.uid == asked.value), None)
            return Refused(carrier=(made_from or claim).ref, asked=asked, domain=domain)
    return Refused(carrier=group.workload)


def _only_domain(ctx: Context, group: Group) -> Object | None:
    """The domain that makes the template of the group's claims; where none is named, the only one of the namespace."""
    there = [one for one in ctx.snap.all(DOMAIN) if one.namespace == group.first.namespace]
    templates = {template for _, template, _ in claims_of(group.first) if template}
    made = [one for one in there if value_at(one.whole, "spec.channel.resourceClaimTemplate.name") in templates]
    found = made if templates else there
    return found[0] if len(found) == 1 else None


def _domain_id(ctx: Context, claim: Object) -> FieldEvidence | None:
    """The id of the domain whose channel a claim asks for."""
    count = len(dicts(value_at(claim.whole, "spec.devices.config")))
    found = (ctx.cite_if(claim, f"spec.devices.config[{at}].opaque.parameters.domainID") for at in range(count))
    return next(filter(None, found), None)


def _elsewhere(ctx: Context, found: Refused) -> Finding:
    namespace = found.signs[0][0].first.namespace
    whose = f"ComputeDomain {found.domain.namespace}/{found.domain.name}" if found.domain else "another namespace"
    summary = f"asks in {namespace} for a channel of {whose}: {ELSEWHERE.pattern}"
    first, *more = (ctx.cite_event(event) for _, event in found.signs)
    return Finding(
        subject=found.carrier,
        summary=summary,
        evidence=as_proof((first, *_identity(ctx, found), *more)),
        accounts_for=_because(ctx, found, f"{found.carrier.kind} {found.carrier.name} {summary}"),
        second_sign=found.domain is not None,
        since=_since([found]),
        remedies=(
            Remedy(text="see which domains there are", command="kubectl get computedomains.resource.nvidia.com -A"),
            Remedy(
                text=f"create a ComputeDomain in {namespace}, and let the pods name the template that it generates "
                "(its spec.channel.resourceClaimTemplate)",
                risk="disruptive",
            ),
        ),
    )


def _not_ready(ctx: Context, domain: Object, parts: list[Refused]) -> Finding:
    listed = value_at(domain.whole, "status.nodes")
    late = [
        ctx.cite(domain, f"status.nodes[{index}].name")
        for index, one in enumerate(listed if isinstance(listed, list) else ())
        if isinstance(one, dict) and one.get("status") != "Ready" and isinstance(one.get("name"), str)
    ]
    on = f" on {', '.join(str(one.value) for one in late[:SHOWN])}" if late else ""
    summary = f"is not ready{on}, so pods on its nodes get no channel"
    status = ctx.cite_or_lack(domain, "status.status")
    first, *more = (ctx.cite_event(event) for part in parts for _, event in part.signs)
    return Finding(
        name="compute-domain-not-ready",
        subject=domain.ref,
        summary=summary,
        evidence=as_proof((first, status, *late, *_identity(ctx, parts[0]), *more)),
        accounts_for=(
            *(one for part in parts for one in _because(ctx, part, f"ComputeDomain {domain.name} {summary}")),
            *_daemons(ctx, domain, summary, status),
        ),
        since=_since(parts),
        remedies=(
            Remedy(
                text="see which nodes have joined the domain",
                command=f"kubectl get computedomains.resource.nvidia.com {domain.name} -n {domain.namespace} -o yaml",
            ),
            Remedy(
                text="see the domain's daemon pods, and read the log of the one that is not ready",
                command=f"kubectl get pods -A -l resource.nvidia.com/computeDomain={domain.uid} -o wide",
                who="platform",
            ),
        ),
    )


def _daemons(ctx: Context, domain: Object, summary: str, status: Evidence) -> Iterator[Because]:
    """The domain's daemons that run and are not ready: they wait for one another."""
    for group in ctx.groups("container-not-ready"):
        if domain.uid and domain.uid in group.workload.name:
            yield Because(group, f"it is a daemon of ComputeDomain {domain.name}, which {summary}", (status,))


def _because(ctx: Context, found: Refused, why: str) -> tuple[Because, ...]:
    return tuple(Because(group, why, (ctx.cite_event(event),)) for group, event in found.signs)


def _since(parts: list[Refused]) -> str | None:
    return min(filter(None, (group.since for part in parts for group, _ in part.signs)), default=None)


def _identity(ctx: Context, found: Refused) -> list[Evidence]:
    """The domain's id in the claim, and the domain that has it."""
    proof: list[Evidence] = [found.asked] if found.asked else []
    if found.domain is not None:
        proof += [ctx.cite(found.domain, "metadata.uid"), ctx.cite(found.domain, "metadata.namespace")]
    return proof
