"""DEV242 to DEV244: a machine with GPUs that never offered them, and nothing fails on it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.joins.unseen_gpus import waiting_for_unseen
from diag.catalog.rule import Named, rule
from diag.facts.gpus import gpus_of, is_gpu
from diag.facts.machine_types import gpu_machine_label
from diag.facts.nodes import allocatable, capacity
from diag.facts.pods import statuses
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import dicts
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.operands import Failing, on_node, operand_of
from diag.vocab.operands import DEPLOY, Operand, Stage

GKE_ACCELERATOR = "cloud.google.com/gke-accelerator"
# GKE documentation, "Run GPUs in Standard node pools": default, latest, or disabled.
GKE_DRIVER = "cloud.google.com/gke-gpu-driver-version"
DRIVER_LABEL = f"{DEPLOY}driver"
CLAIM = "karpenter.sh/NodeClaim"
OS_IMAGE = "status.nodeInfo.osImage"
CLOUDS = ("aws", "azure")  # schemes of spec.providerID whose images come with and without the stack
# bottlerocket-os/bottlerocket variants: `Bottlerocket OS 1.20.3 (aws-k8s-1.30-nvidia)`.
PLAIN_BOTTLEROCKET = re.compile(r"^Bottlerocket OS [^(]{0,40}\((?!.*nvidia)[\w.-]+\)$")
# NVIDIA/k8s-device-plugin internal/plugin/manager, GKE container-engine-accelerators cmd/nvidia_gpu.
BLIND = re.compile(
    r"could not load NVML library|libnvidia-ml\.so\.1: cannot open"
    r"|unable to find NVIDIA driver|ERROR_LIBRARY_NOT_FOUND"
)
SHOWN = 3
REPLACE = Remedy(
    text="replace the node by one with the image that has NVIDIA's stack, or install the GPU operator with its driver",
    who="platform",
    risk="disruptive",
)

NOT_INSTALLED = """The node pool was made without GKE's driver installation.

## What it means
GKE installs the NVIDIA driver only where the node pool asks for it. The nodes have the GPU, its label and its taint;
GKE's device plugin finds no driver, and they offer no GPU.

## Why it happens
The pool was made with `gpu-driver-version=disabled`, or by a tool that does not set it, and nobody installed the driver
by Google's DaemonSet or the GPU operator.

## Evidence
The label `cloud.google.com/gke-gpu-driver-version` of the node, the device plugin's pod on it, and that no pod that
installs a driver is there.

## What to do
Make the pool with a driver version, or install the driver with Google's installer DaemonSet or the GPU operator.

## Known limits
Needs the pods of the node.
"""

NEVER = """A GPU node is Ready, and never offered its GPUs.

## What it means
The node's labels say that it has GPUs, its device plugin runs, and `status.capacity` has never listed the resource.
Nothing repairs or replaces such a node by itself: pods go on waiting, and an autoscaler counts the node as coming.

## Why it happens
The log of the device plugin says it; it was not read, or says what no other rule recognises.

## Evidence
The node's label, its capacity without the resource, the plugin's pod, and what Karpenter says of the machine.

## What to do
Read the plugin's log. Replace the node if others of its pool are well.

