"""SRV345 and SRV346: an InferencePool that no gateway serves, or that selects no pod."""

from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.backends import backend
from diag.catalog.rule import Named, rule
from diag.facts.entries import entries, text
from diag.findings import AbsentEvidence, Basis, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import JsonDict, Object
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Pod

# kubernetes-sigs/gateway-api-inference-extension api/v1, apix/v1alpha2 (extensionRef, selector as a plain map)
POOLS = ("inference.networking.k8s.io/InferencePool", "inference.networking.x-k8s.io/InferencePool")
ROUTE = "gateway.networking.k8s.io/HTTPRoute"
WORKLOADS = ("apps/Deployment", "apps/StatefulSet", "leaderworkerset.x-k8s.io/LeaderWorkerSet")
PICKERS = ("spec.endpointPickerRef", "spec.extensionRef")
GRACE_S = 5 * 60
MAX_PODS = 2000  # of a namespace, which are looked at once

SELECTS_PAGE = """The InferencePool's selector matches no pod.

## What it means
The endpoint picker finds nobody to send a request to, and the gateway answers with 5xx, though model servers may run.

## Why it happens
The labels of the pods are others than those that the pool selects: a typing error, a rename, or a chart of another
release.

## Evidence
`spec.selector` of the InferencePool and the labels of the pods of its namespace.

## What to do
Let the selector have labels that the model server's pods carry.

## Known limits
Silent where no pod of the namespace was collected, and where a workload would make pods that match, as that is then
scaled to zero or starting.
"""


class Said(NamedTuple):
    """A condition of a pool under one of its parents."""

    path: str
    type: str
    reason: str
    message: str
    parent: str


@rule(
    "SRV345",
    name="inference-pool-not-accepted",
    question=Question.READY,
    basis=Basis.SAID,
    severity=Severity.WARNING,
    inputs=(*POOLS, ROUTE, *WORKLOADS, "Pod", "Service", "apps/DaemonSet", "discovery.k8s.io/EndpointSlice"),
    others=(
        Named(
            id="SRV346", name="inference-pool-selects-no-pod", page=SELECTS_PAGE, severity=Severity.WARNING,
        ),
    ),
)  # fmt: skip
def inference_pool(ctx: Context) -> Iterator[Finding]:
    """No gateway has accepted the InferencePool, or its endpoint picker is missing.

    ## What it means
    Requests for the model do not reach its pods, which may be ready: the gateway refuses the pool, or cannot ask the
    endpoint picker where to send a request.

    ## Why it happens
    The gateway's controller does not support InferencePools, the route to the pool is not accepted, or the endpoint
    picker's Service has another name or does not exist.

    ## Evidence
    The conditions `Accepted` and `ResolvedRefs` under `status.parents`, the reference to the endpoint picker, and the
    HTTPRoute that leads to the pool.

    ## What to do
    Correct the reference or the route, or use a gateway that supports InferencePools.

    ## Known limits
    A pool that no route leads to is not told of: nobody has to accept it.
    """
    routes = ctx.snap.all(ROUTE)
    for kind in POOLS:
        for item in ctx.snap.all(kind):
            if item.metadata.deletion_timestamp or not ctx.older(item.created, GRACE_S):
                continue
            yield from _accepted(ctx, item, routes)
            yield from _selects(ctx, item)


def _accepted(ctx: Context, item: Object, routes: list[Object]) -> Iterator[Finding]:
    bad = list(_conditions(item))
    route = next(((one, path) for one in routes for path in _leads_to(one, item)), None)
    picker, missing = _picker(ctx, item)
    parents = list(_parents(item))
    if not bad and missing is None and (parents or route is None or _resolves(route[0])):
        return
    proof: list[Evidence] = [ctx.cite(item, one.path) for one in bad]
    proof += [ctx.cite(item, picker)] if picker and (missing is not None or not bad) else []
    proof += [missing] if missing is not None else []
    if not parents:
        proof.append(ctx.lack(item, "status.parents[0]"))
    if route is not None:
        proof.append(ctx.cite(*route))
    yield Finding(
        subject=item.ref,
        summary=_words(bad, missing),
        evidence=as_proof(proof),
        confidence=None if bad else Confidence.LIKELY,
        second_sign=bool(bad) and missing is not None,
        since=item.created,
        remedies=(
            Remedy(
                text="see what its gateway says, and whether the endpoint picker's Service is there",
                command=f"kubectl get inferencepool,httproute,service -n {item.namespace} -o wide",
            ),
            Remedy(text="correct the reference to the endpoint picker, or create its Service"),
            Remedy(text="use a gateway whose controller supports InferencePools", who="platform", risk="disruptive"),
        ),
    )


def _words(bad: list[Said], missing: AbsentEvidence | None) -> str:
    gone = f"its endpoint picker's Service {missing.absent.name} does not exist" if missing is not None else ""
    if bad:
        one = bad[0]
        by = f" by {one.parent}" if one.parent else ""
        return f"is not served{by}: {one.type}=False {one.reason}: {one.message or 'no message'}" + (
            f"; {gone}" if gone else ""
        )
    return gone or "no gateway has accepted it (status.parents is empty), though an HTTPRoute leads to it"


