"""NET241 to NET244: two statements about the mesh of which only one can hold."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from diag.catalog.context import Context
from diag.catalog.joins.mesh import INJECTION, REVISION, ROOT_NAMESPACE, proxy_of
from diag.catalog.joins.mesh_routes import MESH, VIRTUAL, gateways_of, texts_of
from diag.catalog.rule import Named, rule
from diag.facts.selection import matches_labels
from diag.findings import Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import MISSING, key, value_at
from diag.snapshot.kinds import Pod

SIDECAR = "networking.istio.io/Sidecar"
PROXY = re.compile(r"\bproxyv2:(?P<version>\d+\.\d+)")
PLANE = re.compile(r"\bpilot:(?P<version>\d+\.\d+)")

SIDECARS = """Several Sidecar objects apply to the same workload.

## What it means
A pod's proxy takes one Sidecar: one that selects its labels, else that of its namespace. Of several it is undefined
which.

## Why it happens
A second one was added beside the first: for the namespace, or with labels that overlap.

## Evidence
The Sidecars, and the pod that both select.

## What to do
Merge them into one.

## Known limits
Sidecars of the root namespace stand behind those of a namespace, and are no conflict.
"""
LABELS = """The namespace carries both injection labels, and only one of them counts.

## What it means
`istio-injection` wins, and `istio.io/rev` is ignored: pods get the sidecars of the default revision, or none.

## Why it happens
The namespace was moved to a revision, and the older label was not removed.

## Evidence
Both labels of the namespace.

## What to do
Remove the label that is not meant, and restart the pods.

## Known limits
Whether the default revision is the one that the label names is not looked at; it costs nothing then.
"""
VERSIONS = """The pod's proxy is of another version than its control plane.

## What it means
A pod keeps the proxy that it was made with. After an upgrade of istiod it runs the older one until it is restarted.

## Why it happens
The control plane was upgraded and this workload was not restarted since.

## Evidence
The image of the pod's proxy, and that of istiod.

## What to do
Restart the workload, before istiod is two minor versions ahead.

