"""Operators: the API groups that they serve, kinds that tell which spec was seen, and the names of their Deployments.

Only kinds that write `status.observedGeneration` are listed.
Sources: SlinkyProject/slurm-operator api/v1beta1, ray-project/kuberay ray-operator/apis/ray/v1 and helm-chart,
knative/pkg apis/duck/v1 (KServe embeds it), kubernetes-sigs/kueue config/components/manager.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator. `deployments` are names with which its Deployment ends, as a chart puts the release before them."""

    group: str
    deployments: tuple[str, ...]
    kinds: tuple[str, ...]


# It writes no `status.observedGeneration`: a Workload that it has not seen has no condition.
KUEUE = Operator(group="kueue.x-k8s.io", deployments=("kueue-controller-manager",), kinds=())
OPERATORS = (
    Operator(group="slinky.slurm.net", deployments=("slurm-operator",), kinds=("NodeSet",)),
    Operator(group="ray.io", deployments=("kuberay-operator",), kinds=("RayCluster",)),
    Operator(group="serving.kserve.io", deployments=("kserve-controller-manager",), kinds=("InferenceService",)),
)
