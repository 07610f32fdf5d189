"""TRN235: a job of a training operator that nobody acts on, as its operator is not there or does not run."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import is_held
from diag.facts.words import count_of, listed
from diag.findings import Confidence, Evidence, Finding, Question, Ref, Remedy, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Controller
from diag.vocab.training import JOBSET

DEPLOYMENT, SYSTEM = "apps/Deployment", "kube-system"
CRD = "apiextensions.k8s.io/CustomResourceDefinition"
LASTING_S = 10 * 60
MANAGED_BY = ("spec.managedBy", "spec.runPolicy.managedBy")  # of another cluster's or another controller


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """An operator: the kinds that it acts on at once, their plural, and what its Deployment or image is called."""

    kinds: tuple[str, ...]
    plurals: tuple[str, ...]
    called: tuple[str, ...]


# kubeflow/trainer (branches release-1.9 and master) manifests, kubeflow/mpi-operator deploy, kubernetes-sigs/jobset
# config, ray-project/kuberay helm-chart
OPERATORS = (
    Operator(
        kinds=("kubeflow.org/PyTorchJob", "kubeflow.org/TFJob", "kubeflow.org/XGBoostJob", "kubeflow.org/JAXJob"),
        plurals=("pytorchjobs.kubeflow.org", "tfjobs.kubeflow.org", "xgboostjobs.kubeflow.org", "jaxjobs.kubeflow.org"),
        called=("training-operator",),
    ),
    Operator(
        kinds=("kubeflow.org/MPIJob",), plurals=("mpijobs.kubeflow.org",), called=("mpi-operator", "training-operator")
    ),
    Operator(
        kinds=("trainer.kubeflow.org/TrainJob",), plurals=("trainjobs.trainer.kubeflow.org",), called=("trainer",)
    ),
    Operator(kinds=(JOBSET,), plurals=("jobsets.jobset.x-k8s.io",), called=("jobset",)),
    Operator(
        kinds=("ray.io/RayJob", "ray.io/RayCluster"), plurals=("rayjobs.ray.io", "rayclusters.ray.io"),
        called=("kuberay", "ray-operator"),
    ),
)  # fmt: skip


@rule(
    "TRN235",
    name="training-operator-missing",
    question=Question.CREATED,
    inputs=(*(kind for one in OPERATORS for kind in one.kinds), DEPLOYMENT, CRD, "Event"),
    visits={DEPLOYMENT: 1},
)
def training_operator_missing(ctx: Context) -> Iterator[Finding]:
    """No controller acts on the job: it has no status, no event and no pod.

    ## What it means
    The API server takes any object whose definition is installed. Without the operator nothing follows: no pod is made
    and nothing is said.

    ## Why it happens
    Only the definitions were installed, the operator was removed or scaled to zero, or another of its versions runs.

    ## Evidence
    The job without a status minutes after it was made, and the operator's Deployment that has no ready pod, or that no
    Deployment is called like it.

    ## What to do
    Install or start the operator; the jobs follow by themselves.

    ## Known limits
    An operator is known by the name or the image of its Deployment. That none is there is said only where the
    Deployments of kube-system were read as well, and is likely at most. Silent for jobs that are held back, or that
    another controller manages (`managedBy`).
    """
    untouched = {one: items for one in OPERATORS if (items := _untouched(ctx, one))}
    deployments = [item for item in ctx.snap.all(DEPLOYMENT) if isinstance(item, Controller)] if untouched else []
    for operator, items in untouched.items():
        found = [item for item in deployments if _is_called(item, operator.called)]
        down = [item for item in found if not item.status.ready_replicas and not item.status.available_replicas]
        if found and len(down) == len(found):
            yield _finding(ctx, operator, items, down[0])
        elif not found and ctx.snap.holds(DEPLOYMENT, SYSTEM):
            yield _finding(ctx, operator, items, None)


def _untouched(ctx: Context, operator: Operator) -> list[Object]:
    """Jobs on which nobody has acted for minutes although nothing holds them back."""
    return [
        item
        for kind in operator.kinds
        for item in ctx.snap.all(kind)
        if not item.whole.get("status")
        and not item.metadata.deletion_timestamp
        and not is_held(item)
        and not any(isinstance(value_at(item.whole, path), str) for path in MANAGED_BY)
        and ctx.older(item.created, LASTING_S)
        and not ctx.snap.children_of(item)
        and not ctx.snap.events(item)
    ]


def _is_called(item: Controller, words: tuple[str, ...]) -> bool:
    images = [str(one.get("image")) for one in dicts(value_at(item.whole, "spec.template.spec.containers"))]
    return any(word in text for word in words for text in (item.name, *images))


def _finding(ctx: Context, operator: Operator, items: list[Object], down: Controller | None) -> Finding:
    names = listed([f"{item.kind} {item.namespace}/{item.name}" for item in items], 3)
    proof: list[Evidence] = [ctx.lack(item, "status.conditions") for item in items[:3]]
    definition = next((item for one in operator.plurals if (item := ctx.snap.get(CRD, "", one)) is not None), None)
    if down is not None:
        proof.insert(0, ctx.cite_or_lack(down, "status.readyReplicas"))
        subject, why = down.ref, "has no ready pod"
    else:
        subject = definition.ref if definition is not None else items[0].ref
        why = f"has no operator: no Deployment is called {' or '.join(operator.called)}"
    needs: tuple[Ref, ...] = (down.ref,) if down is not None else ()
    return Finding(
        subject=subject,
        summary=f"{why}, so nobody acts on {names}: {count_of(len(items), 'object')} without a status",
        evidence=as_proof(proof),
        members=tuple(item.ref for item in items if item.ref != subject),
        confidence=Confidence.LIKELY,
        since=min((item.created for item in items if item.created), default=None),
        needs=needs,
        remedies=(
            Remedy(
                text="start the operator, or install it; the jobs follow by themselves", who="platform",
                command="kubectl get deployments -A",
            ),
        ),
    )  # fmt: skip
