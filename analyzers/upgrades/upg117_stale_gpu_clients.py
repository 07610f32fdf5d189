"""UPG117: pods that were started before the node's driver was exchanged still hold the old one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.gpus import gpus_of, pod_requests
from diag.facts.pods import statuses
from diag.facts.times import seconds
from diag.facts.words import count_of, listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.relations.operands import operand_of
from diag.vocab.operands import Stage

MISMATCH = "river/library version mismatch"  # nvmlErrorString of NVML; libnvidia-container repeats it in small letters
SAID = re.compile(rf"[Dd]{MISMATCH}|NVML: Unknown Error|GPU.{{0,40}}: Unknown Error")  # the latter two: nvidia-smi
MAX_MEMBERS = 50
MAX_LINE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a container, with the path of its state."""

    path: str
    began: float
    ended: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A pod with a container that is older than the driver of its node, and the line in which it says so."""

    pod: Pod
    run: Run
    driver: Pod
    driven: Run
    line: Evidence
    words: str


@rule(
    "UPG117",
    name="stale-gpu-clients-after-driver-upgrade",
    question=Question.STARTED,
    inputs=("Pod", "Node"),
    refines=("driver-library-version-mismatch", "cgroup-device-access-revoked"),
)
def stale_gpu_clients(ctx: Context) -> Iterator[Finding]:
    """Pods started before the node's driver was exchanged hold the old one.

    ## What it means
    The driver's container on the node started later than these containers. What was mounted into them (libraries,
    device files) belongs to the driver before, and the kernel module is the new one's. The node itself is well.

    ## Why it happens
    The driver's pod was deleted or restarted in place, without the drain that stops its clients first; or a client
    does not ask for a GPU, so that the upgrade overlooked it.

    ## Evidence
    When the pod's container and the driver's container on that node started, and the pod's own line.

    ## What to do
    Restart the pods that are older than the driver.

    ## Known limits
    Needs the pod's log. A driver that is installed on the host has no pod, and when it was loaded is not known.
    """
    found: dict[str, list[tuple[Group, Stale]]] = {}
    for group in ctx.groups("container-not-ready", "pod-failed", "node-without-gpus"):
        for pod in _speakers(ctx, group):
            stale = _stale(ctx, pod)
            if stale is not None:
                found.setdefault(pod.spec.node_name or "", []).append((group, stale))
    for node, ones in sorted(found.items()):
        yield _finding(ctx, node, ones)


def _speakers(ctx: Context, group: Group) -> list[Pod]:
    """The pods that may tell of a group: its own, or the device plugin of a node that offers no GPUs."""
    if group.symptom != "node-without-gpus":
        return [pod for pod in group.members[:MAX_MEMBERS] if isinstance(pod, Pod)]
    return [pod for pod in ctx.snap.pods_on(group.first.name) if _is(pod, Stage.PLUGIN)]


def _is(pod: Pod, stage: Stage) -> bool:
    operand = operand_of(pod)
    return operand is not None and operand.stage is stage


def _stale(ctx: Context, pod: Pod) -> Stale | None:
    for driver in ctx.snap.pods_on(pod.spec.node_name or ""):
        # Its main container comes first; helpers beside it are exchanged without it.
        driven = next(_runs(driver), None) if _is(driver, Stage.DRIVER) else None
        if driven is None or driven.ended is not None:
            continue
        run = next((one for one in _runs(pod) if _spans(one, driven.began)), None)
        if run is not None and (said := _said(ctx, pod)) is not None:
            return Stale(pod=pod, run=run, driver=driver, driven=driven, line=said[0], words=said[1])
    return None


def _said(ctx: Context, pod: Pod) -> tuple[Evidence, str] | None:
    """The line of the last run in which the pod says so; what an earlier run said is over."""
    for _, status in statuses(pod):
        for previous, number, text in ctx.logs(pod, status.name or ""):
            said = SAID.search(text[:MAX_LINE]) if not previous else None
            if said is not None:
                return ctx.cite_log(pod, status.name or "", number), said[0].removeprefix("NVML: ")
    return None


def _runs(pod: Pod) -> Iterator[Run]:
    """The present or last runs of a pod's containers, init containers left out."""
    for path, status in statuses(pod):
        if path.startswith("status.init") or status.state is None:
            continue
        for name, state in (("running", status.state.running), ("terminated", status.state.terminated)):
            began = seconds(state.started_at) if state else None
            if began is not None:
                ended = seconds(status.state.terminated.finished_at) if status.state.terminated else None
                yield Run(path=f"{path}.state.{name}.startedAt", began=began, ended=ended)


def _spans(run: Run, moment: float) -> bool:
    return run.began < moment and (run.ended is None or run.ended > moment)


def _finding(ctx: Context, node: str, ones: list[tuple[Group, Stale]]) -> Finding:
    first = ones[0][1]
    stale = list({one.pod.name: one for _, one in ones}.values())
    began, driven = ctx.cite(first.pod, first.run.path), ctx.cite(first.driver, first.driven.path)
    proof: list[Evidence] = [began, driven, *(one.line for one in stale)]
    others = [
        pod
        for pod in ctx.snap.pods_on(node)
        if all(pod is not one.pod for one in stale)
        and (gpus_of(pod_requests(pod)) or _is(pod, Stage.PLUGIN))
        and any(run.ended is None and run.began < first.driven.began for run in _runs(pod))
    ]
    old = [f"{pod.namespace}/{pod.name}" for pod in (*(one.pod for one in stale), *others)]
    names = listed(old[len(stale) :])
    more = (
        f"; {count_of(len(others), 'further pod')} with GPUs there are older than it as well: {names}" if others else ""
    )
    return Finding(
        subject=first.pod.ref,
        members=tuple(one.pod.ref for one in stale[1:]),
        summary=f"was started before the driver of {node} ({first.driver.name}) was, and holds the one before: "
        f"{first.words}{more}",
        evidence=as_proof(proof),
        accounts_for=tuple(
            _because(group, [one for other, one in ones if other is group], driven, node)
            for group in {group.key: group for group, _ in ones}.values()
        ),
        confidence=None if MISMATCH in first.words else Confidence.LIKELY,
        remedies=(
            Remedy(
                text=f"see what on {node} is older than the driver, which started at {driven.value}",
                command=f"kubectl get pods -A --field-selector spec.nodeName={node} --sort-by=.status.startTime",
                who="platform",
            ),
            Remedy(
                text=f"restart the pods that are older: {listed(old)}",
                command=f"kubectl delete pod {first.pod.name} -n {first.pod.namespace}",
                risk="disruptive",
            ),
        ),
    )


def _because(group: Group, stale: list[Stale], driven: Evidence, node: str) -> Because:
    first = stale[0]
    why = f"{first.pod.name} is older than the driver of {node}: {first.words}"
    return Because(group, why, (driven, first.line), members=len(stale))
