"""STO131: a Fluid dataset is not bound, so that its volume cannot be mounted."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.words import listed
from diag.findings import Because, Evidence, Finding, Question, Remedy
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group

DATASET = "data.fluid.io/Dataset"
# fluid-cloudnative/fluid api/v1alpha1: the dataset's claim has its name, and is made once its runtime is set up.
BOUND = "Bound"
RUNTIMES = tuple(
    f"data.fluid.io/{kind}"
    for kind in ("AlluxioRuntime", "JuiceFSRuntime", "JindoRuntime", "ThinRuntime", "GooseFSRuntime", "EFCRuntime")
)


@rule(
    "STO131",
    name="fluid-dataset-not-ready",
    question=Question.PLACED,
    inputs=("Pod", DATASET, *RUNTIMES),
    refines=("pvc-missing",),
)
def fluid_dataset_not_ready(ctx: Context) -> Iterator[Finding]:
    """A Fluid dataset is not bound, so there is no volume of it to mount.

    ## What it means
    Fluid makes a claim with the dataset's name once a runtime serves it. The dataset is not bound, so there is no such
    claim, and pods that mount it wait. One that nobody mounts yet is told of, too, after five minutes.

    ## Why it happens
    The dataset has no runtime of its name, the runtime's master or workers do not run, or the data source refuses it.

    ## Evidence
    `status.phase` of the Dataset, its runtime's phases, and the pods that mount a claim of that name.

    ## What to do
    Look at the runtime of the same name: its master pod first, then its workers.

    ## Known limits
    Why the runtime does not come up is told by its own pods.
    """
    waiting: dict[str, list[tuple[Object, Group]]] = defaultdict(list)
    for group in ctx.groups("pod-unscheduled", "container-not-started"):
        for claim in group.shape.claims if group.shape is not None else ():
            dataset = ctx.snap.get(DATASET, group.first.namespace, claim)
            if dataset is not None and value_at(dataset.whole, "status.phase") != BOUND:
                waiting[str(dataset.ref)].append((dataset, group))
    for group in ctx.groups("custom-resource-not-ready"):
        for one in group.members:
            if one.kind_id == DATASET and value_at(one.whole, "status.phase") != BOUND:
                waiting[str(one.ref)].append((one, group))
    for found in waiting.values():
        yield _finding(ctx, found[0][0], [group for _, group in found])


def _finding(ctx: Context, dataset: Object, groups: list[Group]) -> Finding:
    phase, told = ctx.cite_or_lack(dataset, "status.phase"), value_at(dataset.whole, "status.phase")
    runtime = next((one for kind in RUNTIMES if (one := ctx.snap.get(kind, dataset.namespace, dataset.name))), None)
    state: list[Evidence] = []
    beside = "; it has no runtime of its name" if any(map(ctx.snap.holds, RUNTIMES)) else ""
    if runtime is not None:
        phases = [ctx.cite_if(runtime, f"status.{part}Phase") for part in ("master", "worker")]
        state = [piece for piece in phases if piece is not None]
        told_of = [f"{piece.path.removeprefix('status.')} {piece.value}" for piece in phases if piece is not None]
        beside = f"; its {runtime.kind} is {listed(told_of)}" if told_of else ""
    summary = f"is {told if isinstance(told, str) and told else 'without a phase'}, so its claim is not made{beside}"
    return Finding(
        subject=dataset.ref,
        summary=summary,
        evidence=(phase, *state),
        accounts_for=tuple(
            Because(group, f"dataset {dataset.name} is not bound", (phase, *state[:1])) for group in groups
        ),
        since=min((group.since for group in groups if group.since), default=None),
        remedies=(
            Remedy(
                text="look at the dataset and at the runtime of its name",
                command=f"kubectl -n {dataset.namespace} describe dataset {dataset.name}",
                who="platform",
            ),
        ),
    )
