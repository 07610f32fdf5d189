"""SCH141: the default scheduler does not run, so no new pod is looked at."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.pods import condition, condition_path
from diag.facts.words import count_of
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy, Severity
from diag.snapshot.kinds import Controller, Lease, Pod
from diag.trouble.groups import Group
from diag.trouble.shapes import DEFAULT_SCHEDULER

SYSTEM, NAME = "kube-system", "kube-scheduler"
STALE_S = 60.0  # its lease is renewed every two seconds and lost after 15 (kube-scheduler's leader election defaults)


@rule(
    "SCH141",
    name="kube-scheduler-down",
    question=Question.PLACED,
    states=("not looked at",),
    inputs=("Pod", "Node", "coordination.k8s.io/Lease", "apps/Deployment"),
)
def kube_scheduler_down(ctx: Context) -> Iterator[Finding]:
    """The default scheduler does not run, so every new pod stays without a condition.

    ## What it means
    Pods that name no other scheduler stay Pending without a condition and without an event, whatever is free.
    What runs goes on running.

    ## Why it happens
    The static pods of kube-scheduler fail (a bad flag, certificate or file), or its node is down.

    ## Evidence
    The Ready condition of every kube-scheduler pod, the replicas of its Deployment where it has one, and the
    `renewTime` of its Lease in kube-system.

    ## What to do
    On the control plane node, look at the log of the container and at /etc/kubernetes/manifests/kube-scheduler.yaml.

    ## Known limits
    Managed control planes show neither pod nor Lease; then nothing is said.
    """
    silent = [
        group
        for group in ctx.groups("pod-unscheduled")
        if group.state == "not looked at"
        and group.severity is not Severity.INFO
        and group.shape is not None
        and group.shape.scheduler == DEFAULT_SCHEDULER
    ]
    if not silent:
        return
    pods = [pod for pod in ctx.snap.pods_in(SYSTEM) if pod.name.startswith(f"{NAME}-")]
    ready = [condition(pod, "Ready") for pod in pods]
    lease = ctx.snap.get("coordination.k8s.io/Lease", SYSTEM, NAME)
    stale = isinstance(lease, Lease) and ctx.older(lease.spec.renew_time, STALE_S)
    deployment = _stopped(ctx)
    if any(found is None or found.status == "True" for found in ready) or not (pods or stale or deployment):
        return
    if isinstance(lease, Lease) and not stale:
        return  # somebody renews it
    old = lease if isinstance(lease, Lease) else None
    root = _node(ctx, pods, lease)
    if deployment is not None:
        yield _finding(ctx, silent, deployment.ref, pods, old, deployment)
    elif root is not None:
        yield _finding(ctx, silent, root, pods, old)


def _stopped(ctx: Context) -> Controller | None:
    """The Deployment that the scheduler runs in on some control planes, where it has no ready pod."""
    item = ctx.snap.get("apps/Deployment", SYSTEM, NAME)
    if not isinstance(item, Controller) or item.status.ready_replicas:
        return None
    return item if item.spec.replicas == 0 or item.status.observed_generation else None


def _node(ctx: Context, pods: list[Pod], lease: object) -> Ref | None:
    """The node of the first pod, else that of the Lease's last holder (HOST_UUID)."""
    names = sorted(pod.spec.node_name or "" for pod in pods)
    holder = (lease.spec.holder_identity or "").rpartition("_")[0] if isinstance(lease, Lease) else ""
    for name in (*names, holder):
        node = ctx.snap.node(name)
        if node is not None:
            return node.ref
    return Ref(ctx.cluster, "v1", "Node", "", names[0], seen=False) if names and names[0] else None


def _finding(
    ctx: Context,
    silent: list[Group],
    root: Ref,
    pods: list[Pod],
    lease: Lease | None,
    deployment: Controller | None = None,
) -> Finding:
    proof: list[Evidence] = [ctx.cite(pod, condition_path(pod, "Ready", "status")) for pod in pods]
    if lease is not None:
        proof.append(ctx.cite(lease, "spec.renewTime"))
    if deployment is not None:
        proof += [ctx.cite_or_lack(deployment, path) for path in ("spec.replicas", "status.readyReplicas")]
    first, *rest = proof
    waiting = sum(group.size for group in silent)
    state = "has no ready kube-scheduler" if pods else "no longer renews the Lease of kube-scheduler"
    state = "has no ready pod" if deployment else state
    return Finding(
        subject=root,
        summary=f"{state}: nobody has looked at {count_of(waiting, 'pod')}",
        evidence=(first, *rest),
        accounts_for=tuple(
            Because(group, "the default scheduler does not run, and no other is named", (first, *rest))
            for group in silent
        ),
        confidence=None if pods and lease is not None else Confidence.LIKELY,
        needs=(*(pod.ref for pod in pods), *([deployment.ref] if deployment else [])),
        remedies=(
            Remedy(
                text="look at the log of kube-scheduler and at its manifest on the control plane node",
                who="platform",
                command="kubectl -n kube-system logs -l component=kube-scheduler --tail=50",
            ),
        ),
    )
