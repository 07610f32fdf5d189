"""QUO511: two jobs without a gang scheduler each hold part of the GPUs that both need to begin."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.gangs import together
from diag.facts.gpus import pod_requests
from diag.facts.pods import occupies_node
from diag.facts.quantity import show
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.shapes import DEFAULT_SCHEDULER, Shape, main_gpu
from diag.vocab.training import JOBSET_NAME, KUBEFLOW_JOB_NAME, LWS_NAME

# Jobs whose members meet before they begin. Workers of Ray, or of an Indexed Job, may do without the others.
MEETING = (JOBSET_NAME, KUBEFLOW_JOB_NAME, LWS_NAME)
SHORTAGES = ("gpu-capacity-exhausted", "gpu-fragmentation")
MAX_SHOWN = 3


@dataclass(slots=True, kw_only=True)
class Part:
    """A job that has got some of its nodes: who waits, and who holds."""

    resource: str
    groups: list[Group] = field(default_factory=list)
    lacking: int = 0  # what its waiting pods ask for together, in thousandths
    nodes: set[str] = field(default_factory=set)  # where they may run
    holders: list[Pod] = field(default_factory=list)

    @property
    def held(self) -> int:
        """What its other pods hold meanwhile, in thousandths."""
        return sum(pod_requests(pod).get(self.resource, 0) for pod in self.holders)

    @property
    def words(self) -> str:
        """How far it has come."""
        who = self.groups[0].workload
        return (
            f"{who.kind} {who.namespace}/{who.name} holds {show(self.held, self.resource)} and waits for "
            f"{show(self.lacking, self.resource)}"
        )


@rule(
    "QUO511",
    name="gang-partial-allocation",
    question=Question.PLACED,
    states=("refused",),
    inputs=("Pod", "Node"),
    refines=SHORTAGES,
)
def gang_partial_allocation(ctx: Context) -> Iterator[Finding]:
    """Jobs without gang scheduling hold part of the GPUs and block each other.

    ## What it means
    Pods were placed one by one. Each job has got some of its nodes and waits for the rest, which the other holds. The
    members that run wait for theirs and compute nothing, and nobody gives way: both wait for ever.

    ## Why it happens
    Two jobs were started at nearly the same time under the default scheduler, with room for one of them.

    ## Evidence
    Of both jobs the members that run, with what they hold, and the members that wait, with what they ask for.

    ## What to do
    Suspend or delete the younger job until the other has ended. Start such jobs through a queue or a gang scheduler
    (Kueue, Volcano, coscheduling), which admits one of them in full.

    ## Known limits
    Only jobs whose members meet before they begin: JobSet, LeaderWorkerSet, jobs of the training operator. One that
    computes with fewer members (elastic training) looks the same.
    """
    jobs = _jobs(ctx)
    for resource in sorted({job.resource for job in jobs}):
        rivals = [job for job in jobs if job.resource == resource]
        # Whether one of them could begin, were all others gone.
        held = sum(job.held for job in rivals)
        if any(job.lacking <= held - job.held for job in rivals):
            yield _finding(ctx, resource, sorted(rivals, key=_age))


def _jobs(ctx: Context) -> list[Part]:
    found: dict[tuple[str, ...], Part] = {}
    for group in ctx.groups("pod-unscheduled"):
        first, shape, tie = group.first, group.shape, together(group.first)
        resource = main_gpu(shape.requests) if isinstance(shape, Shape) else None
        if (
            not isinstance(shape, Shape)
            or not resource
            or not tie
            or tie[0] not in MEETING
            or shape.scheduler != DEFAULT_SCHEDULER
        ):
            continue
        if f"Insufficient {resource}" in group.message:
            job = found.setdefault((first.namespace, resource, *tie), Part(resource=resource))
            job.groups.append(group)
            job.lacking += group.size * shape.requests[resource]
            job.nodes |= {node.name for node in ctx.place.count(shape).open}
    for (namespace, _, *tie_), job in found.items():
        mates = [pod for pod in ctx.snap.pods_in(namespace) if together(pod) == tuple(tie_) and occupies_node(pod)]
        job.holders = [pod for pod in mates if pod.spec.node_name in job.nodes]
    return [job for job in found.values() if job.held]


def _age(job: Part) -> tuple[str, str]:
    return max(str(pod.created) for pod in job.holders), str(job.groups[0].workload)


def _finding(ctx: Context, resource: str, rivals: list[Part]) -> Finding:
    youngest = rivals[-1]
    proof: list[Evidence] = [
        ctx.compute(
            f"{resource} that {job.groups[0].workload.name} holds", show(job.held, resource),
            [ctx.cite(pod, "spec.nodeName") for pod in job.holders],
        )
        for job in rivals
    ]  # fmt: skip
    proof += [job.groups[0].evidence[0] for job in rivals]
    words = "; ".join(job.words for job in rivals[:MAX_SHOWN])
    summary = f"{len(rivals)} jobs hold part of the {resource} that they need, and none can begin: {words}"
    who = youngest.groups[0].workload
    first, *rest = proof
    return Finding(
        subject=who,
        summary=summary,
        evidence=(first, *rest),
        accounts_for=tuple(
            Because(group, f"the others hold what {group.workload.name} waits for, and wait themselves", (first, *rest))
            for job in rivals
            for group in job.groups
        ),
        members=tuple(job.groups[0].workload for job in rivals[:-1]),
        confidence=Confidence.LIKELY,
        since=youngest.groups[0].since,
        remedies=(
            Remedy(
                text=f"suspend or delete {who.kind} {who.name} until the other has ended", risk="disruptive",
            ),
            Remedy(text="start such jobs through a queue or a gang scheduler, which admits one of them in full"),
        ),
    )  # fmt: skip
