"""TRN208: what Argo's own container says of artifacts that it cannot store."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

ARGO_ARTIFACTS = signatures(
    "Argo's executor",
    origin="argoproj/argo-workflows workflow/artifacts (s3, oss: put file, directory), pkg/apis/workflow/v1alpha1 "
    "(ArtifactLocation.Get), cmd/argoexec/commands/wait.go (its error becomes the termination message)",
    containers=r"^wait ",
    rows=(
        Signature(
            "TRN208",
            "argo-artifact-upload-failed",
            on=On.ENDED,
            also_on=(On.LOG,),
            question=Question.KEPT,
            explains=("pod-failed", "job-failed"),
            literal=" to ",
            pattern=r"(?P<why>(?:failed to put (?:file|directory)\b[^\n]{0,300}"
            r"|You need to configure artifact storage))",
            root="member",
            refines=("model-path-missing", "object-store-access-denied", "object-store-throttled"),
            summary="what the step made could not be stored: {why}",
            means="Argo's container `wait` stores the artifacts of a step after its work, and the object store "
            "refused. The step counts as failed.",
            remedies=(
                Remedy(
                    text="see which store the artifacts go to",
                    command="kubectl get configmap -A --field-selector "
                    "metadata.name=workflow-controller-configmap -o yaml",
                    who="platform",
                ),
                Remedy(text="correct the bucket, its credentials or its policy, and retry the workflow (argo retry)"),
            ),
        ),
    ),
)
