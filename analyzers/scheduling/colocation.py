"""What the schedulers and admissions say that share out reclaimed capacity or parts of GPUs: SCH181 to SCH183."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy, Severity

COLOCATION = signatures(
    "co-location and GPU sharing",
    origin="koordinator-sh/koordinator pkg/scheduler/plugins/loadaware and apis/extension, kubewharf/katalyst-api "
    "pkg/consts, NVIDIA/KAI-Scheduler pkg/binder and pkg/admission",
    rows=(
        Signature(
            "SCH181",
            "koordinator-node-metric-expired",
            on=On.MESSAGE,
            question=Question.PLACED,
            explains=("pod-unscheduled",),
            literal="nodeMetric expired",
            pattern=r"(?P<nodes>\d{1,6}) node\(s\) nodeMetric expired",
            summary="{nodes} node(s) are refused as their load has not been reported for too long (nodeMetric expired)",
            means="Koordinator's load-aware filter takes only nodes whose koordlet reported its load lately, and those "
            "with room for the pod have not.",
            remedies=(
                Remedy(
                    text="look at the koordlet pods of these nodes, and at when their NodeMetrics were updated",
                    command="kubectl get nodemetrics.slo.koordinator.sh",
                    who="platform",
                ),
            ),
            refines=("gpu-capacity-exhausted",),
        ),
        Signature(
            "SCH182",
            "reclaimed-capacity-exhausted",
            on=On.MESSAGE,
            question=Question.PLACED,
            explains=("pod-unscheduled",),
            literal="Insufficient ",
            # Where other nodes are out for another reason, that may be what has to be mended.
            pattern=r"nodes are available: (?P<nodes>\d{1,6}) Insufficient "
            r"(?P<resource>kubernetes\.io/(?:batch|mid)-(?:cpu|memory)|resource\.katalyst\.kubewharf\.io/reclaimed_(?:millicpu|memory))(?:\.|$)",
            summary="{nodes} node(s) have too little {resource} left: what online pods leave is lent or was taken back",
            means="The pod asks for capacity that is lent from online pods. They use more of it now, or other such "
            "pods hold it.",
            remedies=(
                Remedy(text="wait for a quieter hour, or ask for less of it"),
                Remedy(
                    text="see what each node has of it: it shrinks as online pods grow",
                    command="kubectl describe nodes",
                    who="platform",
                ),
            ),
        ),
        Signature(
            "SCH183",
            "gpu-fraction-conflict",
            on=On.MESSAGE,
            also_on=(On.EVENT, On.CONDITION),
            question=Question.CREATED,
            explains=("pod-not-created",),
            literal="GPU",
            pattern=r"(?P<why>cannot have both GPU fraction request and whole GPU resource request/limit"
            r"|cannot request both GPU and GPU memory|attempting to create a pod with gpu sharing request, while GPU "
            r"sharing is disabled|MPS is only supported with GPU fraction request"
            r"|cannot request multiple fractional devices without specifying fraction[^\n.]{0,60})",
            summary="its pods are refused: {why}",
            means="The pod asks for a part of a GPU beside whole ones, or sharing is not switched on in the scheduler.",
            remedies=(
                Remedy(text="ask either for a fraction (annotation gpu-fraction or gpu-memory) or for whole GPUs"),
                Remedy(
                    text="switch GPU sharing on in the scheduler's configuration",
                    who="platform",
                    when="it says that sharing is disabled",
                ),
            ),
            refines=("admission-webhook-denied",),
        ),
        Signature(
            "SCH193",
            "katalyst-config-overlap",
            on=On.CONDITION,
            question=Question.READY,
            explains=("custom-resource-not-ready",),
            root="member",
            severity=Severity.WARNING,
            reasons=("TargetTypeOverlap",),
            literal="overlap with other kcc",
            pattern=r"overlap with other kcc \[(?P<others>[^\]]{1,300})\]",
            summary="claims a target type that another KatalystCustomConfig claims, too ({others}), so it is invalid",
            means="Each type of Katalyst's configuration belongs to one KatalystCustomConfig. Where two claim the "
            "same, the nodes keep the configuration that they have.",
            remedies=(
                Remedy(
                    text="see which of them claims what: spec.targetType and spec.nodeLabelSelectorAllowedKeyList",
                    command="kubectl get kcc -A -o yaml",
                    who="platform",
                ),
                Remedy(text="delete or change the one that is not meant", who="platform", risk="disruptive"),
            ),
            source="kubewharf/katalyst-core pkg/controller/kcc",
        ),
    ),
)
