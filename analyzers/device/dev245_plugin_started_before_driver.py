"""DEV245: the device plugin looked for GPUs before the driver was there, and does not look again."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.pods import condition, condition_path, statuses
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.kinds import Pod
from diag.trouble.relations.operands import on_node
from diag.vocab.operands import Stage

# NVIDIA/k8s-device-plugin cmd/nvidia-device-plugin/main.go; ROCm/k8s-device-plugin cmd/k8s-device-plugin/main.go.
NOTHING = re.compile(r"No devices found\. Waiting indefinitely|Found 0 AMDGPUs|no AMDGPUs? found", re.IGNORECASE)


@rule(
    "DEV245",
    name="plugin-started-before-driver",
    question=Question.OFFERS,
    inputs=("Node", "Pod"),
    refines=("device-plugin-init-error-ignored", "gpu-resource-never-registered", "amd-kfd-missing"),
)
def plugin_started_before_driver(ctx: Context) -> Iterator[Finding]:
    """The device plugin started before the driver, and does not look again.

    ## What it means
    The plugin looks for GPUs once, when it starts. The driver was not loaded yet, so it found none; now the driver is
    there and the plugin waits for ever.

    ## Why it happens
    A plugin of its own beside the driver's pod has no init container that waits for the driver, or the driver's pod was
    restarted on a new node after the plugin.

    ## Evidence
    The plugin's words, when its container started, and when the driver's pod became ready.

    ## What to do
    Restart the plugin's pod.

    ## Known limits
    Only for drivers that a pod installs: when a driver of the node itself was loaded is not in the cluster.
    """
    for group in ctx.groups("node-without-gpus"):
        there = list(on_node(ctx.snap.pods_on(group.first.name)))
        drivers = [pod for operand, pod in there if operand.stage is Stage.DRIVER]
        for plugin in (pod for operand, pod in there if operand.stage is Stage.PLUGIN):
            waits = _waits(ctx, plugin)
            driver = next((pod for pod in drivers if waits is not None and _ready_since(pod) > waits.started), None)
            if waits is None or driver is None:
                continue
            ready = ctx.cite(driver, condition_path(driver, "Ready", "lastTransitionTime"))
            started = ctx.cite(plugin, waits.path)
            words = (
                f"started at {started.value}, before the driver of {group.first.name} was ready ({ready.value}), "
                f"found no device, and does not look again"
            )
            yield Finding(
                subject=plugin.ref,
                summary=words,
                evidence=(waits.line, started, ready),
                accounts_for=(Because(group, f"{plugin.name} {words}", (waits.line, started, ready)),),
                confidence=Confidence.LIKELY,
                second_sign=True,
                remedies=(
                    Remedy(
                        text="see whether the plugin still waits",
                        command=f"kubectl logs -n {plugin.namespace} {plugin.name}",
                        who="platform",
                    ),
                    Remedy(
                        text="restart the plugin's pod; its DaemonSet makes a new one",
                        command=f"kubectl delete pod -n {plugin.namespace} {plugin.name}",
                        who="platform",
                        risk="disruptive",
                    ),
                ),
            )


class Waiting(NamedTuple):
    """A plugin that found nothing: its line, when its container started, and where that stands."""

    line: Evidence
    started: str
    path: str


def _ready_since(pod: Pod) -> str:
    """Since when the pod is Ready; empty where it is not, or nothing tells."""
    found = condition(pod, "Ready")
    return (found.last_transition_time or "") if found is not None and found.status == "True" else ""


def _waits(ctx: Context, pod: Pod) -> Waiting | None:
    for path, status in statuses(pod):
        running = status.state.running if status.state else None
        if running is None:
            continue
        for previous, number, text in ctx.logs(pod, status.name or ""):
            if not previous and NOTHING.search(text[:2_000]):
                line = ctx.cite_log(pod, status.name or "", number)
                return Waiting(line, running.started_at or "", f"{path}.state.running.startedAt")
    return None
