"""What the HorizontalPodAutoscaler says of itself when it cannot scale."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy, Severity

HPA = signatures(
    "horizontal pod autoscaler",
    origin="kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go, replica_calculator.go (1.21 to 1.36)",
    rows=(
        Signature(
            "SCL201",
            "hpa-gpu-not-a-resource-metric",
            on=On.CONDITION,
            question=Question.SCALED,
            explains=("scale-up-missing",),
            literal="FailedGetResourceMetric",
            pattern=r"ScalingActive=False FailedGetResourceMetric: .{0,200}?failed to get "
            r"(?P<resource>[a-z0-9.-]{1,63}/\S{1,63}) (?:utilization|usage)",
            root="member",
            severity=Severity.WARNING,
            refines=("hpa-metrics-api-missing",),
            summary="asks for the usage of {resource} as a Resource metric (FailedGetResourceMetric), which "
            "metrics-server never has",
            means="metrics-server measures CPU and memory only; that pods might be unready is a misleading guess.",
            remedies=(
                Remedy(text="scale on a metric of the model server (requests waiting) or of DCGM, through an adapter"),
            ),
        ),
        Signature(
            "SCL202",
            "hpa-metrics-api-missing",
            on=On.CONDITION,
            question=Question.SCALED,
            explains=("scale-up-missing",),
            literal="metrics API",
            pattern=r"ScalingActive=False (?P<reason>FailedGet\w{1,40}Metric): .{0,200}?"
            r"(?:unable to get metric (?P<metric>[\w:./-]{1,120}): )?"
            r"(?:unable to fetch metrics from|no metrics returned from) (?P<api>\w{1,20} metrics API)"
            r"(?!: rpc error)(?:: (?P<why>.{0,200}))?",
            root="member",
            severity=Severity.WARNING,
            summary="reads {metric} from the {api}, which does not serve it ({reason}): {why}",
            means="No adapter serves that API, or it does not know the metric.",
            remedies=(
                Remedy(
                    text="install or repair the adapter behind the {api}", who="platform",
                    command="kubectl get apiservices",
                ),
            ),
        ),
        Signature(
            "SCL203",
            "hpa-selector-ambiguous",
            on=On.CONDITION,
            question=Question.SCALED,
            explains=("scale-up-missing",),
            literal="AmbiguousSelector",
            pattern=r"ScalingActive=False AmbiguousSelector: (?P<said>.{0,300})",
            root="member",
            severity=Severity.WARNING,
            summary="shares its pods with another HorizontalPodAutoscaler, and both stop: {said}",
            means="Two autoscalers select the same pods.",
            remedies=(Remedy(text="delete one of them, or make their selectors disjoint"),),
        ),
        Signature(
            "SCL204",
            "hpa-target-missing",
            on=On.CONDITION,
            question=Question.SCALED,
            explains=("scale-up-missing",),
            literal="FailedGetScale",
            pattern=r'AbleToScale=False FailedGetScale: .{0,200}?(?P<target>[a-z0-9.]{1,100} "[^"]{1,253}") not found',
            root="member",
            severity=Severity.WARNING,
            summary="scales {target}, which does not exist",
            means="The scale target was renamed or deleted.",
            remedies=(Remedy(text="correct spec.scaleTargetRef, or delete the autoscaler"),),
        ),
        Signature(
            "SCL206",
            "hpa-target-not-scalable",
            on=On.CONDITION,
            question=Question.SCALED,
            explains=("scale-up-missing",),
            literal="FailedGetScale",
            pattern=r"AbleToScale=False FailedGetScale: .{0,200}?"
            r"(?P<why>the server could not find the requested resource"
            r"|no matches for kind \"[^\"]{1,253}\"(?: in group \"[^\"]{0,253}\")?)",
            root="member",
            severity=Severity.WARNING,
            summary="scales an object of a kind that has no scale subresource, or that is not installed: {why}",
            means="A DaemonSet, a Job or a bare Pod cannot be scaled, nor a resource whose definition has no scale "
            "subresource.",
            remedies=(
                Remedy(text="see what it names", command="kubectl get hpa -A -o wide"),
                Remedy(text="let spec.scaleTargetRef name a Deployment, a StatefulSet or another kind with a scale"),
            ),
        ),
        Signature(
            "SCL205",
            "hpa-target-without-requests",
            on=On.CONDITION,
            question=Question.SCALED,
            explains=("scale-up-missing",),
            literal="missing request for",
            pattern=r"ScalingActive=False \w{1,60}: .{0,200}?missing request for (?P<resource>\S{1,63}) in container "
            r"(?P<container>\S{1,63})",
            root="member",
            severity=Severity.WARNING,
            summary="cannot compute utilisation: container {container} of its target states no request for {resource}",
            means="Utilisation is a share of the request.",
            remedies=(Remedy(text="state a request for {resource} in container {container}"),),
        ),
    ),
)  # fmt: skip
