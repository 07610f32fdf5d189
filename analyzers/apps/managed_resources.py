"""What infrastructure providers say of resources that they manage for others: APP551 to APP553."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

REMEDIES = (
    Remedy(text="read what the provider was told, and correct the spec, the credentials or the quota that it names"),
    Remedy(text="look at the provider's log, where its message is cut short", who="platform"),
)

MANAGED = signatures(
    "infrastructure providers",
    origin="crossplane/crossplane-runtime apis/common/condition.go, aws-controllers-k8s/runtime apis/core/v1alpha1",
    exclusive=True,
    rows=(
        Signature(
            "APP551",
            "provider-reconcile-error",
            on=On.CONDITION,
            question=Question.READY,
            explains=("custom-resource-not-ready",),
            literal="Synced=False ReconcileError",
            pattern=r"^Synced=False ReconcileError: (?P<why>[^\n]{0,400})",
            summary="its provider cannot make it so: {why}",
            remedies=REMEDIES,
            root="member",
            means="The provider asked the cloud, and the cloud refused.",
        ),
        Signature(
            "APP552",
            "provider-reconcile-error",
            on=On.CONDITION,
            question=Question.READY,
            explains=("custom-resource-not-ready",),
            literal="ACK.Terminal=True",
            pattern=r"^ACK\.Terminal=True [^:]{0,100}: (?P<why>[^\n]{0,400})",
            summary="its controller has given up, as the cloud refuses the spec: {why}",
            remedies=REMEDIES,
            root="member",
            means="The controller does not try again until the spec is changed.",
        ),
        Signature(
            "APP553",
            "provider-reconcile-error",
            on=On.CONDITION,
            question=Question.READY,
            explains=("custom-resource-not-ready",),
            literal="ACK.Recoverable=True",
            pattern=r"^ACK\.Recoverable=True[^:]{0,100}: (?P<why>[^\n]{0,400})",
            summary="its controller is refused by the cloud, and tries again: {why}",
            remedies=REMEDIES,
            root="member",
            means="The cloud refuses for a reason that may pass: credentials, a limit, a thing that is to come.",
        ),
    ),
)
