"""What any kind may write, by the conventions that most operators keep."""

from diag.vocab.polarity.entry import Entry

ENTRIES = (
    Entry(
        kinds=("*",),
        source="kubernetes/community sig-architecture/api-conventions.md",
        good=("Ready", "Available", "Healthy"),
        # Reasons of work that is under way or of somebody's will.
        excused=(
            "Paused",
            "Suspended",
            "Stopped",
            "Hibernated",
            "ReconcilePaused",
            "Creating",
            "Deleting",
            "Terminating",
            "Completed",
        ),
    ),
    Entry(
        kinds=("*",),
        source="kubernetes-sigs/cli-utils pkg/kstatus: both are absent or False while all is well",
        bad=("Stalled",),
        neutral=("Reconciling", "Progressing", "Paused", "Suspended"),
    ),
    Entry(
        kinds=("*",),
        source="openshift/api config/v1, kept by most operators: Degraded names a fault",
        bad=("Degraded",),
    ),
)
