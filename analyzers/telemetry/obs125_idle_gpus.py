"""OBS125: notebooks that hold GPUs and have not been used for long."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.gpus import gpus_of, pod_requests
from diag.facts.pods import occupies_node
from diag.facts.words import count_of
from diag.findings import Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import key
from diag.trouble.shapes import main_gpu, request_path

NOTEBOOK = "kubeflow.org/Notebook"
# kubeflow/kubeflow components/notebook-controller/pkg/culler/culler.go
ACTIVE, STOPPED = "notebooks.kubeflow.org/last-activity", "kubeflow-resource-stopped"
IDLE_S = 24 * 3600  # its own default for culling (CULL_IDLE_TIME)
HOUR_S = 3600


@rule(
    "OBS125",
    name="gpus-held-by-idle-pods",
    question=Question.PLACED,
    severity=Severity.INFO,
    inputs=(NOTEBOOK, "Pod"),
)
def idle_gpus(ctx: Context) -> Iterator[Finding]:
    """GPUs are allocated to pods that do not use them.

    ## What it means
    A notebook holds GPUs as long as its pod runs, whether anybody works in it or not. Nothing is broken; others may
    wait for these GPUs.

    ## Why it happens
    Culling of idle notebooks is off, or its time is longer than a day.

    ## Evidence
    The time of the notebook's last activity, which Kubeflow writes, and the GPUs that its pod holds.

    ## What to do
    Ask its owner to stop it, or switch culling on (`ENABLE_CULLING`, `CULL_IDLE_TIME` of the notebook controller).

    ## Known limits
    Only notebooks tell when they were used. Whether another pod uses its GPUs stands in metrics, which are not read
    here. A terminal or a script that runs without the browser counts as no activity.
    """
    for item in ctx.snap.all(NOTEBOOK):
        last = item.annotations.get(ACTIVE, "")
        if STOPPED in item.annotations or not ctx.older(last, IDLE_S):
            continue
        found = _held(ctx, item)
        hours = int((ctx.age(last) or 0) / HOUR_S)
        if found is not None:
            count, proof = found
            yield Finding(
                subject=item.ref,
                summary=f"holds {count_of(count, 'GPU')} and was last used {hours} hours ago ({last})",
                evidence=as_proof([ctx.cite(item, f"metadata.annotations{key(ACTIVE)}"), *proof]),
                since=last,
                remedies=(
                    Remedy(text="ask its owner, and stop it where it is not needed", risk="disruptive"),
                    Remedy(
                        text="switch culling on: ENABLE_CULLING and CULL_IDLE_TIME of the notebook controller",
                        who="platform",
                        risk="disruptive",
                    ),
                ),
            )


def _held(ctx: Context, item: Object) -> tuple[int, list[Evidence]] | None:
    """The GPUs that the notebook's pods hold on their nodes."""
    count = 0
    proof: list[Evidence] = []
    for pod in ctx.snap.pods_of(item):
        requests = pod_requests(pod)
        resource = main_gpu(requests)
        path = request_path(pod, resource) if resource else None
        if occupies_node(pod) and path is not None:
            count += sum(gpus_of(requests).values())
            proof += [ctx.cite(pod, path), ctx.cite(pod, "spec.nodeName")]
    return (count, proof) if count else None
