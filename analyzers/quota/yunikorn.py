"""QUO605: what YuniKorn says of a pod that its user's share leaves no room for."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

YUNIKORN = signatures(
    "YuniKorn",
    origin="apache/yunikorn-core pkg/scheduler/objects/events/ask_events.go",
    rows=(
        Signature(
            "QUO605",
            "yunikorn-user-quota-exceeded",
            on=On.EVENT,
            question=Question.ADMITTED,
            explains=("pod-unscheduled",),
            reasons=("Informational",),
            literal="exceeds the available user quota",
            pattern=r"exceeds the available user quota \(requested (?P<asked>.{1,300}?), "
            r"available (?P<left>.{1,300}?)\)$",
            summary="its user or group is at the limit that its queue sets for one (user quota): asked for {asked}, "
            "left {left}",
            means="A queue limits what one user or group may hold (`limits` in queues.yaml), whatever else is free.",
            remedies=(
                Remedy(
                    text="see which applications of the same user hold the share, and wait until they end",
                    command="kubectl get pods -A -l applicationId -o wide",
                ),
                Remedy(text="raise the limit of the user or group in queues.yaml", who="queue-admin"),
            ),
        ),
    ),
)
