"""DEV206 and DEV207: the DRA driver publishes no devices, so claims on them wait."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from diag.catalog.context import Context
from diag.catalog.joins.device_claims import class_selectors, says_devices, waiting_claims
from diag.catalog.rule import Named, rule
from diag.facts.device_requests import requests
from diag.facts.devices import CLAIM, CLASS, SLICE
from diag.facts.pods import statuses
from diag.findings import Basis, Because, Confidence, Evidence, FieldEvidence, Finding, Question, Ref, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Controller, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.operands import is_dra_driver
from diag.trouble.relations.template import template_pod

NOT_RUNNING = "dra-driver-not-running"
OF_DRIVER = re.compile(r"device\.driver\s*==\s*['\"]([^'\"]+)['\"]")
# NVIDIA/k8s-dra-driver-gpu, hack/kubelet-plugin-prestart.sh
ROOT = re.compile(r"(?:/driver-root \((?P<root>\S+) on host\): .*)?nvidia-smi: not found")
ROOT_ENV = "NVIDIA_DRIVER_ROOT"
MOST_PODS = 4  # of a DaemonSet that are looked at

ROOT_WRONG = """The DRA driver looks for the NVIDIA driver at a wrong root path.

## What it means
The driver's kubelet plugin waits at its start for `nvidia-smi` and the driver's libraries under `NVIDIA_DRIVER_ROOT`,
and does not find them. It publishes no devices, and claims on them wait.

## Why it happens
The chart value `nvidiaDriverRoot` names the place of the GPU operator's driver container (`/run/nvidia/driver`) on
hosts that have a driver package of their own (`/`), or the other way round.

## Evidence
The line that the plugin's init container writes, and `NVIDIA_DRIVER_ROOT` in the DaemonSet's template.

## What to do
Set the chart's `nvidiaDriverRoot` to where the driver is.

