"""TRN103: trials of an Experiment ended, and their metric was never collected."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts import custom_resources
from diag.facts.pods import statuses
from diag.findings import Evidence, Finding, Question, Ref, Remedy, Severity
from diag.projection import Object
from diag.snapshot.kinds import Pod

TRIAL, EXPERIMENT = "kubeflow.org/Trial", "kubeflow.org/Experiment"
UNAVAILABLE = "MetricsUnavailable"
# kubeflow/katib pkg/webhook/v1beta1/pod: the collector is injected only into namespaces with this label.
INJECTION = "katib.kubeflow.org/metrics-collector-injection"
COLLECTOR = "metrics-logger-and-collector"
OF_TRIAL = "katib.kubeflow.org/trial"
OBJECTIVE = "spec.objective.objectiveMetricName"
RECENT_S = 24 * 3600


@rule(
    "TRN103",
    name="katib-metrics-not-reported",
    question=Question.KEPT,
    severity=Severity.WARNING,
    inputs=(TRIAL, EXPERIMENT, "Namespace", "Pod"),
)
def katib_metrics(ctx: Context) -> Iterator[Finding]:
    """The trial ended but its objective metric was not collected.

    ## What it means
    The job of a trial is complete, and Katib found no value of the objective. The trial counts for nothing, and the
    Experiment goes on or ends without a result.

    ## Why it happens
    The metrics collector is a sidecar that a webhook adds to pods of namespaces with the label
    `katib.kubeflow.org/metrics-collector-injection: enabled`; without it nobody reads the metric. Or the program does
    not print it in the form that the collector looks for.

    ## Evidence
    The trial's MetricsUnavailable condition and objective; the namespace's label and the pod's containers where they
    are in the snapshot.

    ## What to do
    Label the namespace, and print the objective as `NAME=VALUE`.

    ## Known limits
    Trials that ended more than a day ago are history, unless their Experiment goes on.
    """
    unmeasured: dict[tuple[str, str], list[Object]] = defaultdict(list)
    for item in ctx.snap.all(TRIAL):
        told = custom_resources.told(item, UNAVAILABLE)
        owner = next((one.name or "" for one in item.owners if one.kind == "Experiment"), item.name)
        above = ctx.snap.get(EXPERIMENT, item.namespace, owner)
        goes_on = above is not None and custom_resources.is_true(above, "Running")
        if told is not None and told.status == "True" and (goes_on or not ctx.older(_since(item), RECENT_S)):
            unmeasured[item.namespace, owner].append(item)
    for trials in unmeasured.values():
        yield _finding(ctx, trials)


def _since(item: Object) -> str | None:
    for _, found in custom_resources.conditions(item):
        if found["type"] == UNAVAILABLE and isinstance(found.get("lastTransitionTime"), str):
            return str(found["lastTransitionTime"])
    return None


def _finding(ctx: Context, trials: list[Object]) -> Finding:
    first = trials[0]
    told = custom_resources.told(first, UNAVAILABLE)
    proof: list[Evidence] = [ctx.cite(first, told.path)] if told else []
    metric = custom_resources.text_at(first, OBJECTIVE)
    proof += [ctx.cite(first, OBJECTIVE)] if metric else []
    space = ctx.snap.get("Namespace", "", first.namespace)
    label = f'metadata.labels["{INJECTION}"]'
    unlabelled = space is not None and space.labels.get(INJECTION) != "enabled"
    proof += [ctx.cite_or_lack(space, label)] if space is not None and unlabelled else []
    pod = next((one for one in ctx.snap.pods_in(first.namespace) if one.labels.get(OF_TRIAL) == first.name), None)
    bare = pod is not None and not any(status.name == COLLECTOR for _, status in statuses(pod))
    proof += _containers(ctx, pod) if pod is not None and bare else []
    count = f"{len(trials)} trials" if len(trials) > 1 else f"trial {first.name}"
    why = (
        f"; namespace {first.namespace} is not labelled {INJECTION}=enabled, so no collector is added to its pods"
        if unlabelled
        else f"; its pod has no container {COLLECTOR}"
        if bare
        else ""
    )
    return Finding(
        subject=first.ref,
        summary=f"{count} ended without metrics: no value of {metric or 'the objective'} was collected{why}",
        evidence=(proof[0], *proof[1:]),
        members=tuple(one.ref for one in trials[1:]),
        since=_since(first),
        remedies=_remedies(first.ref, metric, unlabelled=unlabelled),
    )


def _containers(ctx: Context, pod: Pod) -> list[Evidence]:
    return [ctx.cite(pod, f"{path}.name") for path, status in statuses(pod) if status.name]


def _remedies(ref: Ref, metric: str, *, unlabelled: bool) -> tuple[Remedy, ...]:
    label = Remedy(
        text=f"label namespace {ref.namespace} with {INJECTION}=enabled, and start the trials again",
        command=f"kubectl label namespace {ref.namespace} {INJECTION}=enabled",
        who="platform",
    )
    shown = Remedy(text=f"print the objective as {metric or 'NAME'}=VALUE, or set the collector's filter to its form")
    return (label, shown) if unlabelled else (shown,)
