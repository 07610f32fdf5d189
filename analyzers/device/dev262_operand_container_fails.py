"""DEV262 to DEV265: containers of the GPU stack that fail in a way that their state alone shows."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.pods import statuses
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.operands import operand_of
from diag.vocab.operands import Stage

# NVIDIA/gpu-operator assets/state-driver/0500_daemonset.yaml
MODULES = {"nvidia-fs-ctr": "nvidia-fs (GPUDirect Storage)", "nvidia-gdrcopy-ctr": "gdrdrv (GDRCopy)"}
DRIVER = "nvidia-driver-ctr"
PULLS = ("ErrImagePull", "ImagePullBackOff")
# kubernetes/kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go
KILLED = re.compile(r"Container (?P<container>\S{1,253}) failed startup probe, will be restarted")
FEATURE, PRESENT = "feature.node.kubernetes.io/", "feature.node.kubernetes.io/pci-10de.present"
MEMORY = "spec.containers[0].resources.limits.memory"
RECENT_S = 3600
NFD_MASTER = re.compile(r"nfd-master|node-feature-discovery-master")

MODULE = """The GPUDirect Storage or GDRCopy module cannot be loaded.

## What it means
The driver itself is loaded; the container beside it that builds and loads an extra module fails. The driver's pod does
not become ready, and everything after it waits.

## Why it happens
The module does not build for the kernel, needs the open kernel modules, or is older than the driver.

## Evidence
The container's last end, while the driver's container is ready.

## What to do
Read the container's log; switch the feature off where nothing uses it.

## Known limits
Why the module does not load is in its log; where a rule recognises that, it is the cause.
"""

PROBE = """The driver's startup probe kills it while it compiles.

## What it means
The kubelet ends the driver's container because it did not come up within its startup probe's time, although it was at
work. The next attempt begins from nothing.

## Why it happens
Few CPUs, slow package mirrors or many modules let the build last longer than the probe allows (21 minutes by default).

## Evidence
The event `Container … failed startup probe, will be restarted`, and the container's end by signal.

## What to do
Raise `driver.startupProbe.failureThreshold`, or use a precompiled driver.

## Known limits
A driver that hangs looks alike; where its log names a fault, that is the cause.
"""

PULL = """The image of an operand of the GPU stack cannot be pulled.

## What it means
The operand does not start on its nodes, and those after it wait.

## Why it happens
The ClusterPolicy names an image that is not there, the registry wants credentials, or the node cannot reach it.

## Evidence
The container's waiting state and its image.

## What to do
Look at the pull's event; correct `repository`, `image` and `version` of the operand, or its `imagePullSecrets`.

