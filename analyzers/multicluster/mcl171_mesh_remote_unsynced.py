"""MCL171: istiod does not reach another cluster of its mesh."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Basis, Confidence, Finding, LogEvidence, Question, Ref, Remedy, Severity
from diag.snapshot.kinds import Pod

DEPLOYMENT = "apps/Deployment"
# istio/istio pkg/kube/multicluster/secretcontroller.go, cluster.go
UNSYNCED = re.compile(
    r"remote cluster (?P<late>\S{1,253}) (?:failed to sync after|is timed out, omitting)"
    r"|Timed out waiting for cluster (?P<waited>\S{1,253}) to sync"
    r"|(?P<made>\S{1,253}) cluster: create remote cluster failed"
)
NAMED = "istio-remote-secret-"  # as istioctl calls the Secret of a cluster
MAX_LINES = 20_000


@rule(
    "MCL171",
    name="mesh-remote-cluster-unsynced",
    question=Question.KEPT,
    basis=Basis.SAID,
    severity=Severity.WARNING,
    inputs=("Pod", DEPLOYMENT),
)
def mesh_remote_unsynced(ctx: Context) -> Iterator[Finding]:
    """The mesh cannot reach a remote cluster, so its endpoints are missing.

    ## What it means
    Services of the mesh only have the endpoints of this cluster. Traffic does not spread, and where the local replicas
    are gone callers get 503 although the other cluster would serve.

    ## Why it happens
    The kubeconfig in the remote secret is old, or its API server is not reached from here.

    ## Evidence
    Istiod's line that names the remote cluster, after which it says nothing else of it.

    ## What to do
    Try the kubeconfig of the remote secret from here, and make it anew (`istioctl create-remote-secret`).

    ## Known limits
    Needs istiod's log since its last start. Secrets are not looked at: the name is the one that istioctl gives.
    """
    istiods = [item for item in ctx.snap.all(DEPLOYMENT) if item.labels.get("app") == "istiod"]
    told: set[str] = set()
    for pod in (pod for item in istiods for pod in ctx.snap.pods_of(item)):
        for name, line in _unsynced(ctx, pod).items():
            if name not in told:
                told.add(name)
                yield _finding(ctx, pod, name, line)


def _unsynced(ctx: Context, pod: Pod) -> dict[str, LogEvidence]:
    """Remote clusters by name with the last line that complains of them, if nothing else was said of them since."""
    found: dict[str, LogEvidence] = {}
    for container in pod.spec.containers or ():
        lines = ctx.snap.log(pod, container.name or "")
        for number, text in list(enumerate(lines, 1))[-MAX_LINES:]:
            said = UNSYNCED.search(text)
            if said is not None:
                name = next(one for one in said.groups() if one).strip("\"',")
                found[name] = ctx.cite_log(pod, container.name or "", number)
            else:
                found = {name: line for name, line in found.items() if name not in text}
    return found


def _finding(ctx: Context, pod: Pod, name: str, line: LogEvidence) -> Finding:
    secret = Ref(ctx.cluster, "v1", "Secret", pod.namespace, f"{NAMED}{name}", seen=False)
    return Finding(
        subject=secret,
        summary=f"istiod does not reach cluster {name}, so its endpoints are missing here: {line.value[:300]}",
        evidence=(line,),
        confidence=Confidence.LIKELY,
        remedies=(
            Remedy(
                text=f"try the kubeconfig of cluster {name} from here, and make its remote secret anew",
                command=f"kubectl -n {pod.namespace} get secrets -l istio/multiCluster=true",
                who="platform",
            ),
        ),
    )
