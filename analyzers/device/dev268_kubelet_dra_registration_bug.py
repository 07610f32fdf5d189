"""DEV268 and DEV270: the pod of a DRA driver, the kubelet beside it, and the device plugin beside it."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.devices import SLICE
from diag.facts.nodes import allocatable
from diag.facts.pods import condition, condition_path, is_ready
from diag.findings import Because, Confidence, Finding, Question, Remedy, Severity
from diag.projection import dicts
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Pod
from diag.trouble.relations.operands import is_dra_driver
from diag.vocab.accelerators import NVIDIA_GPU

# kubernetes/kubernetes pkg/kubelet/cm/dra: 1.34 and newer, and before.
UNREGISTERED = re.compile(
    r"DRA driver (?P<new>[\w.-]{1,253}) is not registered"
    r"|plugin name (?P<old>[\w.-]{1,253}) not found in the list of registered DRA plugins"
)
GPU_DRIVER = "gpu.nvidia.com"
SETTLED_S = 5 * 60  # a kubelet registers a plugin within seconds of its start
MAX_MEMBERS = 8

BOTH = """The same GPUs are offered by the device plugin and by DRA at once.

## What it means
The node counts its GPUs in `status.allocatable`, and publishes them as devices of claims as well. The scheduler takes
the two for different things, so one GPU may be given to two pods.

## Why it happens
The DRA driver's check against the device plugin was overridden (`gpuResourcesEnabledOverride`), or the plugin was
installed afterwards.

## Evidence
The node's allocatable GPUs, the ResourceSlice of the same node, and a running pod of the DRA driver there.

## What to do
Keep one of the two on each node.

## Known limits
A slice survives its driver for a while; without a running driver pod on the node this is silent.
"""


@rule(
    "DEV268",
    name="kubelet-dra-registration-bug",
    question=Question.STARTED,
    inputs=("Pod", "Node", "Event", SLICE),
    others=(Named(id="DEV270", name="dra-and-device-plugin-both-active", page=BOTH, severity=Severity.WARNING),),
    visits={SLICE: 1},
)
def kubelet_dra_registration_bug(ctx: Context) -> Iterator[Finding]:
    """The kubelet lost the registration of a DRA driver that runs.

    ## What it means
    The driver's pod is ready on the node, and the kubelet says that no such driver is registered, so no claim is
    prepared there.

    ## Why it happens
    Some kubelet releases forget a driver when its socket comes back, or when the kubelet restarts.

    ## Evidence
    The kubelet's words, the driver's pod that has been ready for minutes, and the kubelet's version.

    ## What to do
    Restart the driver's pod on the node; where it comes back, the kubelet, and update Kubernetes.

    ## Known limits
    Only where the driver's pod has been ready for five minutes.
    """
    yield from _unregistered(ctx)
    yield from _both(ctx)


def _driver_pods(ctx: Context, node: str) -> Iterator[Pod]:
    for pod in ctx.snap.pods_on(node):
        if is_ready(pod) and is_dra_driver(pod):
            yield pod


def _unregistered(ctx: Context) -> Iterator[Finding]:
    for group in ctx.groups("container-not-started"):
        for pod in group.members[:MAX_MEMBERS]:
            events = ctx.warnings(pod, "FailedPrepareDynamicResources")
            said = next((event for event in events if UNREGISTERED.search(event.text)), None)
            node = ctx.snap.node(pod.spec.node_name) if isinstance(pod, Pod) else None
            if said is None or node is None:
                continue
            running = next((one for one in _driver_pods(ctx, node.name) if _settled(ctx, one)), None)
            if running is None:
                continue
            evidence = (
                ctx.cite_event(said),
                ctx.cite(running, condition_path(running, "Ready", "status")),
                ctx.cite_or_lack(node, "status.nodeInfo.kubeletVersion"),
            )
            words = f"does not know the DRA driver, whose pod {running.name} is ready there: {said.text[:200]}"
            yield Finding(
                subject=node.ref,
                summary=words,
                evidence=evidence,
                accounts_for=(Because(group, f"the kubelet of {node.name} {words}", evidence),),
                confidence=Confidence.LIKELY,
                second_sign=True,
                since=group.since,
                remedies=(
                    Remedy(
                        text="look at the driver's pod on the node",
                        command=f"kubectl logs -n {running.namespace} {running.name} --all-containers",
                        who="platform",
                    ),
                    Remedy(
                        text="restart it, so that it registers anew; then the kubelet of the node",
                        command=f"kubectl delete pod -n {running.namespace} {running.name}",
                        who="platform",
                        risk="disruptive",
                    ),
                ),
            )
            break


def _settled(ctx: Context, pod: Pod) -> bool:
    found = condition(pod, "Ready")
    return ctx.older(found.last_transition_time if found else None, SETTLED_S)


def _both(ctx: Context) -> Iterator[Finding]:
    for item in ctx.snap.all(SLICE):
        name = value_at(item.whole, "spec.nodeName")
        if value_at(item.whole, "spec.driver") != GPU_DRIVER or not isinstance(name, str):
            continue
        node = ctx.snap.node(name)
        if node is None or not allocatable(node).get(NVIDIA_GPU, 0) or not dicts(value_at(item.whole, "spec.devices")):
            continue
        running = next(_driver_pods(ctx, node.name), None)
        if running is None:
            continue
        owner = ctx.workload(running)
        evidence = (
            ctx.cite(item, "spec.driver"),
            ctx.cite(node, f"status.allocatable{key(NVIDIA_GPU)}"),
            ctx.cite(running, "spec.nodeName"),
        )
        yield Finding(
            name="dra-and-device-plugin-both-active",
            subject=owner.ref,
            summary=f"publishes the GPUs of {name} to claims, and a device plugin offers them as {NVIDIA_GPU} as well",
            evidence=evidence,
            confidence=Confidence.LIKELY,
            second_sign=True,
            remedies=(
                Remedy(
                    text="see which of the two the node's pods use",
                    command=f"kubectl describe node {name}",
                    who="platform",
                ),
                Remedy(
                    text="keep one of the two on each node: the device plugin, or the DRA driver's GPU devices",
                    who="platform",
                    risk="disruptive",
                ),
            ),
        )
        return
