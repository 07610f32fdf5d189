"""What a virtual kubelet says of pods that its provider refuses or has lost."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

VIRTUAL_KUBELET = signatures(
    "virtual kubelet",
    origin="virtual-kubelet/virtual-kubelet node/pod.go, node/sync.go",
    rows=(
        Signature(
            "MCL131",
            "virtual-kubelet-create-failed",
            on=On.MESSAGE,
            question=Question.STARTED,
            explains=("container-not-started", "pod-failed"),
            literal="ProviderFailed",
            pattern=r"^(?:\w+: )?ProviderFailed: (?P<said>.{1,500})",
            beside=Beside(pod=("spec.nodeName", "status.reason")),
            summary="the provider behind the virtual node refuses it: {said}",
            means="The node stands for somebody else's service, and that service does not create the container group.",
            remedies=(Remedy(text="raise the provider's quota, or ask for what it offers", who="cloud"),),
        ),
        Signature(
            "MCL132",
            "virtual-kubelet-pod-lost",
            on=On.MESSAGE,
            question=Question.KEPT,
            explains=("pod-failed",),
            literal="may have been deleted from the provider",
            pattern=r"may have been deleted from the provider",
            beside=Beside(pod=("spec.nodeName", "status.reason")),
            summary="what ran for it vanished at the provider: nothing in the cluster ended it",
            means="The instance behind the pod was deleted or reclaimed outside the cluster.",
            remedies=(
                Remedy(
                    text="make the work restartable; the provider's own log of that instance says more", who="cloud"
                ),
            ),
        ),
    ),
)
