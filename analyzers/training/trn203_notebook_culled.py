"""TRN203: notebooks that were stopped because nobody used them."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.times import age_s
from diag.findings import Confidence, Finding, Question, Remedy, Severity
from diag.projection import Object
from diag.snapshot.cite import key

NOTEBOOK = "kubeflow.org/Notebook"
# kubeflow/kubeflow components/notebook-controller/pkg/culler/culler.go
STOPPED = "kubeflow-resource-stopped"
LAST_USED = "notebooks.kubeflow.org/last-activity"
IDLE_S = 30 * 60


@rule("TRN203", name="notebook-culled", question=Question.CREATED, severity=Severity.INFO, inputs=(NOTEBOOK,))
def notebook_culled(ctx: Context) -> Iterator[Finding]:
    """The notebook was stopped as idle.

    ## What it means
    The culler of the notebook controller annotated the notebook as stopped, and its StatefulSet has no replica. Files
    in its volumes are kept; what was in memory is gone.

    ## Why it happens
    Nobody used it for longer than CULL_IDLE_TIME.

    ## Evidence
    The annotation with the time of the stop, and that of the last activity.

    ## What to do
    Start it again in the dashboard.

    ## Known limits
    A person who stops an idle notebook leaves the same annotation. One that was in use shortly before was stopped by
    somebody, and is not told of. Of several in a namespace the one that was stopped last speaks.
    """
    culled: dict[str, list[Object]] = defaultdict(list)
    for item in ctx.snap.all(NOTEBOOK):
        idle = age_s(item.annotations.get(LAST_USED), item.annotations.get(STOPPED))
        if idle is not None and idle >= IDLE_S:
            culled[item.namespace].append(item)
    for items in culled.values():
        newest = max(items, key=lambda one: (one.annotations[STOPPED], one.name))
        stopped, used = newest.annotations[STOPPED], newest.annotations[LAST_USED]
        summary = f"was stopped as idle at {stopped}: its last activity was at {used}"
        refs = {one.ref for one in items}
        yield Finding(
            subject=newest.ref,
            summary=summary,
            evidence=(
                ctx.cite(newest, f"metadata.annotations{key(STOPPED)}"),
                ctx.cite(newest, f"metadata.annotations{key(LAST_USED)}"),
            ),
            members=tuple(sorted(refs - {newest.ref})),
            confidence=Confidence.LIKELY,
            since=stopped,
            remedies=(
                Remedy(text="start it again in the dashboard, or remove the annotation kubeflow-resource-stopped"),
                Remedy(text="raise CULL_IDLE_TIME of the notebook controller if that is too early", who="platform"),
            ),
        )