## Known limits
Only minor versions are compared, only of pods in trouble, and only where all of istiod is of one version.
"""


@rule(
    "NET241",
    name="mesh-hosts-conflict",
    question=Question.KEPT,
    severity=Severity.WARNING,
    inputs=("Pod", "Namespace", VIRTUAL, SIDECAR),
    visits={"Pod": 1},
    others=(
        Named(id="NET242", name="mesh-sidecars-conflict", page=SIDECARS, severity=Severity.WARNING),
        Named(id="NET243", name="mesh-injection-labels-conflict", page=LABELS, severity=Severity.INFO),
        Named(id="NET244", name="mesh-proxy-version-mixed", page=VERSIONS, severity=Severity.INFO),
    ),
)
def mesh_conflicts(ctx: Context) -> Iterator[Finding]:
    """Several VirtualServices of the mesh gateway claim the same host.

    ## What it means
    For sidecars Istio takes one VirtualService of a host, and ignores the others: their routes, retries and time-outs
    do nothing.

    ## Why it happens
    Two teams, or a chart and a person, each made one for the same Service.

    ## Evidence
    The host in both.

    ## What to do
    Merge them into one, or let one of them delegate to the other.

    ## Known limits
    VirtualServices of a named gateway are merged and not meant; nor are those that are not exported to each other.
    """
    yield from _hosts(ctx)
    yield from _sidecars(ctx)
    for space in ctx.snap.all("Namespace"):
        labels = space.labels
        if labels.get(INJECTION) == "enabled" and labels.get(REVISION):
            yield _injection(ctx, space)
    yield from _versions(ctx)


def _hosts(ctx: Context) -> Iterator[Finding]:
    claims: dict[str, list[tuple[Object, int]]] = defaultdict(list)
    for item in ctx.snap.all(VIRTUAL):
        exported = texts_of(item, "exportTo")
        if MESH not in gateways_of(item) or exported not in ([], ["*"]) or item.metadata.deletion_timestamp:
            continue
        for index, host in enumerate(texts_of(item, "hosts")):
            full = host if "." in host or host == "*" else f"{host}.{item.namespace}.svc.cluster.local"
            if host:
                claims[full].append((item, index))
    for host, found in sorted(claims.items()):
        by_ref = {item.ref: (item, index) for item, index in found}
        if len(by_ref) > 1:
            first, *others = sorted(by_ref.values(), key=lambda one: (one[0].created or "", one[0].name))
            proof = [ctx.cite(item, f"spec.hosts[{index}]") for item, index in (first, *others)]
            yield Finding(
                subject=others[0][0].ref,
                summary=f"it is for host {host} in the mesh, as is the older VirtualService "
                f"{first[0].namespace}/{first[0].name}: sidecars take one of them",
                evidence=as_proof(proof),
                members=tuple(item.ref for item, _ in others[1:]),
                since=others[0][0].created,
                remedies=(
                    Remedy(
                        text="see all VirtualServices with their hosts",
                        command="kubectl get virtualservices.networking.istio.io -A",
                    ),
                    Remedy(text="merge them into one, or let one delegate to the other", risk="disruptive"),
                ),
            )


def _sidecars(ctx: Context) -> Iterator[Finding]:
    by_space: dict[str, list[Object]] = defaultdict(list)
    for item in ctx.snap.all(SIDECAR):
        by_space[item.namespace].append(item)
    for space, found in sorted(by_space.items()):
        wide = [one for one in found if value_at(one.whole, "spec.workloadSelector") in (MISSING, None)]
        if len(wide) > 1:
            proof: list[Evidence] = [ctx.lack(one, "spec.workloadSelector") for one in wide]
            yield _two_sidecars(wide, f"the whole namespace {space}", proof)
        narrow = [one for one in found if _selector(one)]
        for pod in ctx.snap.pods_in(space) if len(narrow) > 1 else ():
            both = [one for one in narrow if matches_labels(pod.labels, {"matchLabels": _selector(one)})]
            if len(both) > 1:
                proof = [
                    ctx.cite(one, f"spec.workloadSelector.labels{key(label)}")
                    for one in both
                    for label in _selector(one)
                ]
                yield _two_sidecars(both, f"pod {pod.name}", [*proof[:6], ctx.cite(pod, "metadata.name")])
                break


def _selector(item: Object) -> dict[str, str]:
    labels = value_at(item.whole, "spec.workloadSelector.labels")
    pairs = labels.items() if isinstance(labels, dict) else ()
    return {label: value for label, value in pairs if isinstance(value, str)}


def _two_sidecars(found: list[Object], what: str, proof: list[Evidence]) -> Finding:
    first, second, *others = sorted(found, key=lambda one: (one.created or "", one.name))
    return Finding(
        name="mesh-sidecars-conflict",
        subject=second.ref,
        summary=f"it applies to {what}, as does Sidecar {first.name}: which of them a proxy takes is undefined",
        evidence=as_proof(proof),
        members=tuple(one.ref for one in others),
        since=second.created,
        remedies=(
            Remedy(
                text="see all Sidecars of the namespace",
                command=f"kubectl get sidecars.networking.istio.io -n {second.namespace} -o yaml",
            ),
            Remedy(text="merge them into one", risk="disruptive"),
        ),
    )


def _injection(ctx: Context, space: Object) -> Finding:
    mine, ignored = (ctx.cite(space, f"metadata.labels{key(label)}") for label in (INJECTION, REVISION))
    return Finding(
        name="mesh-injection-labels-conflict",
        subject=space.ref,
        summary=f"it carries {INJECTION}=enabled and {REVISION}={space.labels[REVISION]}: the second is ignored",
        evidence=(mine, ignored),
        remedies=(
            Remedy(text="see the labels of the namespace", command=f"kubectl get namespace {space.name} --show-labels"),
            Remedy(
                text="remove the label that is not meant, then restart the pods",
                command=f"kubectl label namespace {space.name} {INJECTION}-",
                who="platform",
                risk="disruptive",
            ),
        ),
    )


def _versions(ctx: Context) -> Iterator[Finding]:
    """Of pods in trouble that have a proxy."""
    groups = [group for group in ctx.groups() if isinstance(group.first, Pod) and proxy_of(group.first)]
    planes = dict(_images(ctx, (pod for pod in ctx.snap.pods_in(ROOT_NAMESPACE) if groups), PLANE))
    if len(planes) != 1:
        return
    [(current, plane)] = planes.items()
    for group in groups:
        for version, image in _images(ctx, (one for one in group.members[:1] if isinstance(one, Pod)), PROXY):
            if version != current:
                yield Finding(
                    name="mesh-proxy-version-mixed",
                    subject=group.workload,
                    summary=f"its proxy is of Istio {version}, and istiod is of {current}",
                    evidence=(image, plane),
                    since=group.first.created,
                    remedies=(Remedy(text="restart it, so that it gets today's proxy", risk="disruptive"),),
                )


def _images(ctx: Context, pods: Iterable[Pod], pattern: re.Pattern[str]) -> Iterator[tuple[str, Evidence]]:
    """The minor versions of running containers whose image matches, each with the image."""
    for pod in pods:
        for index, one in enumerate(pod.spec.containers or ()):
            found = pattern.search(one.image or "")
            if found is not None and pod.status.phase == "Running":
                yield found["version"], ctx.cite(pod, f"spec.containers[{index}].image")
