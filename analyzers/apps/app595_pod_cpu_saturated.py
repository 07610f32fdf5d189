"""APP595: containers that use all the CPU that their limit allows."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.entries import entries
from diag.facts.quantity import milli, show
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Ref, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group

METRICS = "metrics.k8s.io/PodMetrics"
FULL = 0.95  # of the limit: the kernel holds a container a little below it, and usage is a mean over its window
SLOWED = ("container-not-ready", "pod-start-slow", "container-crashing")
SERVES = ("Deployment", "StatefulSet", "ReplicaSet")  # whose answers come late; a Job is meant to use what it may
SHOWN = 3  # pods


class Full(NamedTuple):
    """A container at its limit: in which pod, and what proves it."""

    pod: Pod
    container: str
    used: int  # thousandths of a CPU
    most: int
    usage: Evidence
    limit: Evidence


@rule(
    "APP595",
    name="pod-cpu-saturated",
    question=Question.READY,
    inputs=(METRICS, "Pod"),
    basis=Basis.REMAINDER,
    refines=("readiness-probe-failing", "liveness-probe-failing", "log-reports-errors"),
    visits={METRICS: 1},
)
def pod_cpu_saturated(ctx: Context) -> Iterator[Finding]:
    """The workload uses all the CPU it may.

    ## What it means
    The kernel lets a container at its CPU limit wait for the rest of each tenth of a second. What it serves is answered
    late, probes with a short timeout fail, and a start takes long.

    ## Why it happens
    The limit is low for the load, the load has grown, or a thread pool has as many threads as the node has cores.

    ## Evidence
    The usage in PodMetrics (what `kubectl top pods --containers` shows) and `resources.limits.cpu` of the container.

    ## What to do
    Raise or drop the CPU limit, or add replicas.

    ## Known limits
    PodMetrics are a mean over about half a minute, and few dumps hold them; throttling itself is not in the API. Where
    no container of the workload is in trouble, this is worth knowing only, and nothing is said of Jobs.
    """
    by_workload: dict[Ref, list[Full]] = defaultdict(list)
    for item in ctx.snap.all(METRICS):
        pod = ctx.snap.pod(item.namespace, item.name)
        for one in _full(ctx, item, pod) if pod is not None else ():
            by_workload[ctx.workload(one.pod).ref].append(one)
    slowed = ctx.groups(*SLOWED) if by_workload else []
    for workload, found in sorted(by_workload.items()):
        hit = [(group, mine) for group in slowed if (mine := _of(group, found))]
        if hit or workload.kind in SERVES:
            yield _finding(workload, found, hit)


def _full(ctx: Context, item: Object, pod: Pod) -> Iterator[Full]:
    """The containers of a pod whose usage is at their limit."""
    limits = {
        one.get("name"): f"{path}.resources.limits.cpu"
        for part in ("spec.containers", "spec.initContainers")
        for path, one in entries(pod, part)
    }
    for path, one in entries(item, "containers"):
        where = limits.get(one.get("name"))
        used = milli(value_at(item.whole, f"{path}.usage.cpu"))
        limit = milli(value_at(pod.whole, where)) if where is not None else None
        if where is not None and used is not None and limit and used >= FULL * limit:
            usage, allowed = ctx.cite(item, f"{path}.usage.cpu"), ctx.cite(pod, where)
            yield Full(pod, str(one["name"]), used, limit, usage, allowed)


def _of(group: Group, found: list[Full]) -> list[Full]:
    """Those of a group's members whose container in trouble is at its limit."""
    members = {member.ref for member in group.members}
    return [one for one in found if one.pod.ref in members and group.container in ("", one.container)]


def _finding(workload: Ref, found: list[Full], hit: list[tuple[Group, list[Full]]]) -> Finding:
    worst = max(found, key=lambda one: (one.used / one.most, one.pod.name))
    pods = len({one.pod.ref for one in found})
    more = f"; {pods} of its pods do" if pods > 1 else ""
    words = (
        f"container {worst.container} of {worst.pod.name} uses {_cpus(worst.used)} of the {_cpus(worst.most)} "
        f"CPUs that it may{more}"
    )
    shown = [worst, *(one for one in found if one is not worst)][:SHOWN]
    return Finding(
        subject=workload,
        summary=words,
        evidence=as_proof(piece for one in shown for piece in (one.usage, one.limit)),
        accounts_for=tuple(
            Because(
                group,
                f"{mine[0].container} of {mine[0].pod.name} is held back at its CPU limit of {_cpus(mine[0].most)}",
                (mine[0].usage, mine[0].limit),
                members=None if len(mine) >= len(group.members) else len(mine),
            )
            for group, mine in hit
        ),
        severity=None if hit else Severity.INFO,
        confidence=Confidence.POSSIBLE if hit else Confidence.LIKELY,
        remedies=(
            Remedy(
                text="see what its containers use now",
                command=f"kubectl top pods -n {worst.pod.namespace} --containers",
            ),
            Remedy(text=f"raise or drop the CPU limit of {worst.container}, or add replicas", risk="disruptive"),
        ),
    )


def _cpus(thousandths: int) -> str:
    return show(thousandths, "cpu")
