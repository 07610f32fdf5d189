"""UPG111: a driver cannot be unloaded because a workload on the node still uses the GPU."""

from collections.abc import Iterator
from typing import Any

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.gpus import gpus_of, pod_requests
from diag.facts.pods import statuses
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.relations.operands import operand_of
from diag.vocab.drains import IN_USE
from diag.vocab.operands import Stage

MAX_MEMBERS = 8
VISIBLE = "NVIDIA_VISIBLE_DEVICES"


@rule(
    "UPG111",
    name="driver-in-use-cannot-unload",
    question=Question.OFFERS,
    inputs=("Pod", "Node"),
    refines=("device-plugin-not-deployed",),
)
def driver_in_use_cannot_unload(ctx: Context) -> Iterator[Finding]:
    """A driver cannot be unloaded because a workload on the node still uses the GPU.

    ## What it means
    The new driver pod tries to unload the old kernel module, which is in use, and gives up. Until the holder is gone
    the node has no working driver pod and offers no GPU.

    ## Why it happens
    The upgrade evicts pods that ask for GPUs. A pod that reaches the GPUs without asking (an agent with the nvidia
    runtime class and NVIDIA_VISIBLE_DEVICES, a host path to /dev) is not seen and stays.

    ## Evidence
    The line of the driver pod's log, and the pods on that node that can reach the GPUs.

    ## What to do
    Remove the holder from the node, let the operator drain the node, or give an agent the operator's node selector
    for GPU clients, so that it is paused with the others.

    ## Known limits
    A process on the host itself (a monitoring service, a display server) is not visible from the cluster: where no pod
    is seen to hold the GPUs, the node is named instead.
    """
    for group in ctx.groups("init-container-failing", "container-crashing", "container-not-ready"):
        for pod in group.members[:MAX_MEMBERS]:
            operand = operand_of(pod) if isinstance(pod, Pod) else None
            if isinstance(pod, Pod) and operand is not None and operand.stage is Stage.DRIVER:
                line = _line(ctx, pod)
                if line is not None:
                    yield from _holders(ctx, group, pod, line)


def _line(ctx: Context, pod: Pod) -> Evidence | None:
    for _, status in statuses(pod):
        for previous, number, text in ctx.logs(pod, status.name or ""):
            if IN_USE.search(text[:4096]):
                return ctx.cite_log(pod, status.name or "", number, previous=previous)
    return None


def _holders(ctx: Context, group: Group, driver: Pod, line: Evidence) -> Iterator[Finding]:
    """Pods on the node that reach its GPUs: the one that the upgrade overlooks first."""
    found = []
    for pod in ctx.snap.pods_on(driver.spec.node_name or ""):
        if pod.status.phase != "Running" or operand_of(pod) is not None:
            continue
        asks = bool(gpus_of(pod_requests(pod)))
        path = _reach(pod)
        if path or asks:
            found.append((asks, pod, path))
    found.sort(key=lambda one: (one[0], one[1].namespace, one[1].name))
    if not found:
        yield from _unseen(ctx, group, driver, line)
        return
    asks, pod, path = found[0]
    node = driver.spec.node_name or ""
    workload = ctx.workload(pod)
    how = "asks for its GPUs" if asks else "reaches its GPUs without asking for any, so the upgrade does not evict it"
    evidence = (line, ctx.cite(pod, "spec.nodeName"), *((ctx.cite(pod, path),) if path else ()))
    offers = [one for one in ctx.groups("node-without-gpus") if one.first.name == node]
    yield Finding(
        subject=workload.ref,
        summary=f"the driver on {node} is in use and cannot be unloaded: {pod.namespace}/{pod.name} runs there and "
        f"{how}",
        evidence=(*evidence, *group.evidence),
        accounts_for=(
            Because(group, f"the module is in use, and {pod.namespace}/{pod.name} holds the GPUs of {node}", evidence),
            *(Because(one, f"its driver cannot be exchanged while {pod.name} holds it", evidence) for one in offers),
        ),
        confidence=Confidence.LIKELY,
        members=tuple(other.ref for _, other, _ in found),
        since=group.since,
        remedies=tuple(_remedies(workload, pod)),
    )


def _unseen(ctx: Context, group: Group, driver: Pod, line: Evidence) -> Iterator[Finding]:
    """Nothing in the cluster is seen to hold the GPUs: a process of the host does, or what held them is gone."""
    node = ctx.snap.node(driver.spec.node_name or "")
    if node is None:
        return
    evidence = (line, ctx.cite(driver, "spec.nodeName"))
    words = "the module is in use, by nothing that the cluster shows"
    yield Finding(
        subject=node.ref,
        summary=f"the driver on {node.name} is in use and cannot be unloaded; no pod there is seen to use its GPUs, so "
        "look for a process of the host",
        evidence=(*evidence, *group.evidence),
        accounts_for=(
            Because(group, words, evidence),
            *(Because(one, words, evidence) for one in ctx.groups("node-without-gpus") if one.first.name == node.name),
        ),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text="on the node, see who holds /dev/nvidia* (fuser -v /dev/nvidia*) and stop it, or restart the node",
                who="platform",
                risk="disruptive",
            ),
        ),
    )


def _remedies(workload: Object, pod: Pod) -> list[Remedy]:
    """What takes the pod off the GPU: a DaemonSet's comes back when it is deleted, and no drain evicts it."""
    if workload.kind == "DaemonSet":
        return [
            Remedy(
                text=f"keep DaemonSet {workload.name} off nodes in an upgrade: let its node selector ask for a label "
                "that the operator's driver manager pauses (nvidia.com/gpu.deploy.client)",
                command=f"kubectl edit daemonset {workload.name} -n {workload.namespace}",
                risk="disruptive",
            )
        ]
    return [
        Remedy(
            text=f"remove {workload.kind} {workload.name} from the node until the driver is exchanged",
            command=f"kubectl delete pod {pod.name} -n {pod.namespace}",
            risk="disruptive",
        ),
        Remedy(text="let the operator drain the node (upgradePolicy.drain.enable)", who="platform", risk="disruptive"),
    ]


def _reach(pod: Pod) -> str:
    """What lets a pod reach GPUs that it does not ask for: the path of that, empty where nothing does."""
    if pod.spec.runtime_class_name and "nvidia" in pod.spec.runtime_class_name:
        return "spec.runtimeClassName"
    spec: Any = pod.whole.get("spec")
    containers = spec.get("containers") if isinstance(spec, dict) else None
    for index, entry in enumerate(containers if isinstance(containers, list) else ()):
        variables = entry.get("env") if isinstance(entry, dict) else None
        for place, one in enumerate(variables if isinstance(variables, list) else ()):
            if (
                isinstance(one, dict)
                and one.get("name") == VISIBLE
                and one.get("value") not in (None, "", "void", "none")
            ):
                return f"spec.containers[{index}].env[{place}].value"
    volumes = spec.get("volumes") if isinstance(spec, dict) else None
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        path = volume.get("hostPath") if isinstance(volume, dict) else None
        where = path.get("path") if isinstance(path, dict) else None
        if isinstance(where, str) and (where.rstrip("/") == "/dev" or where.startswith("/dev/nvidia")):
            return f"spec.volumes[{index}].hostPath.path"
    return ""