## Known limits
What remains where the words of the pull are not known: else its own cause is told. The driver's image is another
cause.
"""


@rule(
    "DEV262",
    name="nfd-master-oom-label-flap",
    question=Question.STARTED,
    inputs=("Pod", "Node", "Event", "apps/Deployment"),
    refines=("container-oomkilled", "gpu-device-unhealthy", "device-plugin-not-deployed"),
    others=(
        Named(
            id="DEV263",
            name="nvidia-fs-load-failure",
            page=MODULE,
            basis=Basis.REMAINDER,
            refines=("gpu-driver-install-failed",),
        ),
        Named(
            id="DEV264",
            name="driver-startup-probe-too-short",
            page=PROBE,
            basis=Basis.REMAINDER,
            refines=("probe-kills-slow-start", "gpu-driver-install-failed"),
        ),
        Named(id="DEV265", name="operand-image-pull-failed", page=PULL, basis=Basis.REMAINDER),
    ),
)
def operand_container_fails(ctx: Context) -> Iterator[Finding]:
    """The master of node feature discovery is out of memory, so labels come and go.

    ## What it means
    The master is killed while it works through all nodes. It writes labels from what it has read so far, so nodes lose
    `pci-10de.present` and with it the operands, and get them back.

    ## Why it happens
    The memory limit does not fit the number of nodes and features.

    ## Evidence
    The container's last end `OOMKilled`, and its memory limit.

    ## What to do
    Raise the memory limit of the master.

    ## Known limits
    Labels that were lost in between are not in a snapshot.
    """
    for group in ctx.groups("container-crashing", "container-not-ready"):
        pod = group.first
        if isinstance(pod, Pod):
            yield from _out_of_memory(ctx, group, pod)
            yield from _driver(ctx, group, pod)
    for group in ctx.groups("container-not-started"):
        pod = group.first
        if isinstance(pod, Pod):
            yield from _pull(ctx, group, pod)
    yield from _labels_gone(ctx)


def _out_of_memory(ctx: Context, group: Group, pod: Pod) -> Iterator[Finding]:
    if not NFD_MASTER.search(pod.name):
        return
    for path, status in statuses(pod):
        ended = status.last_state.terminated if status.last_state else None
        if ended is None or ended.reason != "OOMKilled":
            continue
        limit = ctx.cite_or_lack(pod, MEMORY)
        reason = ctx.cite(pod, f"{path}.lastState.terminated.reason")
        words = "is killed for want of memory (OOMKilled), and node labels come and go with it"
        yield _finding(
            "nfd-master-oom-label-flap",
            group,
            words,
            [reason, limit],
            Remedy(text="raise its memory limit, which grows with the number of nodes", who="platform"),
            pod,
        )


def _labels_gone(ctx: Context) -> Iterator[Finding]:
    """A master that runs again, killed for its memory a while ago, and nodes that have lost all its labels since."""
    bare = [
        group
        for group in ctx.groups("node-without-gpus")
        if isinstance(group.first, Node) and not any(label.startswith(FEATURE) for label in group.first.labels)
    ]
    nodes = ctx.snap.nodes() if bare else []
    if not any(label.startswith(FEATURE) for node in nodes for label in node.labels):
        return  # NFD labels no node at all
    for master in ctx.snap.all("apps/Deployment"):
        pods = ctx.snap.pods_of(master) if NFD_MASTER.search(master.name) else []
        found = next((one for one in ((pod, path) for pod in pods for path in _killed(ctx, pod))), None)
        if found is None:
            continue
        reason = ctx.cite(found[0], f"{found[1]}.reason")
        names = ", ".join(group.first.name for group in bare[:3])
        words = f"was killed for want of memory (OOMKilled), and {names} has none of its labels"
        lacks = [ctx.lack(group.first, f"metadata.labels{key(PRESENT)}") for group in bare[:3]]
        yield Finding(
            subject=master.ref,
            summary=words,
            evidence=as_proof([reason, ctx.cite_or_lack(found[0], MEMORY), *lacks]),
            accounts_for=tuple(Because(group, f"{master.name} {words}", (reason, *lacks)) for group in bare),
            confidence=Confidence.LIKELY,
            remedies=(
                Remedy(
                    text="see its pods, restarts and limits",
                    command=f"kubectl describe deployment -n {master.namespace} {master.name}",
                    who="platform",
                ),
                Remedy(text="raise its memory limit, which grows with the number of nodes", who="platform"),
            ),
        )
        return


def _killed(ctx: Context, pod: Pod) -> Iterator[str]:
    """Where a container of a pod that is in no trouble now says that it was killed for its memory within the hour."""
    for path, status in statuses(pod):
        ended = status.last_state.terminated if status.last_state else None
        if ended is not None and ended.reason == "OOMKilled" and not ctx.older(ended.finished_at, RECENT_S):
            yield f"{path}.lastState.terminated"


def _driver(ctx: Context, group: Group, pod: Pod) -> Iterator[Finding]:
    operand = operand_of(pod)
    if operand is None or operand.stage is not Stage.DRIVER:
        return
    if group.container in MODULES and _is_ready(pod, DRIVER):
        words = f"loads the driver, and its container {group.container} does not load {MODULES[group.container]}"
        yield _finding(
            "nvidia-fs-load-failure",
            group,
            f"{words}: {group.message}",
            [*group.evidence],
            Remedy(
                text="switch the feature off (gds.enabled, gdrcopy.enabled of the ClusterPolicy) where nothing uses it",
                who="platform",
                risk="disruptive",
            ),
            pod,
        )
    for event in ctx.warnings(pod, "Killing"):
        said = KILLED.search(event.text)
        if said and said["container"] == group.container:
            yield _finding(
                "driver-startup-probe-too-short",
                group,
                f"is killed by its startup probe before the driver is built: {event.text}",
                [ctx.cite_event(event), *group.evidence],
                Remedy(
                    text="raise driver.startupProbe.failureThreshold of the ClusterPolicy, or use a precompiled driver",
                    who="platform",
                ),
                pod,
            )
            return


def _pull(ctx: Context, group: Group, pod: Pod) -> Iterator[Finding]:
    operand = operand_of(pod)
    if operand is None or operand.stage is Stage.DRIVER:
        return
    for path, status in statuses(pod):
        waiting = status.state.waiting if status.state else None
        if waiting is None or waiting.reason not in PULLS:
            continue
        image = [ctx.cite(pod, f"{path}.image")] if status.image else []
        words = f"cannot pull the image of its {operand.title}{': ' if status.image else ''}{status.image or ''}"
        yield _finding(
            "operand-image-pull-failed",
            group,
            words,
            [ctx.cite(pod, f"{path}.state.waiting.reason"), *image],
            Remedy(
                text="correct repository, image, version or imagePullSecrets of the operand in the ClusterPolicy",
                who="platform",
            ),
            pod,
        )
        return


def _is_ready(pod: Pod, container: str) -> bool:
    return any(status.name == container and status.ready for _, status in statuses(pod))


def _finding(name: str, group: Group, words: str, pieces: list[Evidence], remedy: Remedy, pod: Object) -> Finding:
    proof = as_proof(pieces)
    look = Remedy(
        text="see its events and its containers' states",
        command=f"kubectl describe pod -n {pod.namespace} {pod.name}",
        who="platform",
    )
    return Finding(
        name=name,
        subject=group.workload,
        summary=words,
        evidence=proof,
        accounts_for=(Because(group, words, proof),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(look, remedy),
    )
