"""QUO643: Armada's executor may not make the pods of a job."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Basis, Confidence, Finding, LogEvidence, Question, Ref, Remedy
from diag.projection import Object, dicts
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod

DEPLOYMENT, NAMESPACE = "apps/Deployment", "Namespace"
IMAGE = "armada-executor"  # armadaproject/armada deployment/executor
# The API server's answers to the executor, which logs them as they are (kubernetes/apiserver
# pkg/endpoints/handlers/responsewriters, kubernetes/apimachinery pkg/api/errors).
REFUSED = re.compile(
    r'pods is forbidden: User "(?P<user>[^"\\]{1,253})" cannot create resource "pods" in API group "" in the namespace '
    r'"(?P<namespace>[a-z0-9-]{1,63})"|namespaces "(?P<missing>[a-z0-9-]{1,63})" not found'
)
MAX_LINES = 20_000


@rule(
    "QUO643",
    name="armada-executor-forbidden",
    question=Question.CREATED,
    basis=Basis.SAID,
    inputs=(DEPLOYMENT, NAMESPACE, "Pod"),
)
def armada_executor_forbidden(ctx: Context) -> Iterator[Finding]:
    """Armada's executor may not create pods in the namespace of a job.

    ## What it means
    Armada leased the job to this cluster, and the API server refuses its pod. The job fails at once: no pod, event or
    other object tells of it here.

    ## Why it happens
    The namespace does not exist in this cluster, or the executor's role does not reach it.

    ## Evidence
    The executor's log with the API server's words.

    ## What to do
    Create the namespace, or bind the executor's role in it.

    ## Known limits
    Needs the executor's log. A namespace that is there by now is not told as missing; rights are not looked at again.
    """
    told: set[str] = set()
    executors = [item for item in ctx.snap.all(DEPLOYMENT) if _is_executor(item)]
    for pod in (pod for item in executors for pod in ctx.snap.pods_of(item)):
        for said, line in _refusals(ctx, pod):
            name = said["namespace"] or said["missing"]
            there = ctx.snap.get(NAMESPACE, "", name)
            if name not in told and (there is None or said["namespace"]):
                told.add(name)
                yield _finding(ctx, there.ref if there is not None else None, said, line)


def _is_executor(item: Object) -> bool:
    containers = dicts(value_at(item.whole, "spec.template.spec.containers"))
    return any(IMAGE in str(one.get("image")) for one in containers)


def _refusals(ctx: Context, pod: Pod) -> Iterator[tuple[re.Match[str], LogEvidence]]:
    """The API server's refusals, the newest first."""
    for container in pod.spec.containers or ():
        lines = ctx.snap.log(pod, container.name or "")
        for number in range(len(lines), max(len(lines) - MAX_LINES, 0), -1):
            said = REFUSED.search(lines[number - 1].replace('\\"', '"'))
            if said is not None:
                yield said, ctx.cite_log(pod, container.name or "", number)


def _finding(ctx: Context, there: Ref | None, said: re.Match[str], line: LogEvidence) -> Finding:
    name = said["namespace"] or said["missing"]
    subject = there or Ref(ctx.cluster, "v1", NAMESPACE, "", name, seen=False)
    if said["namespace"]:
        why = f"lets {said['user']} create no pods, so jobs of Armada fail here without a pod"
        remedy = Remedy(
            text=f"bind the executor's role in namespace {name}", who="platform",
            command=f"kubectl auth can-i create pods -n {name} --as {said['user']}",
        )  # fmt: skip
    else:
        why = "does not exist, so jobs of Armada fail here without a pod"
        remedy = Remedy(text=f"create namespace {name}, or submit to another", who="platform")
    return Finding(
        subject=subject,
        summary=why,
        evidence=(line,),
        confidence=Confidence.LIKELY,
        remedies=(remedy,),
    )
