"""DEV271: a container has a GPU by its claim, and no device nodes in it."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.facts.device_requests import claims_of
from diag.facts.devices import CLAIM
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.projection import dicts, json_value
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod
from diag.trouble.relations.operands import is_dra_driver

GPU_DRIVER = "gpu.nvidia.com"
RESULTS = "status.allocation.devices.results"
NO_DEVICE = re.compile(
    r"No CUDA GPUs are available|no CUDA-capable device is detected|Found no NVIDIA driver on your system"
    r"|/dev/nvidia\w*[^\n]{0,40}No such file or directory|NVIDIA-SMI has failed because it couldn't communicate"
)


@rule(
    "DEV271",
    name="dra-cdi-missing-device-nodes",
    question=Question.STARTED,
    inputs=("Pod", CLAIM),
    refines=("no-gpu-visible",),
)
def dra_cdi_missing_device_nodes(ctx: Context) -> Iterator[Finding]:
    """The container has its claim, and no device nodes in it.

    ## What it means
    The claim was allocated and prepared, and the process finds no GPU: the CDI specification that the driver wrote
    names no device nodes.

    ## Why it happens
    The driver's pod started before the NVIDIA driver's device nodes existed, or looks for them under another root.

    ## Evidence
    The process's own words, and the claim's allocation by NVIDIA's driver.

    ## What to do
    Restart the DRA driver's pod on the node, and set `nvidiaDriverRoot` to where the driver is.

    ## Known limits
    What the specification says is on the node and not seen here.
    """
    for group in ctx.groups("container-crashing", "pod-failed"):
        hit = first_text(ctx, group, NO_DEVICE, On.LOG)
        if hit is None:
            continue
        pod = hit[0].member
        if not isinstance(pod, Pod) or not _uses_claim(pod, hit[0].container.partition(" ")[0]):
            continue
        given = _allocated(ctx, pod)
        if given is None:
            continue
        node = pod.spec.node_name or ""
        plugin = next((one for one in ctx.snap.pods_on(node) if is_dra_driver(one)), None)
        words = f"has a GPU by its claim and finds none: {hit[1][0]}"
        evidence = (hit[0].cite(), given, ctx.cite(pod, "spec.nodeName"))
        restart = f"kubectl delete pod -n {plugin.namespace} {plugin.name}" if plugin is not None else None
        yield Finding(
            subject=group.workload,
            summary=words,
            evidence=evidence,
            accounts_for=(Because(group, words, evidence),),
            confidence=Confidence.POSSIBLE,
            since=group.since,
            remedies=(
                Remedy(
                    text=f"restart the DRA driver's pod on {node}, so that it writes its CDI specification anew",
                    command=restart,
                    who="platform",
                    risk="disruptive",
                ),
                Remedy(text="set the chart's nvidiaDriverRoot to where the driver is", who="platform"),
            ),
        )


def _uses_claim(pod: Pod, container: str) -> bool:
    for one in pod.spec.containers or ():
        asked = json_value(bytes(one.resources))
        if one.name == container and isinstance(asked, dict) and dicts(asked.get("claims")):
            return True
    return False


def _allocated(ctx: Context, pod: Pod) -> Evidence | None:
    """The result of a claim of the pod by which NVIDIA's driver gives it a device."""
    for name, _, _ in claims_of(pod):
        claim = ctx.snap.get(CLAIM, pod.namespace, name)
        if claim is None:
            continue
        for index, one in enumerate(dicts(value_at(claim.whole, RESULTS))):
            if one.get("driver") == GPU_DRIVER:
                return ctx.cite(claim, f"{RESULTS}[{index}].driver")
    return None
