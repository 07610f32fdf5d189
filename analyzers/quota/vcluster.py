"""What the syncer of a virtual cluster says when the host refuses a pod."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

VCLUSTER = signatures(
    "vcluster syncer",
    origin="loft-sh/vcluster pkg/controllers/resources/pods",
    rows=(
        Signature(
            "QUO011",
            "vcluster-host-quota-exceeded",
            on=On.EVENT,
            question=Question.CREATED,
            explains=("pod-unscheduled",),
            reasons=("SyncError",),
            literal="exceeded quota",
            pattern=r"exceeded quota: (?P<quota>[a-z0-9.-]{1,253}), requested: (?P<asked>\S{1,200}), "
            r"used: (?P<used>\S{1,200}), limited: (?P<limited>\S{1,200})",
            root="member",
            summary="it is not created on the host cluster: ResourceQuota {quota} of the host namespace allows "
            "{limited}, of which {used} is used, and the pod asks for {asked}",
            means="The pod of the virtual cluster needs a pod on the host, and the host namespace's quota refuses it.",
            remedies=(
                Remedy(text="have the host's ResourceQuota {quota} raised, or free what it holds", who="platform"),
                Remedy(text="ask for less, or end other GPU pods of this virtual cluster"),
            ),
        ),
        Signature(
            "QUO012",
            "vcluster-runtimeclass-not-on-host",
            on=On.EVENT,
            question=Question.CREATED,
            explains=("pod-unscheduled",),
            reasons=("SyncError",),
            literal="RuntimeClass",
            pattern=r'RuntimeClass "(?P<name>[a-z0-9.-]{1,253})" not found',
            root="member",
            summary="it is not created on the host cluster: RuntimeClass {name} exists only in the virtual cluster",
            means="RuntimeClasses are not copied to the host unless the virtual cluster is told so.",
            remedies=(
                Remedy(
                    text="create RuntimeClass {name} on the host, or sync RuntimeClasses from the host", who="platform"
                ),
                Remedy(text="or leave spec.runtimeClassName out"),
            ),
        ),
    ),
)
