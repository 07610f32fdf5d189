"""DEV152 to DEV155, DEV256, DEV288: what runtime and NVML say when they cannot give a container its GPU."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

REFUSED = ("container-not-started", "container-crashing")
BROKEN = ("container-crashing", "container-not-ready", "pod-failed")
TOOLKIT = "NVIDIA/nvidia-container-toolkit"
PLACE = Beside(pod=("spec.nodeName",))

CONTAINER_RUNTIME = signatures(
    "container runtime",
    origin="NVIDIA/nvidia-container-toolkit, NVIDIA/libnvidia-container, containerd, NVIDIA NVML",
    exclusive=True,
    rows=(
        Signature(
            "DEV152",
            "cdi-spec-missing-device",
            on=On.ENDED,
            also_on=(On.WAITING, On.EVENT),
            question=Question.STARTED,
            explains=REFUSED,
            root="node",
            literal="unresolvable CDI devices",
            pattern=r"unresolvable CDI devices (?P<device>[\w./=:-]+)",
            beside=PLACE,
            summary="has no CDI specification of the device that a container was given: unresolvable CDI devices "
            "{device}",
            means="The CDI specification on the node is older than the device: it was not written anew after a "
            "change of "
            "MIG devices or a reboot.",
            remedies=(
                Remedy(
                    text="restart the device plugin's pod on the node, so that it writes the CDI specification anew",
                    who="platform",
                ),
            ),
            source=f"{TOOLKIT} internal/modifier/cdi",
        ),
        Signature(
            "DEV288",
            "stale-device-allocation",
            on=On.EVENT,
            question=Question.STARTED,
            explains=REFUSED,
            root="node",
            literal="unknown device",
            pattern=r"device error: (?P<device>[\w:/.-]{1,100}): unknown device",
            beside=PLACE,
            summary="gave a container the device {device}, which its driver does not know: unknown device",
            means="The kubelet hands out devices by the names that the plugin gave them. This one is gone since: the "
            "GPU was lost or replaced, its MIG devices were made anew, or another plugin names them otherwise.",
            remedies=(
                Remedy(text="compare what the node has (nvidia-smi -L) with the device that was given", who="platform"),
                Remedy(
                    text="restart the device plugin's pod on the node, so that it registers the devices that are "
                    "there, and make the pod anew",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source="NVIDIA/libnvidia-container src/cli/common.c",
        ),
        Signature(
            "DEV153",
            "cgroup-device-access-revoked",
            on=On.LOG,
            question=Question.STARTED,
            explains=BROKEN,
            root="node",
            literal="Failed to initialize NVML: Unknown Error",
            pattern=r"Failed to initialize NVML: Unknown Error",
            beside=PLACE,
            summary="took the GPU devices away from running containers: Failed to initialize NVML: Unknown Error",
            means="After `systemctl daemon-reload` the device rules of running containers are set anew without the "
            "GPUs.",
            remedies=(
                Remedy(text="restart the pods of the node that use GPUs", risk="disruptive"),
                Remedy(
                    text="inject GPUs through CDI, and find what ran systemctl daemon-reload on the node",
                    who="platform",
                ),
            ),
            source=f"{TOOLKIT} docs, known problem with systemd cgroups",
        ),
        Signature(
            "DEV154",
            "driver-library-version-mismatch",
            on=On.ENDED,
            also_on=(On.WAITING, On.EVENT, On.LOG),
            question=Question.STARTED,
            explains=(*REFUSED, "pod-failed"),
            root="node",
            literal="version mismatch",
            pattern=r"(?:nvml error: driver/library version mismatch|NVML: Driver/library version mismatch)",
            beside=PLACE,
            summary="has loaded a kernel module of another version than its driver libraries: driver/library "
            "version mismatch",
            means="The user-space driver was replaced while the old kernel module stayed loaded.",
            remedies=(Remedy(text="drain and restart the node", who="platform", risk="disruptive"),),
            source="NVIDIA NVML, nvmlErrorString of NVML_ERROR_LIB_RM_VERSION_MISMATCH",
        ),
        Signature(
            "DEV155",
            "toolkit-cannot-find-containerd",
            on=On.LOG,
            question=Question.STARTED,
            explains=("container-crashing", "init-container-failing"),
            literal="containerd",
            pattern=r"(?P<words>unable to load containerd config: [^\"\n]{1,200}"
            r"|Error signaling containerd[^\"\n]{1,200}"
            r"|containerd: executable file not found[^\"\n]{0,80}|unable to restart containerd: [^\"\n]{1,200})",
            beside=PLACE,
            summary="cannot find or reach containerd on the node: {words}",
            means="The container toolkit looks for containerd's configuration or socket at a place where it is not.",
            remedies=(
                Remedy(
                    text="set CONTAINERD_CONFIG and CONTAINERD_SOCKET in spec.toolkit.env of the ClusterPolicy",
                    who="platform",
                ),
            ),
            source=f"{TOOLKIT} cmd/nvidia-ctk-installer",
        ),
        Signature(
            "DEV256",
            "stale-kernel-module-state",
            on=On.LOG,
            question=Question.STARTED,
            explains=(*BROKEN, "init-container-failing", "node-without-gpus"),
            root="node",
            literal="nvidia",
            pattern=r"(?P<words>(?:modprobe|insmod|rmmod|could not (?:insert|remove))[^\n]{0,120}nvidia[_-]uvm"
            r"[^\n]{0,60}(?:Invalid argument|Unknown symbol|No such device|Device or resource busy|is in use|in use)"
            r"|nvidia_uvm: (?:Unknown symbol|disagrees about version of symbol)[^\n]{0,80}"
            r"|/dev/nvidia-uvm[^\n]{0,60}(?:No such device|Input/output error))",
            beside=Beside(pod=("spec.nodeName",), node=("status.nodeInfo.kernelVersion", "status.nodeInfo.bootID")),
            summary="has a half-loaded NVIDIA kernel module, so its GPUs cannot be opened: {words}",
            means="A module was taken away or replaced while another still held it. nvidia-smi answers, and CUDA does "
            "not start until the modules are loaded anew.",
            remedies=(
                Remedy(text="look at the modules on the node", command="lsmod", who="platform"),
                Remedy(text="drain and restart the node", who="platform", risk="disruptive"),
            ),
            source="NVIDIA/open-gpu-kernel-modules kernel-open/nvidia-uvm; linux kernel/module",
        ),
    ),
)
