"""SRV303: every new node builds its GPU driver before its GPUs can be used."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.pods import condition, condition_path, statuses
from diag.facts.times import seconds, show_age
from diag.findings import Because, Evidence, Finding, Question, Ref, Remedy, as_proof
from diag.projection import Object, dicts
from diag.snapshot.kinds import Pod
from diag.trouble.relations.timelines import Start

LEAST_S = 120.0
SHARE = 0.3  # of the machine's whole way
DRIVER = re.compile(r"driver-(?:ctr|daemonset)|/driver[:@]|driver-container")
NOT_DRIVER = re.compile(r"dra-driver|csi|driver-manager|vgpu-manager")


@rule(
    "SRV303",
    name="gpu-driver-built-per-node",
    question=Question.SCALED,
    inputs=("Pod", "Event", "karpenter.sh/NodeClaim"),
)
def gpu_driver_built_per_node(ctx: Context) -> Iterator[Finding]:
    """Every new node builds its GPU driver before its GPUs can be used.

    ## What it means
    The machine came quickly, and its node was Ready. The pod waited on, since the node offered no GPU until a driver
    container had compiled and loaded the driver. Each new node pays that again.

    ## Why it happens
    The node image has no driver, and the driver container finds no precompiled modules for the kernel.

    ## Evidence
    Conditions of the NodeClaim: Registered long before Initialized. The driver pod on the node: from its container's
    start to its Ready.

    ## What to do
    Use a node image with the driver, or precompiled driver images; keep one warm node of that type.

    ## Known limits
    Seen for Karpenter's NodeClaims. A long download of the driver's image is counted as part of its start only from
    the start of its container.
    """
    for start in ctx.starts():
        claim = ctx.claim(start.pod)
        provision = start.timeline.phase("provision")
        driver = _driver(ctx, start.pod)
        if claim is None or provision is None or driver is None or start.timeline.bottleneck != "provision":
            continue
        pod, began, built, path = driver
        if built - began >= max(LEAST_S, SHARE * provision.min_s):
            yield _finding(ctx, start, claim, pod, path, built - began)


def _driver(ctx: Context, pod: Pod) -> tuple[Pod, float, float, str] | None:
    """The driver pod on the node: when its container started, when it was ready, and where the start stands."""
    for other in ctx.snap.pods_on(pod.spec.node_name or "") if pod.spec.node_name else ():
        names = " ".join(f"{one.name} {one.image or ''}" for one in other.spec.containers or ())
        if not DRIVER.search(names) or NOT_DRIVER.search(names):
            continue
        ready = condition(other, "Ready")
        done = seconds(ready.last_transition_time) if ready is not None and ready.status == "True" else None
        for path, status in statuses(other):
            running = status.state.running if status.state and not path.startswith("status.init") else None
            began = seconds(running.started_at) if running is not None else None
            if began is not None and done is not None and done > began:
                return other, began, done, f"{path}.state.running.startedAt"
    return None


def _finding(ctx: Context, start: Start, claim: Object, driver: Pod, path: str, spent: float) -> Finding:
    status = claim.whole.get("status")
    conditions = status.get("conditions") if isinstance(status, dict) else None
    evidence: list[Evidence] = []
    for index, one in enumerate(conditions if isinstance(conditions, list) else ()):
        kind, when = (one.get("type"), one.get("lastTransitionTime")) if dicts([one]) else (None, None)
        if kind in ("Initialized", "Registered") and isinstance(when, str):
            evidence.append(ctx.cite(claim, f"status.conditions[{index}].lastTransitionTime"))
            evidence.append(ctx.cite(claim, f"status.conditions[{index}].type"))
    built = [ctx.cite(driver, path), ctx.cite(driver, condition_path(driver, "Ready", "lastTransitionTime"))]
    took = ctx.compute(f"seconds that the driver pod of {claim.name} took", round(spent), built)
    node = start.pod.spec.node_name or ""
    wall = start.timeline.seconds("provision")
    evidence.append(ctx.cite(start.pod, "spec.nodeName"))
    return Finding(
        subject=_pool(ctx, claim),
        summary=f"the machine of NodeClaim {claim.name} ({node}) took {show_age(wall)} until its GPU could be used "
        f"(Initialized), {show_age(spent)} of that for its driver, which is built on every new node",
        evidence=as_proof((took, *evidence, *start.group.evidence)),
        accounts_for=(
            Because(
                start.group, f"its pod waited {show_age(wall)} for the GPU of the new node {node}", (took, *evidence)
            ),
        ),
        members=(start.pod.ref, claim.ref),
        since=start.group.since,
        remedies=(
            Remedy(
                text="use a node image that has the driver, or precompiled driver images for its kernel", who="platform"
            ),
            Remedy(text="keep one warm node of this type for the next start", who="platform"),
        ),
    )


def _pool(ctx: Context, claim: Object) -> Ref:
    owner = ctx.snap.owner_of(claim)
    return owner.ref if owner is not None and owner.kind == "NodePool" else claim.ref
