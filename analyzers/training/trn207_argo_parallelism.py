"""TRN207: as many workflows or steps run as Argo may run at once."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import text_at
from diag.findings import Because, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at

WORKFLOW = "argoproj.io/Workflow"
# argoproj/argo-workflows workflow/controller/controller.go and operator.go (ErrParallelismReached), config/config.go
POSTPONED = "too many workflows are already running"
STEPS = "Max parallelism reached"
CONFIG = "workflow-controller-configmap"
WAITS = ("pod-not-created", "workload-not-admitted", "custom-resource-not-ready")  # not what ails pods that exist
LIMITS = ("data.parallelism", "data.namespaceParallelism")


@rule(
    "TRN207",
    name="argo-parallelism-reached",
    question=Question.ADMITTED,
    severity=Severity.INFO,
    inputs=(WORKFLOW, "ConfigMap"),
)
def argo_parallelism(ctx: Context) -> Iterator[Finding]:
    """As many workflows or steps run as Argo may run at once.

    ## What it means
    The workflow waits for its turn and has no pod yet, or makes no further pods until steps of its own have ended.

    ## Why it happens
    `parallelism` or `namespaceParallelism` of the controller, or `spec.parallelism` of the workflow, is reached. A
    workflow that hangs holds its place.

    ## Evidence
    The message of the workflow, and the limit of the controller's ConfigMap or of the workflow where it is here.

    ## What to do
    Wait, end workflows that hang, or raise the limit.

    ## Known limits
    A limit that stands in a template, in a label of the namespace or in the older single entry `config` is not read.
    """
    postponed = []
    for item in ctx.snap.all(WORKFLOW):
        said = text_at(item, "status.message")
        phase = text_at(item, "status.phase")
        if POSTPONED in said and phase == "Pending":
            postponed.append(item)
        elif STEPS in said and phase in ("Pending", "Running"):
            yield _finding(ctx, item, [item], "spec.parallelism", "runs as many of its steps at once as it may")
    if not postponed:
        return
    owners = [one for one in ctx.snap.all("ConfigMap") if one.name == CONFIG]
    path = next((one for one in LIMITS if len(owners) == 1 and text_at(owners[0], one)), "")
    names = f"{len(postponed)} of them" if len(postponed) > 1 else postponed[0].name
    summary = f"lets no more workflows run at once, and {names} wait for a place"
    if path:
        yield _finding(ctx, owners[0], postponed, path, summary)
    else:
        for item in postponed:
            yield _finding(ctx, item, [item], "", "waits, as Argo runs as many workflows as it may")


def _finding(ctx: Context, root: Object, behind: list[Object], path: str, what: str) -> Finding:
    limit = value_at(root.whole, path) if path else None
    known = isinstance(limit, str | int)
    proof: list[Evidence] = [ctx.cite(item, "status.message") for item in behind[:5]]
    proof += [ctx.cite(root, path)] if known else []
    summary = what + (f" ({path.rpartition('.')[2]} {limit})" if known else "")
    waiting = {item.ref for item in behind}
    return Finding(
        subject=root.ref,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=tuple(
            Because(group, summary, tuple(proof)) for group in ctx.groups(*WAITS) if group.workload in waiting
        ),
        members=tuple(item.ref for item in behind if item.ref != root.ref),
        since=min((item.created for item in behind if item.created), default=None),
        remedies=(
            Remedy(
                text="see which workflows hold the places, and whether they get on",
                command="kubectl get workflows.argoproj.io -A -l workflows.argoproj.io/phase=Running",
            ),
            Remedy(text="end those that hang, or raise the limit", who="platform"),
        ),
    )
