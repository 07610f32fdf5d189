"""What Kueue's controllers say about jobs of which they make no Workload."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

KUEUE = signatures(
    "Kueue job controllers",
    origin="kubernetes-sigs/kueue pkg/controller/jobframework",
    rows=(
        Signature(
            "QUO129",
            "kueue-priority-class-missing",
            on=On.EVENT,
            question=Question.ADMITTED,
            explains=("workload-not-admitted",),
            reasons=("WorkloadPriorityClassNotFound",),
            literal="not found",
            pattern=r"(?P<text>[^\n]{0,400}not found)",
            summary="names a WorkloadPriorityClass that does not exist, so no Workload is made: {text}",
            means="The label kueue.x-k8s.io/priority-class names a class that is not there.",
            remedies=(
                Remedy(text="name a class that exists", command="kubectl get workloadpriorityclasses"),
                Remedy(text="or create it", who="queue-admin"),
            ),
        ),
    ),
)
