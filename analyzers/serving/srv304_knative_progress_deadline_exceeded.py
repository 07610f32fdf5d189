"""SRV304: a Knative revision needs longer to start than its progress deadline allows."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Because, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import key, value_at
from diag.vocab import engines

REVISION = "serving.knative.dev/Revision"
CONFIGURATION = "serving.knative.dev/Configuration"
# knative/serving pkg/apis/serving/register.go, pkg/deployment/config.go
DEADLINE = "serving.knative.dev/progress-deadline"
SETTINGS = ("knative-serving", "config-deployment", "progress-deadline")
EXCEEDED = "ProgressDeadlineExceeded"
# What a start tells of itself: the download, the shards, the weights on the GPU.
STEPS = (engines.ENGINE_DOWNLOADED, engines.DOWNLOADED, engines.SHARDS)
MAX_MAKERS, MAX_LINE = 20, 2_000


@rule(
    "SRV304",
    name="knative-progress-deadline-exceeded",
    question=Question.READY,
    inputs=(REVISION, CONFIGURATION, "ConfigMap"),
)
def knative_progress_deadline_exceeded(ctx: Context) -> Iterator[Finding]:
    """A Knative revision needs longer to start than its progress deadline allows.

    ## What it means
    The first pod of the revision was not ready when its progress deadline (600 s unless set) was over. Knative
    declares the revision failed and scales it to zero, in the middle of a start that may have gone well.

    ## Why it happens
    The weights of a large model are downloaded and loaded for longer than ten minutes.

    ## Evidence
    The revision's condition Ready with the reason ProgressDeadlineExceeded, where its deadline is set, and how far the
    log of a pod that was ended had got, where that log was kept.

    ## What to do
    Raise `serving.knative.dev/progress-deadline` on the revision's template above the whole start, or make the start
    shorter by keeping weights near the node.

    ## Known limits
    A pod that fails for another reason within the deadline is reported by that; revisions that are no longer the
    newest of their Configuration are left out.
    """
    for revision in ctx.snap.all(REVISION):
        path = _exceeded(revision)
        if path is not None and _is_newest(ctx, revision):
            yield _finding(ctx, revision, path)


def _exceeded(revision: Object) -> str | None:
    """Where the revision says that its deadline is over; None where it does not."""
    status = revision.whole.get("status")
    conditions = status.get("conditions") if isinstance(status, dict) else None
    for index, one in enumerate(conditions if isinstance(conditions, list) else ()):
        if dicts([one]) and one.get("status") == "False" and one.get("reason") == EXCEEDED:
            return f"status.conditions[{index}]"
    return None


def _is_newest(ctx: Context, revision: Object) -> bool:
    owner = ctx.snap.owner_of(revision)
    status = owner.whole.get("status") if owner is not None and owner.kind == "Configuration" else None
    newest = status.get("latestCreatedRevisionName") if isinstance(status, dict) else None
    return newest in (None, revision.name)


def _finding(ctx: Context, revision: Object, path: str) -> Finding:
    said: list[Evidence] = [ctx.cite(revision, f"{path}.reason")]
    value = value_at(revision.whole, f"{path}.message")
    if isinstance(value, str) and value:
        said.append(ctx.cite(revision, f"{path}.message"))
    deadline, words = _deadline(ctx, revision)
    reached, got_to = _reached(ctx, revision)
    groups = [group for group in ctx.groups() if group.workload in {ref.ref for ref in _below(ctx, revision)}]
    evidence = as_proof((*said, *deadline, *reached))
    return Finding(
        subject=revision.ref,
        summary=f"was not ready within its progress-deadline ({words}) and was given up: {EXCEEDED}"
        + (f", {value}" if len(said) > 1 else "")
        + got_to,
        evidence=evidence,
        accounts_for=tuple(Because(group, "its revision was given up", evidence) for group in groups),
        since=_since(revision, path),
        remedies=(
            Remedy(text=f"raise {DEADLINE} on the revision's template above the time of a whole start"),
            Remedy(
                text="keep the weights near the node (a volume, a node-local cache, an image), so that a start fits"
            ),
        ),
    )


def _below(ctx: Context, revision: Object) -> list[Object]:
    return [revision, *ctx.snap.children_of(revision)]


def _reached(ctx: Context, revision: Object) -> tuple[list[Evidence], str]:
    """How far the pods got that were ended at the deadline, where the log of one is still to be had."""
    makers = [one for item in ctx.snap.children_of(revision) for one in ctx.snap.children_of(item)]
    for maker in makers if len(makers) < MAX_MAKERS else ():
        for log, lines in ctx.snap.gone_logs(maker):
            steps = dict.fromkeys(
                number for pattern in STEPS for number, line in enumerate(lines, 1) if pattern.search(line[:MAX_LINE])
            )
            if steps:
                proof: list[Evidence] = [ctx.cite_gone_log(log, number, lines[number - 1]) for number in steps]
                last = lines[max(steps) - 1].strip()[:200]
                return [*proof[:1], *proof[1:][-1:]], f"; the log of {log[0].rpartition('/')[2]} got to: {last}"
    return [], ""


def _deadline(ctx: Context, revision: Object) -> tuple[tuple[Evidence, ...], str]:
    if DEADLINE in revision.annotations:
        return (ctx.cite(revision, f"metadata.annotations{key(DEADLINE)}"),), revision.annotations[DEADLINE]
    namespace, name, entry = SETTINGS
    settings = ctx.snap.get("ConfigMap", namespace, name)
    data = settings.whole.get("data") if settings is not None else None
    if settings is not None and isinstance(data, dict) and isinstance(data.get(entry), str):
        return (ctx.cite(settings, f"data{key(entry)}"),), str(data[entry])
    return (), "600s by default"


def _since(revision: Object, path: str) -> str | None:
    when = value_at(revision.whole, f"{path}.lastTransitionTime")
    return when if isinstance(when, str) else None