## Known limits
Needs the log of the plugin's pod. A driver that is missing altogether writes the same line.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """A driver's DaemonSet, a pod of it that is not ready, and the groups that wait for its devices."""

    driver: str
    item: Controller
    pod: Pod | None
    groups: tuple[Group, ...]


@rule(
    "DEV206",
    name=NOT_RUNNING,
    question=Question.PLACED,
    inputs=("Pod", "Node", "apps/DaemonSet", CLAIM, CLASS, SLICE),
    refines=("dra-claim-unallocatable",),
    others=(
        Named(
            id="DEV207",
            name="dra-driver-root-wrong",
            page=ROOT_WRONG,
            basis=Basis.SAID,
            refines=(NOT_RUNNING, "dra-claim-unallocatable"),
        ),
    ),
)
def dra_driver(ctx: Context) -> Iterator[Finding]:
    """The DRA driver publishes no ResourceSlice, and its pods are not ready.

    ## What it means
    The claim asks for devices of a driver that has published none, and the DaemonSet of a DRA driver is short of ready
    pods. Without slices the scheduler knows of no device.

    ## Why it happens
    The driver's kubelet plugin crashes, waits for something in its init container, or is scheduled on no node.

    ## Evidence
    The claim's device class and the driver that it selects, the slices that there are, and the status of the DaemonSet.
    Where a driver's pod fails and no rule recognises why, its status alone.

    ## What to do
    Look at the plugin's pods and repair what keeps them from starting.

    ## Known limits
    A driver's DaemonSet is known by its image (`…dra-driver…`). Silent where there are several of them.
    """
    yield from _failing(ctx)
    idle_ones = list(_idle(ctx))
    yield from _starting(ctx, {idle.item.ref for idle in idle_ones})
    for idle in idle_ones:
        yield from _root_wrong(ctx, idle)
        wanted = ctx.cite(idle.item, "status.desiredNumberScheduled")
        ready = ctx.cite(idle.item, "status.numberReady")
        summary = f"publishes no devices of {idle.driver}: {ready.value} of {wanted.value} pods are ready"
        yield Finding(
            name=NOT_RUNNING,
            subject=idle.item.ref,
            summary=summary,
            evidence=(ready, wanted, idle.groups[0].evidence[0]),
            accounts_for=_because(ctx, idle, f"{idle.item.name} {summary}", (ready, wanted)),
            confidence=Confidence.LIKELY,
            since=idle.groups[0].since,
            remedies=(
                Remedy(
                    text="look at the pods of the driver",
                    command=f"kubectl -n {idle.item.namespace} get pods -o wide",
                    who="platform",
                ),
            ),
        )


def _failing(ctx: Context) -> Iterator[Finding]:
    """Pods of a driver that fail, for whatever reason nothing else finds."""
    for group in ctx.groups("container-crashing", "container-not-started", "init-container-failing"):
        pod = group.first
        if not isinstance(pod, Pod) or not is_dra_driver(pod):
            continue
        words = f"its pods fail, so claims on its devices are not prepared: {group.message or group.reason}"
        yield Finding(
            name=NOT_RUNNING,
            subject=group.workload,
            summary=words[:400],
            evidence=as_proof(group.evidence),
            accounts_for=(Because(group, "it is the driver's own pod that fails", group.evidence, weak=True),),
            since=group.since,
        )


def _starting(ctx: Context, told: set[Ref]) -> Iterator[Finding]:
    """Pods of a driver that find no NVIDIA driver on their nodes, whether or not a claim waits for it yet."""
    for group in ctx.groups("init-container-failing", "container-crashing", "pod-start-slow"):
        item = ctx.snap.find(group.workload)
        if not isinstance(item, Controller) or item.ref in told:
            continue
        for pod in [one for one in group.members if isinstance(one, Pod) and is_dra_driver(one)][:MOST_PODS]:
            found = list(_root_wrong(ctx, Idle(driver="", item=item, pod=pod, groups=(group,))))
            if found:
                # Where it starts on other nodes, the root is right there: this node may lack the driver altogether.
                ready = item.status.number_ready
                yield replace(found[0], confidence=Confidence.POSSIBLE) if ready else found[0]
                break


def _idle(ctx: Context) -> Iterator[Idle]:
    """Drivers that are waited for, that publish nothing, and whose pods are not ready."""
    waiting: dict[str, list[Group]] = {}
    for group in ctx.groups("pod-unscheduled"):
        for claim in waiting_claims(ctx, group) if says_devices(group) else ():
            for driver in _drivers(ctx, claim.claim):
                if group not in waiting.setdefault(driver, []):
                    waiting[driver].append(group)
    publishing = [value_at(item.whole, "spec.driver") for item in ctx.snap.all(SLICE)]
    plugins = [item for item in ctx.snap.all("apps/DaemonSet") if isinstance(item, Controller) and _is_driver(item)]
    for driver, groups in sorted(waiting.items()):
        if driver in publishing or len(plugins) != 1:
            continue
        wanted, ready = plugins[0].status.desired_number_scheduled, plugins[0].status.number_ready
        if wanted and ready == 0:
            pods = [pod for pod in ctx.snap.pods_of(plugins[0]) if pod.spec.node_name]
            yield Idle(driver=driver, item=plugins[0], pod=pods[0] if pods else None, groups=tuple(groups))


def _drivers(ctx: Context, claim: Object) -> set[str]:
    """The drivers whose devices a claim asks for, told from its classes."""
    found: set[str] = set()
    for alternatives in requests(claim):
        for asked in alternatives:
            known = ctx.snap.get(CLASS, "", asked.device_class)
            texts = [text for _, text in class_selectors(known)] if known else []
            found.update(match[1] for text in texts for match in OF_DRIVER.finditer(text))
    return found


def _is_driver(item: Controller) -> bool:
    pod = template_pod(item)
    return pod is not None and is_dra_driver(pod)


def _root_wrong(ctx: Context, idle: Idle) -> Iterator[Finding]:
    pod = idle.pod
    if pod is None:
        return
    for _, status in statuses(pod):
        for previous, number, text in ctx.logs(pod, status.name or ""):
            hit = ROOT.search(text[:2_000])
            if hit is None:
                continue
            line = ctx.cite_log(pod, status.name or "", number, previous=previous)
            named = list(_root_variable(ctx, idle.item, hit["root"]))
            place = hit["root"] or (named[0].value if named else "its driver root")
            summary = f"looks for the NVIDIA driver under {place} on {pod.spec.node_name} (nvidia-smi: not found)"
            yield Finding(
                name="dra-driver-root-wrong",
                subject=idle.item.ref,
                summary=summary,
                evidence=(line, *[*named, ctx.cite(pod, "spec.nodeName")]),
                accounts_for=_because(ctx, idle, f"{idle.item.name} {summary}, so it publishes no devices", (line,)),
                second_sign=bool(named),
                since=idle.groups[0].since,
                remedies=(
                    Remedy(
                        text="set the chart's nvidiaDriverRoot to where the driver is: / for a driver package of the "
                        "host, /run/nvidia/driver for the GPU operator's driver container",
                        who="platform",
                        risk="disruptive",
                    ),
                ),
            )
            return


def _root_variable(ctx: Context, item: Object, root: str | None) -> Iterator[FieldEvidence]:
    """Where the template sets the root that the log names, or any, if that names none."""
    for part in ("initContainers", "containers"):
        containers = value_at(item.whole, f"spec.template.spec.{part}")
        for place, container in enumerate(containers if isinstance(containers, list) else ()):
            variables = container.get("env") if isinstance(container, dict) else None
            for index, one in enumerate(variables if isinstance(variables, list) else ()):
                if (
                    isinstance(one, dict)
                    and one.get("name") == ROOT_ENV
                    and one.get("value") == (root or one.get("value"))
                ):
                    yield ctx.cite(item, f"spec.template.spec.{part}[{place}].env[{index}].value")


def _because(ctx: Context, idle: Idle, why: str, proof: tuple[Evidence, ...]) -> tuple[Because, ...]:
    """The waiting groups, and the node that has GPUs and offers none for want of this driver."""
    node = idle.pod.spec.node_name if idle.pod else None
    silent = [group for group in ctx.groups("node-without-gpus") if group.first.name == node]
    return tuple(Because(group, why, proof) for group in [*idle.groups, *silent])
