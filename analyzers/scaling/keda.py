"""What KEDA says of scalers that cannot read their metric or have no target."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy, Severity

KEDA = signatures(
    "keda",
    origin="kedacore/keda pkg/eventreason/eventreason.go, pkg/scaling/scale_handler.go, controllers/keda (2.8 to 2.20)",
    exclusive=True,
    rows=(
        Signature(
            "SCL301",
            "keda-scale-target-missing",
            on=On.CONDITION,
            question=Question.SCALED,
            explains=("scale-up-missing",),
            reasons=("ScaledObjectCheckFailed",),
            literal="scaleTargetRef",
            pattern=r'scaleTargetRef specification: (?P<target>[a-z0-9.]{1,100} "[^"]{1,253}") not found',
            severity=Severity.WARNING,
            summary="scales {target}, which does not exist (ScaledObjectCheckFailed)",
            means="The target was renamed or deleted, so KEDA makes no autoscaler.",
            remedies=(Remedy(text="correct spec.scaleTargetRef, or delete the ScaledObject"),),
        ),
        Signature(
            "SCL302",
            "keda-query-returns-many-series",
            on=On.EVENT,
            question=Question.SCALED,
            explains=("scale-up-missing",),
            reasons=("KEDAScalerFailed",),
            literal="returned multiple elements",
            pattern=r"(?P<said>.{0,300}returned multiple elements)",
            severity=Severity.WARNING,
            summary="its query returns several series where one is needed: {said}",
            means="KEDA takes one number for each trigger.",
            remedies=(Remedy(text="aggregate in the query, for example with sum()"),),
        ),
        Signature(
            "SCL303",
            "keda-metric-empty",
            on=On.EVENT,
            question=Question.SCALED,
            explains=("scale-up-missing",),
            reasons=("KEDAScalerFailed",),
            literal="the result is empty",
            pattern=r"(?P<said>.{0,300}the result is empty)",
            severity=Severity.WARNING,
            summary="its query returns nothing: {said}",
            means="The metric is not scraped, or the query selects no series.",
            remedies=(
                Remedy(text="run the query by hand, and see whether anything scrapes the pods that should export it"),
            ),
        ),
        Signature(
            "SCL304",
            "keda-trigger-failing",
            on=On.EVENT,
            question=Question.SCALED,
            explains=("scale-up-missing",),
            reasons=("KEDAScalerFailed",),
            literal=" ",
            pattern=r"(?P<said>\S.{0,600})",
            severity=Severity.WARNING,
            summary="its trigger cannot be read: {said}",
            means="The metric source does not answer, so nothing is scaled.",
            remedies=(
                Remedy(
                    text="repair the address or credentials of the trigger's source; meanwhile a fallback helps",
                    who="platform",
                ),
            ),
        ),
        Signature(
            "SCL305",
            "keda-trigger-failing",
            on=On.CONDITION,
            question=Question.SCALED,
            explains=("scale-up-missing",),
            reasons=("ScaledObjectCheckFailed",),
            literal="riggerauthentications",
            pattern=r'(?P<said>[^\n]{0,300}triggerauthentications[a-z0-9.]{0,100} "[^"]{1,253}" not found)',
            severity=Severity.WARNING,
            summary="its trigger names credentials that do not exist: {said}",
            means="The TriggerAuthentication was renamed or deleted, or lies in another namespace.",
            remedies=(
                Remedy(
                    text="correct authenticationRef of the trigger, or create what it names",
                    command="kubectl get triggerauthentications -A",
                ),
            ),
        ),
    ),
)  # fmt: skip
