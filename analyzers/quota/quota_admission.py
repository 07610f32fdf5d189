"""What quota admission says that needs no arithmetic."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

QUOTA_ADMISSION = signatures(
    "Kubernetes quota admission",
    origin="kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go",
    rows=(
        Signature(
            "QUO004",
            "critical-priority-quota-missing",
            on=On.MESSAGE,
            question=Question.CREATED,
            explains=("pod-not-created",),
            literal="insufficient quota to match these scopes",
            pattern=r"insufficient quota to match these scopes: (?P<scopes>\[[^\n]{1,300}\])",
            summary="its pods have a priority class that is allowed only where a ResourceQuota has the scope {scopes}, "
            "and its namespace has none",
            means="The API server limits pods of some priority classes (system-node-critical, system-cluster-critical) "
            "to namespaces with a ResourceQuota of that scope; clouds do so by default.",
            remedies=(
                Remedy(
                    text="create a ResourceQuota in the namespace whose scopeSelector names the priority class",
                    command="kubectl get resourcequotas -A -o yaml",
                    who="platform",
                ),
                Remedy(text="or drop priorityClassName from the pod template"),
            ),
        ),
    ),
)
