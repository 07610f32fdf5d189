"""QUO613, QUO614: what KAI-Scheduler says of topologies that it does not know, and of gangs that lost a member."""

from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

KAI = signatures(
    "KAI-Scheduler",
    origin="NVIDIA/KAI-Scheduler pkg/scheduler/plugins/topology, pkg/scheduler/actions/stalegangeviction",
    rows=(
        Signature(
            "QUO613",
            "kai-topology-unknown",
            on=On.MESSAGE,
            also_on=(On.EVENT,),
            question=Question.ADMITTED,
            explains=("pod-unscheduled", "workload-not-admitted"),
            literal="opology",
            pattern=r"(?P<words>(?i:requested) topology (?P<topology>\S{1,253}) does not exist"
            r"|the topology tree '[^']{1,253}' does not contain a level with this name"
            r"|specified '[^']{1,317}' as the (?:required|preferred) topology constraint level, but .{0,300}"
            r"does not contain a level)",
            summary="its PodGroup names a topology or a level that is not defined: {words}",
            means="`topologyConstraint` of the PodGroup (or the workload's annotation) names no Topology that exists, "
            "or a level that the Topology does not list.",
            remedies=(
                Remedy(text="name a topology and a level that exist", command="kubectl get topologies.kai.scheduler"),
                Remedy(text="or add the topology or the level", who="platform"),
            ),
        ),
        Signature(
            "QUO614",
            "kai-stale-gang-evicted",
            on=On.EVENT,
            question=Question.KEPT,
            explains=("pod-failed", "pod-evicted", "pod-unscheduled", "workload-not-admitted"),
            reasons=("Evict", "StaleJob"),
            literal="in",  # `minMember`, `minimum`
            pattern=r"(?P<words>Job is stale\. \d{1,6} pods are active, minMember is \d{1,6}"
            r"|doesn't meet the minimum required number of pods \(\d{1,6}\), evicting remaining pod)",
            summary="a member of its gang died, and the others were evicted after the time of grace: {words}",
            means="Fewer pods than the PodGroup's minMember were left, and did not come back within "
            "--default-staleness-grace-period (60 s).",
            remedies=(
                Remedy(text="look at the member that failed first: the others only followed it"),
                Remedy(text="lower minMember where the job can go on with fewer pods"),
            ),
        ),
    ),
)
