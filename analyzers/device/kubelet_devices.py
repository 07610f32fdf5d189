"""DEV156 to DEV158, DEV255: pods that the kubelet turned away because it could not give them their devices."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

REJECTED = ("pod-failed", "container-not-started")
PLACE = Beside(pod=("spec.nodeName",), gpus=True)

KUBELET_DEVICES = signatures(
    "kubelet device manager",
    origin="kubernetes/kubernetes pkg/kubelet/cm/devicemanager, pkg/kubelet/cm/topologymanager; "
    "NVIDIA/k8s-device-plugin",
    exclusive=True,
    rows=(
        Signature(
            "DEV255",
            "device-checkpoint-incompatible",
            on=On.MESSAGE,
            also_on=(On.EVENT, On.LOG),
            question=Question.KEPT,
            explains=(*REJECTED, "node-without-gpus"),
            root="node",
            literal="kubelet_internal_checkpoint",
            pattern=r"(?P<words>[^\n]{0,120}kubelet_internal_checkpoint[^\n]{0,200})",
            second=r"checkpoint is corrupted|checksum|could not restore|failed to (?:read|write|unmarshal)"
            r"|Continue after failing to read checkpoint",
            beside=Beside(pod=("spec.nodeName",), node=("status.nodeInfo.kubeletVersion",)),
            summary="cannot use the kubelet's record of which pod holds which device: {words}",
            means="The kubelet keeps allocated devices in the file kubelet_internal_checkpoint. After a jump or a step "
            "back of its version, or a full disk, it cannot read or write it, and forgets what is taken.",
            refines=("stale-device-allocation",),
            remedies=(
                Remedy(
                    text="drain the node, move the file away from the kubelet's device-plugins directory, and restart "
                    "the kubelet",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source="kubernetes/kubernetes pkg/kubelet/cm/devicemanager/checkpoint, pkg/kubelet/checkpointmanager",
        ),
        Signature(
            "DEV156",
            "shared-request-greater-than-one",
            on=On.MESSAGE,
            also_on=(On.EVENT,),
            question=Question.KEPT,
            explains=REJECTED,
            literal="maximum request size for shared resources",
            pattern=r"maximum request size for shared resources is 1; found (?P<found>\d+)",
            beside=PLACE,
            summary="asks for {found} replicas of a shared GPU, and the sharing configuration allows 1 to each pod",
            means="Several replicas of a shared GPU are no larger share, so the plugin refuses such a request.",
            remedies=(Remedy(text="ask for one replica, or for a node whose GPUs are not shared"),),
            source="NVIDIA/k8s-device-plugin internal/plugin/server.go",
        ),
        Signature(
            "DEV157",
            "numa-topology-unsatisfiable",
            on=On.MESSAGE,
            also_on=(On.EVENT,),
            question=Question.KEPT,
            explains=REJECTED,
            root="node",
            literal="Topology locality",
            pattern=r"Resources cannot be allocated with Topology locality",
            beside=Beside(pod=("spec.nodeName", "status.reason"), gpus=True),
            summary="cannot give a pod its devices and CPUs on one NUMA node: Resources cannot be allocated with "
            "Topology "
            "locality",
            means="The topology manager of the kubelet refuses what it cannot align; the scheduler knows nothing "
            "of NUMA.",
            remedies=(
                Remedy(text="ask for CPUs and GPUs that one NUMA node has together"),
                Remedy(text="or relax the node's topologyManagerPolicy", who="platform", risk="disruptive"),
            ),
            source="kubernetes/kubernetes pkg/kubelet/cm/topologymanager",
        ),
        Signature(
            "DEV158",
            "stale-device-allocation",
            on=On.MESSAGE,
            also_on=(On.EVENT,),
            question=Question.KEPT,
            explains=REJECTED,
            root="node",
            literal="requested number of devices unavailable",
            pattern=r"requested number of devices unavailable for (?P<resource>\S+?)\. "
            r"(?P<words>Requested: \d+, Available: \d+)",
            beside=PLACE,
            summary="counts devices as taken that the scheduler holds for free ({resource}, {words})",
            means="The kubelet has not released the devices of pods that are gone, or some have just become unhealthy.",
            remedies=(
                Remedy(
                    text="restart the kubelet, once no ended or force-deleted pod has a process on the node",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source="kubernetes/kubernetes pkg/kubelet/cm/devicemanager/manager.go",
        ),
    ),
)
