"""What the API server says when it refuses pods because of what their template names."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

POD_ADMISSION = signatures(
    "Kubernetes pod admission",
    origin="kubernetes/kubernetes plugin/pkg/admission/{priority,runtimeclass}",
    rows=(
        Signature(
            "APP011",
            "priority-class-missing",
            on=On.MESSAGE,
            question=Question.CREATED,
            explains=("pod-not-created",),
            literal="no PriorityClass with name",
            pattern=r"no PriorityClass with name (?P<name>[a-z0-9.-]{1,253}) was found",
            summary="its pods name PriorityClass {name}, which does not exist, so they are not created",
            means="The pod template names a PriorityClass that is not in the cluster.",
            remedies=(
                Remedy(text="name a PriorityClass that exists", command="kubectl get priorityclasses"),
                Remedy(text="or create PriorityClass {name}", who="platform"),
            ),
        ),
        Signature(
            "APP012",
            "runtimeclass-missing",
            on=On.MESSAGE,
            question=Question.CREATED,
            explains=("pod-not-created",),
            literal="RuntimeClass",
            pattern=r'pod rejected: RuntimeClass "(?P<name>[a-z0-9.-]{1,253})" not found',
            summary="its pods name RuntimeClass {name}, which does not exist, so they are not created",
            means="The pod template names a RuntimeClass that is not in the cluster, often `nvidia` before the operator"
            " made it.",
            remedies=(
                Remedy(
                    text="create RuntimeClass {name} (the GPU operator makes `nvidia` when its toolkit is on)",
                    command="kubectl get runtimeclasses",
                    who="platform",
                ),
                Remedy(text="or leave spec.runtimeClassName out where the runtime is the node's default"),
            ),
        ),
    ),
)
