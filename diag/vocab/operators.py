"""Operators: the API groups that they serve, kinds that tell which spec was seen, and the names of their Deployments.

Only kinds that write `status.observedGeneration` are listed as `kinds`, and what makes pods for training as `jobs`.
Sources: SlinkyProject/slurm-operator api/v1beta1, ray-project/kuberay ray-operator/apis/ray/v1 and helm-chart,
knative/pkg apis/duck/v1 (KServe and Knative embed it), kubeflow/training-operator and kubeflow/trainer manifests,
kubernetes-sigs/jobset and kubernetes-sigs/lws config, kubeflow/mpi-operator deploy/, volcano-sh/volcano installer/.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator. `deployments` are names with which its Deployment ends, as a chart puts the release before them."""

    group: str
    deployments: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()


OPERATORS = (
    Operator(group="slinky.slurm.net", deployments=("slurm-operator",), kinds=("NodeSet",)),
    Operator(
        group="ray.io", deployments=("kuberay-operator",), kinds=("RayCluster",), jobs=("RayCluster", "RayJob"),
    ),
    Operator(
        group="serving.kserve.io", deployments=("kserve-controller-manager",), kinds=("InferenceService",),
    ),
    Operator(
        group="kubeflow.org", deployments=("training-operator", "mpi-operator"),
        jobs=("PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob"),
    ),
    Operator(
        group="trainer.kubeflow.org",
        deployments=("kubeflow-trainer-controller-manager", "trainer-controller-manager"), jobs=("TrainJob",),
    ),
    Operator(group="jobset.x-k8s.io", deployments=("jobset-controller-manager", "jobset-controller"), jobs=("JobSet",)),
)  # fmt: skip
