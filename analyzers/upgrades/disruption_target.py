"""Whom pods name that were taken off their node, where nothing has to be counted: DEV213, SCH173."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

ENDED = ("pod-evicted",)
NODE = Beside(pod=("spec.nodeName",))

DISRUPTION_TARGET = signatures(
    "pod disruptions",
    origin="kubernetes/kubernetes pkg/controller/devicetainteviction (1.33 and later), pkg/kubelet/preemption",
    rows=(
        Signature(
            "DEV213",
            "dra-device-tainted",
            on=On.CONDITION,
            question=Question.KEPT,
            explains=ENDED,
            literal="DeletionByDeviceTaintManager",
            pattern=r"^DisruptionTarget=True DeletionByDeviceTaintManager: (?P<why>[^\n]{0,300})",
            summary="it was ended as a device that it had claimed was tainted NoExecute: {why}",
            means="A driver or an admin tainted a device that the pod held through a ResourceClaim, and its claim does "
            "not tolerate it.",
            remedies=(
                Remedy(
                    text="see which device is tainted, and why",
                    command="kubectl get resourceslices,devicetaintrules -o yaml",
                    who="platform",
                ),
                Remedy(text="tolerate the taint in the claim", when="the device may be used all the same"),
            ),
            beside=NODE,
        ),
        Signature(
            "SCH173",
            "preempted-by-priority",
            on=On.MESSAGE,
            question=Question.KEPT,
            explains=ENDED,
            literal="in order to admit critical pod",
            pattern=r"Preempted in order to admit critical pod",
            summary="the kubelet ended it to make room for a critical pod of the node (Preempting)",
            means="A pod with a system-critical priority, a static one or one of a DaemonSet, found no room on its "
            "node, so the kubelet ended others there.",
            remedies=(
                Remedy(
                    text="leave room for the node's own pods: reserve it (system-reserved), or ask for less",
                    command="kubectl describe node {node}",
                    who="platform",
                ),
            ),
            beside=NODE,
        ),
    ),
)