## Known limits
This is what remains after all rules that find more. A node has twenty minutes to register.
"""


@dataclass(slots=True, kw_only=True)
class Silent:
    """A node that never registered its GPUs, with the pods of device plugins on it."""

    group: Group
    node: Node
    plugins: list[Pod]
    failing: list[Failing]
    driver: bool  # whether a pod there installs a driver, or should


@rule(
    "DEV242",
    name="node-image-without-gpu-stack",
    question=Question.STARTED,  # where what plugins print is answered, too
    inputs=("Node", "Pod", "apps/DaemonSet", CLAIM),
    refines=("device-plugin-init-error-ignored", "device-plugin-crashing"),
    others=(
        Named(
            id="DEV243",
            name="driver-auto-install-disabled",
            page=NOT_INSTALLED,
            refines=("device-plugin-init-error-ignored", "device-plugin-crashing"),
        ),
        Named(id="DEV244", name="gpu-resource-never-registered", page=NEVER, basis=Basis.REMAINDER),
    ),
    visits={"Node": 1, "apps/DaemonSet": 1},
)
def machine_without_driver(ctx: Context) -> Iterator[Finding]:
    """A GPU machine runs a node image without driver and container toolkit.

    ## What it means
    The machine has GPUs and its image none of NVIDIA's software. The device plugin runs there and finds no driver
    library, so the node offers no GPU.

    ## Why it happens
    EKS and AKS have images with and without the GPU stack; the plain one was chosen, or is the default of the pool.

    ## Evidence
    `status.nodeInfo.osImage`, the plugin's words, and that no pod installs a driver there.

    ## What to do
    Choose the image with NVIDIA's stack (AL2023 NVIDIA, Bottlerocket nvidia), or install the GPU operator with its
    driver.

    ## Known limits
    Only Bottlerocket tells its variant. For other images the plugin's words are needed, and that no node with the same
    image offers GPUs; the finding is likely at most.
    """
    for group in ctx.groups("node-without-gpus"):
        found = _silent(ctx, group)
        if found is not None:
            finding = _not_installed(ctx, found) or _plain_image(ctx, found) or _never(ctx, found)
            if finding is not None:
                yield finding
    yield from _unlabelled(ctx)


def _unlabelled(ctx: Context) -> Iterator[Finding]:
    """Machines with GPUs that no label tells of, on a plain image whose name says so: there the plugin fails."""
    told = {group.first.name for group in ctx.groups("node-without-gpus")}
    failing: dict[str, list[tuple[Group, Pod]]] = {}
    for group in ctx.groups("container-crashing", "container-not-ready"):
        for pod in group.members:
            operand = operand_of(pod) if isinstance(pod, Pod) else None
            if isinstance(pod, Pod) and operand is not None and operand.stage is Stage.PLUGIN:
                failing.setdefault(pod.spec.node_name or "", []).append((group, pod))
    for name, ones in sorted(failing.items()):
        node = ctx.snap.node(name)
        label = gpu_machine_label(node) if node is not None and name not in told else None
        image = value_at(node.whole, OS_IMAGE) if node is not None else None
        if node is None or label is None or not isinstance(image, str) or not PLAIN_BOTTLEROCKET.match(image):
            continue
        if any(map(is_gpu, capacity(node))) or any(one.stage is Stage.DRIVER for one, _ in _there(ctx, node)):
            continue
        yield _plain_machine(ctx, node, label, image, ones)


def _plain_machine(ctx: Context, node: Node, label: str, image: str, ones: list[tuple[Group, Pod]]) -> Finding:
    words = f"runs an image without NVIDIA's driver ({image}), and no pod installs one there"
    evidence = as_proof([ctx.cite(node, OS_IMAGE), ctx.cite(node, f"metadata.labels{key(label)}")])
    groups = {group.key: group for group, _ in ones}.values()
    because = [
        Because(one, f"{node.name} {words}", evidence, members=sum(group is one for group, _ in ones)) for one in groups
    ]
    return Finding(
        subject=node.ref,
        summary=words,
        evidence=evidence,
        accounts_for=(*because, *waiting_for_unseen(ctx, [node], f"{node.name} {words}", evidence)),
        confidence=Confidence.LIKELY,
        remedies=(REPLACE,),
    )


def _there(ctx: Context, node: Node) -> list[tuple[Operand, Pod]]:
    return list(on_node(ctx.snap.pods_on(node.name)))


def _silent(ctx: Context, group: Group) -> Silent | None:
    node = group.first
    if not isinstance(node, Node) or group.severity is Severity.INFO or any(map(is_gpu, capacity(node))):
        return None
    failing = [one for one in ctx.failing_operands(node.name) if one.operand.serves]
    if any(one.operand.stage is not Stage.PLUGIN for one in failing):
        return None
    there = _there(ctx, node)
    driver = any(operand.stage is Stage.DRIVER for operand, _ in there) or node.labels.get(DRIVER_LABEL) == "true"
    plugins = [pod for operand, pod in there if operand.stage is Stage.PLUGIN]
    return Silent(group=group, node=node, plugins=plugins, failing=failing, driver=driver)


def _not_installed(ctx: Context, found: Silent) -> Finding | None:
    """GKE, whose pool asks for no driver."""
    node = found.node
    version = node.labels.get(GKE_DRIVER)
    if GKE_ACCELERATOR not in node.labels or version not in (None, "disabled") or found.driver or not found.plugins:
        return None
    says = "says disabled" if version else "is missing"
    words = f"has no NVIDIA driver: its label {GKE_DRIVER} {says}, and no pod installs one there"
    evidence = [ctx.cite_or_lack(node, f"metadata.labels{key(GKE_DRIVER)}"), *found.group.evidence]
    evidence += [ctx.cite(pod, "spec.nodeName") for pod in found.plugins[:1]]
    evidence += _said(ctx, found)
    return _finding(
        found,
        "driver-auto-install-disabled",
        words,
        evidence,
        Remedy(
            text="make the node pool with gpu-driver-version=default, or install the driver with Google's installer "
            "DaemonSet or the GPU operator",
            who="platform",
            risk="disruptive",
        ),
    )


def _plain_image(ctx: Context, found: Silent) -> Finding | None:
    """EKS or AKS, whose image has no driver."""
    node = found.node
    image = value_at(node.whole, OS_IMAGE)
    cloud = (node.spec.provider_id or "").partition(":")[0]
    if cloud not in CLOUDS or not isinstance(image, str) or found.driver:
        return None
    said = _said(ctx, found)
    plain = PLAIN_BOTTLEROCKET.match(image)
    if not plain and (not said or _is_installed(ctx) or _others_offer(ctx, image)):
        return None
    words = f"runs an image without NVIDIA's driver ({image}), and no pod installs one there"
    return _finding(
        found,
        "node-image-without-gpu-stack",
        words,
        [ctx.cite(node, OS_IMAGE), *said, *found.group.evidence],
        REPLACE,
    )


def _never(ctx: Context, found: Silent) -> Finding | None:
    """What remains: the plugin runs and is ready, or Karpenter waits for the resource."""
    claims = list(_claim(ctx, found.node))
    if found.failing or not (found.plugins or claims):
        return None
    evidence: list[Evidence] = [*found.group.evidence, *claims]
    evidence += [ctx.cite(pod, "spec.nodeName") for pod in found.plugins[:1]]
    words = f"is Ready and has never listed its GPUs in status.capacity ({found.group.message})"
    return _finding(
        found,
        "gpu-resource-never-registered",
        words,
        evidence,
        Remedy(
            text="replace the node, if other nodes of its pool offer their GPUs",
            command=f"kubectl drain {found.node.name} --ignore-daemonsets",
            who="platform",
            risk="disruptive",
        ),
    )


def _finding(found: Silent, name: str, words: str, pieces: list[Evidence], remedy: Remedy) -> Finding:
    evidence = as_proof(dict.fromkeys(pieces))
    because = [Because(found.group, words, evidence)]
    for one in found.failing:
        share = None if one.group.size == 1 else 1
        because.append(Because(one.group, f"{found.node.name} {words}", evidence, members=share))
    looks = [
        Remedy(
            text=f"see what the device plugin says on {found.node.name}",
            command=f"kubectl logs -n {pod.namespace} {pod.name}",
            who="platform",
        )
        for pod in found.plugins[:1]
    ]
    return Finding(
        name=name,
        subject=found.node.ref,
        summary=words,
        evidence=evidence,
        accounts_for=tuple(because),
        confidence=Confidence.LIKELY,
        remedies=(*looks, remedy),
    )


def _said(ctx: Context, found: Silent) -> list[Evidence]:
    """The first line of a plugin there by which it finds no driver."""
    for pod in found.plugins:
        for _, status in statuses(pod):
            for previous, number, text in ctx.logs(pod, status.name or ""):
                if BLIND.search(text[:2_000]):
                    return [ctx.cite_log(pod, status.name or "", number, previous=previous)]
    return []


def _is_installed(ctx: Context) -> bool:
    """Whether the cluster has a DaemonSet that installs drivers, or nobody looked for one."""
    sets = ctx.snap.all("apps/DaemonSet")
    stages = [operand.stage for item in sets if (operand := operand_of(item)) is not None]
    return not sets or Stage.DRIVER in stages


def _others_offer(ctx: Context, image: str) -> bool:
    """Whether a node with that very image offers GPUs: then the image is not what is missing."""
    return any(value_at(node.whole, OS_IMAGE) == image and gpus_of(allocatable(node)) for node in ctx.snap.nodes())


def _claim(ctx: Context, node: Node) -> Iterator[Evidence]:
    """What Karpenter says of the machine behind the node."""
    for claim in ctx.snap.all(CLAIM):
        if value_at(claim.whole, "status.nodeName") != node.name:
            continue
        for index, one in enumerate(dicts(value_at(claim.whole, "status.conditions"))):
            if one.get("reason") == "ResourceNotRegistered":
                yield ctx.cite(claim, f"status.conditions[{index}].reason")