def _parents(item: Object) -> Iterator[tuple[str, JsonDict]]:
    """What gateways say of the pool; the entry that the older API's CRD writes itself is none."""
    for field in ("status.parents", "status.parent"):
        for path, one in entries(item, field):
            ref = one.get("parentRef")
            if not (isinstance(ref, dict) and ref.get("kind") == "Status"):
                yield path, one


def _conditions(item: Object) -> Iterator[Said]:
    for base, parent in _parents(item):
        ref = parent.get("parentRef")
        name = text(ref.get("name")) if isinstance(ref, dict) else ""
        for path, one in entries(item, f"{base}.conditions"):
            if one.get("type") in ("Accepted", "ResolvedRefs") and one.get("status") == "False":
                part = "message" if text(one.get("message")) else "status"
                yield Said(f"{path}.{part}", str(one["type"]), text(one.get("reason")), text(one.get("message")), name)


def _leads_to(route: Object, pool: Object) -> Iterator[str]:
    """Where a route names the pool as a backend."""
    for rule_path, _ in entries(route, "spec.rules"):
        for path, one in entries(route, f"{rule_path}.backendRefs"):
            space = text(one.get("namespace")) or route.namespace
            if one.get("kind") == "InferencePool" and (space, one.get("name")) == (pool.namespace, pool.name):
                yield f"{path}.name"


def _resolves(route: Object) -> bool:
    """Whether a gateway has resolved the route's backends, as one does that serves pools and does not tell them."""
    return any(
        one.get("type") == "ResolvedRefs" and one.get("status") == "True"
        for parent, _ in entries(route, "status.parents")
        for _, one in entries(route, f"{parent}.conditions")
    )


def _picker(ctx: Context, item: Object) -> tuple[str, AbsentEvidence | None]:
    """Where the endpoint picker is named, and the proof that its Service is not there."""
    for base in PICKERS:
        name = text(value_at(item.whole, f"{base}.name"))
        if name and text(value_at(item.whole, f"{base}.kind")) in ("", "Service"):
            back = backend(ctx, (item.namespace, name))
            gone = next((piece for piece in back.proof if isinstance(piece, AbsentEvidence)), None)
            return f"{base}.name", gone if back.absent else None
    return "", None


def _selects(ctx: Context, item: Object) -> Iterator[Finding]:
    labels, path = _selector(item)
    if not labels:
        return
    pods = ctx.snap.pods_in(item.namespace)[:MAX_PODS]
    if not pods or any(_matches(pod.labels, labels) for pod in pods) or _would_make(ctx, item, labels):
        return
    near = _nearest(pods, labels)
    proof: list[Evidence] = [ctx.cite(item, f"{path}{key(name)}") for name in labels]
    likely = near is not None
    words = ""
    if near is not None:
        proof += [ctx.cite_or_lack(near, f"metadata.labels{key(name)}") for name in labels]
        other = ", ".join(f"{name}={near.labels[name]}" for name in labels if name in near.labels)
        words = f"; Pod {near.name} has {other or 'none of these'}"
    wanted = ", ".join(f"{name}={value}" for name, value in labels.items())
    yield Finding(
        name="inference-pool-selects-no-pod",
        subject=item.ref,
        summary=f"selects {wanted}, and no pod of namespace {item.namespace} has these labels{words}",
        evidence=as_proof(proof),
        severity=None if likely else Severity.INFO,
        confidence=Confidence.LIKELY,
        since=item.created,
        remedies=(
            Remedy(
                text="compare the pool's selector with the labels of the model server's pods",
                command=f"kubectl get pods -n {item.namespace} --show-labels",
            ),
            Remedy(text="correct spec.selector of the pool, or the labels of the pod template"),
        ),
    )


def _selector(item: Object) -> tuple[dict[str, str], str]:
    """The labels that the pool selects, and where they stand."""
    for path in ("spec.selector.matchLabels", "spec.selector"):
        found = value_at(item.whole, path)
        if isinstance(found, dict):
            pairs = {name: value for name, value in found.items() if isinstance(value, str)}
            if pairs:
                return pairs, path
    return {}, ""


def _matches(labels: object, wanted: dict[str, str]) -> bool:
    return isinstance(labels, dict) and all(labels.get(name) == value for name, value in wanted.items())


def _would_make(ctx: Context, item: Object, wanted: dict[str, str]) -> bool:
    """Whether a workload of the namespace makes pods that match, though there are none now."""
    paths = (
        "spec.template.metadata.labels",
        "spec.leaderWorkerTemplate.workerTemplate.metadata.labels",
        "spec.leaderWorkerTemplate.leaderTemplate.metadata.labels",
    )
    return any(
        _matches(value_at(one.whole, path), wanted)
        for kind in WORKLOADS
        for one in ctx.snap.all(kind)
        if one.namespace == item.namespace
        for path in paths
    )


def _nearest(pods: list[Pod], wanted: dict[str, str]) -> Pod | None:
    """The running pod that most likely was meant: it has some of the labels, or the same keys with other values."""
    scores = [
        (sum((name in pod.labels) + (pod.labels.get(name) == value) for name, value in wanted.items()), pod)
        for pod in pods
        if pod.status.phase == "Running"
    ]
    best = max(scores, key=lambda one: (one[0], one[1].name), default=None)
    return best[1] if best is not None and best[0] else None
