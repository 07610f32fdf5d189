"""DEV120 to DEV133, DEV234, DEV251: what device plugins print before they give up, or while they offer nothing."""

from diag.catalog.beside import Beside
from diag.catalog.joins.plugin_config import CONFIGS
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

FAILS = ("container-crashing", "init-container-failing", "container-not-ready")
SILENT = ("node-without-gpus",)
PLUGIN = "NVIDIA/k8s-device-plugin"

DEVICE_PLUGIN = signatures(
    "device plugins",
    origin="NVIDIA/k8s-device-plugin cmd/nvidia-device-plugin, internal/plugin, internal/rm; ROCm/k8s-device-plugin",
    containers=r"device-?plugin|config-manager|gpu-plugin",
    exclusive=True,
    rows=(
        Signature(
            "DEV120",
            "device-plugin-config-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=(*FAILS, *SILENT),
            root="node",
            literal="specified config",
            pattern=r"specified config (?P<config>[\w.-]+) does not exist",
            summary="asks by {by} for the plugin configuration {config}, which does not exist{keys}: specified config "
            "{config} does not exist",
            look=CONFIGS,
            means="The node's label nvidia.com/device-plugin.config, or the default for nodes without it, names a key "
            "that the plugin's ConfigMap lacks.",
            beside=Beside(node=('metadata.labels["nvidia.com/device-plugin.config"]',)),
            remedies=(
                Remedy(
                    text="set {where} to {to}, or add {config} to the ConfigMap",
                    who="platform",
                ),
            ),
            source=f"{PLUGIN} cmd/config-manager/main.go",
        ),
        Signature(
            "DEV121",
            "mig-heterogeneous-with-single-strategy",
            on=On.LOG,
            question=Question.STARTED,
            explains=(*FAILS, *SILENT),
            root="node",
            literal="MIG",
            pattern=r"(?P<words>more than one MIG device type present on node"
            r"|must be configured with the same migEnabled "
            r"value|at least one device with migEnabled=true was not configured correctly"
            r"|devices with MIG enabled and disable detected)",
            summary="has MIG devices that the single strategy cannot offer: {words}",
            means="The single MIG strategy offers only nodes all of whose GPUs are cut in the same way.",
            beside=Beside(
                node=(
                    'metadata.labels["nvidia.com/mig.config"]',
                    'metadata.labels["nvidia.com/gpu.product"]',
                    'metadata.labels["nvidia.com/mig.strategy"]',
                )
            ),
            remedies=(
                Remedy(text="cut all GPUs of the node into the same MIG profile", who="platform", risk="disruptive"),
                Remedy(
                    text="or set mig.strategy to mixed, which offers each profile under its own name", who="platform"
                ),
            ),
            source=f"{PLUGIN} internal/rm, internal/lm/mig-strategy.go",
        ),
        Signature(
            "DEV122",
            "mig-enabled-no-instances",
            on=On.LOG,
            question=Question.STARTED,
            explains=(*FAILS, *SILENT),
            root="node",
            literal="MIG devices",
            pattern=r"has no MIG devices(?: configured)?|No MIG devices found",
            summary="has MIG mode switched on and no MIG device created, so there is nothing to offer",
            means="MIG mode without instances hides the whole GPU and offers no slice of it.",
            remedies=(
                Remedy(
                    text="create MIG instances (label nvidia.com/mig.config), or switch MIG mode off", who="platform"
                ),
            ),
            source=f"{PLUGIN} internal/rm/device_map.go",
        ),
        Signature(
            "DEV123",
            "driver-library-version-mismatch",
            on=On.LOG,
            question=Question.STARTED,
            explains=(*FAILS, *SILENT),
            root="node",
            literal="mismatch",
            pattern=r"(?i)driver/library version mismatch",
            summary="has loaded a kernel module of another version than its driver libraries: Driver/library version "
            "mismatch",
            means="The user-space driver was replaced while the old kernel module stayed loaded.",
            remedies=(
                Remedy(
                    text="drain and restart the node so that module and libraries match again",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source="NVIDIA NVML, nvmlErrorString of NVML_ERROR_LIB_RM_VERSION_MISMATCH",
        ),
        Signature(
            "DEV124",
            "amd-kfd-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=(*FAILS, *SILENT),
            root="node",
            literal="dri",
            pattern=r"amdgpu driver unavailable.*|/dev/kfd: no such file or directory",
            summary="has not loaded the amdgpu kernel driver (amdgpu driver unavailable)",
            means="AMD's device plugin finds neither /sys/module/amdgpu nor /dev/kfd: the driver is not loaded.",
            remedies=(
                Remedy(
                    text="load or install the amdgpu driver on the node (DeviceConfig spec.driver), then restart the "
                    "plugin",
                    who="platform",
                ),
            ),
            source="ROCm/k8s-device-plugin internal/pkg/amdgpu/amdgpu.go",
        ),
        Signature(
            "DEV133",
            "amd-kfd-missing",
            on=On.LOG,
            question=Question.OFFERS,
            explains=SILENT,
            root="node",
            literal="Found 0 AMDGPUs",
            pattern=r"Found 0 AMDGPUs",
            summary="shows no GPU to AMD's device plugin, which runs on and counts none (Found 0 AMDGPUs)",
            means="The plugin reads /sys/module/amdgpu and the topology of /dev/kfd. On a node with AMD's GPUs it "
            "finds nothing there where the amdgpu driver is not loaded; older plugins do not end for that.",
            remedies=(
                Remedy(
                    text="look for the driver on the node: /sys/module/amdgpu, /dev/kfd, and dmesg for amdgpu",
                    who="platform",
                ),
                Remedy(
                    text="load or install the amdgpu driver (DeviceConfig spec.driver), then restart the plugin",
                    who="platform",
                ),
            ),
            refines=("gpu-resource-never-registered", "device-plugin-init-error-ignored"),
            source="ROCm/k8s-device-plugin cmd/k8s-device-plugin/main.go",
        ),
        Signature(
            "DEV125",
            "amd-partition-style-mixed",
            on=On.LOG,
            question=Question.STARTED,
            explains=(*FAILS, *SILENT),
            literal="Partitions of different styles",
            pattern=r"Partitions of different styles across GPUs in a node is not supported with single strategy",
            root="owner",
            summary="expects one partition style and finds several on a node",
            means="With the naming strategy single all GPUs of a node must be partitioned alike.",
            remedies=(
                Remedy(text="partition all GPUs of the node alike, or use the naming strategy mixed", who="platform"),
            ),
            source="ROCm/k8s-device-plugin",
        ),
        Signature(
            "DEV251",
            "device-plugin-missing-privileges",
            on=On.LOG,
            question=Question.STARTED,
            explains=(*FAILS, *SILENT),
            root="owner",
            literal="ermi",
            pattern=r"(?P<words>(?:device-plugins?|kubelet\.sock|\.sock|cdi|plugin|NVML|mps)[^\n]{0,200}"
            r"(?:permission denied|operation not permitted|Insufficient Permissions))",
            beside=Beside(pod=("spec.containers[0].securityContext.allowPrivilegeEscalation",)),
            summary="lacks the privileges that its work needs: {words}",
            means="The plugin writes a socket among the kubelet's, CDI files and MIG capabilities. With dropped "
            "capabilities, as another user, or under SELinux without privileges it may not.",
            refines=("device-plugin-registration-failed",),
            remedies=(
                Remedy(
                    text="run its container as root with securityContext.privileged=true, which MIG with the mixed "
                    "strategy, CDI and PASS_DEVICE_SPECS need",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source=f"{PLUGIN} deployments/helm/nvidia-device-plugin/templates/daemonset.yml, internal/plugin/server.go",
        ),
        Signature(
            "DEV126",
            "device-plugin-registration-failed",
            on=On.LOG,
            question=Question.STARTED,
            explains=(*FAILS, *SILENT),
            literal="Could not register device plugin",
            pattern=r"Could not register device plugin: (?P<why>.+)",
            root="owner",
            summary="cannot register at the kubelet: {why}",
            means="The plugin does not reach the kubelet's socket: another kubelet root directory, or no permission.",
            remedies=(
                Remedy(
                    text="mount the node's real device-plugins directory of the kubelet into the plugin", who="platform"
                ),
            ),
            source=f"{PLUGIN} internal/plugin/server.go",
        ),
        Signature(
            "DEV127",
            "device-plugin-init-error-ignored",
            on=On.LOG,
            question=Question.STARTED,
            explains=SILENT,
            root="owner",
            literal="No devices found. Waiting indefinitely.",
            pattern=r"No devices found\. Waiting indefinitely\.",
            second=r"Incompatible strategy detected|Failed to initialize NVML|nvml init failed|could not load NVML",
            beside=Beside(texts=r"Incompatible strategy detected|NVML|nvml init failed"),
            summary="could not initialise and waits for ever instead of failing (FAIL_ON_INIT_ERROR=false): No devices "
            "found. Waiting indefinitely.",
            means="With FAIL_ON_INIT_ERROR=false the plugin runs and is ready although it found no driver or no NVML.",
            remedies=(
                Remedy(
                    text="give the plugin what it misses (driver on the node, nvidia runtime or runtimeClassName) and "
                    "restart it",
                    who="platform",
                ),
                Remedy(
                    text="set FAIL_ON_INIT_ERROR=true, so that the failure shows in the pod's status", who="platform"
                ),
            ),
            source=f"{PLUGIN} cmd/nvidia-device-plugin/main.go",
        ),
        Signature(
            "DEV128",
            "gpu-fell-off-bus",
            on=On.LOG,
            question=Question.STARTED,
            explains=SILENT,
            literal="XidCriticalError: Xid=79",
            pattern=r"Xid=79 on Device=(?P<gpu>[\w-]+)",
            summary="has lost the GPU {gpu} (Xid=79, fallen off the bus)",
            means="The GPU no longer answers on the PCI bus. The other GPUs of the node mostly go on.",
            remedies=(
                Remedy(
                    text="drain and power-cycle the node; replace the GPU if it happens again",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            refines=("sticky-unhealthy-after-xid",),
            source="NVIDIA Xid catalogue",
        ),
        Signature(
            "DEV129",
            "ecc-memory-failure",
            on=On.LOG,
            question=Question.STARTED,
            explains=SILENT,
            literal="XidCriticalError: Xid=",
            pattern=r"Xid=(?P<xid>48|94|95|140|171|172) on Device=(?P<gpu>[\w-]+)",
            summary="has uncorrectable memory errors on GPU {gpu} (Xid={xid})",
            means="The GPU's memory had an error that could not be corrected.",
            remedies=(
                Remedy(
                    text="drain the node and reset the GPU; replace it if the error comes back",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            refines=("sticky-unhealthy-after-xid",),
            source="NVIDIA Xid catalogue",
        ),
        Signature(
            "DEV130",
            "row-remap-failure",
            on=On.LOG,
            question=Question.STARTED,
            explains=SILENT,
            literal="XidCriticalError: Xid=64",
            pattern=r"Xid=64 on Device=(?P<gpu>[\w-]+)",
            summary="could not remap a memory row of GPU {gpu} (Xid=64)",
            means="The GPU has no spare memory rows left.",
            remedies=(
                Remedy(
                    text="drain the node, reset the GPU once, and replace it if it fails again",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            refines=("sticky-unhealthy-after-xid",),
            source="NVIDIA Xid catalogue",
        ),
        Signature(
            "DEV131",
            "gsp-firmware-fault",
            on=On.LOG,
            question=Question.STARTED,
            explains=SILENT,
            literal="XidCriticalError: Xid=1",
            pattern=r"Xid=(?P<xid>119|120) on Device=(?P<gpu>[\w-]+)",
            summary="does not get an answer of the system processor of GPU {gpu} (Xid={xid})",
            means="The GPU's own system processor (GSP) hangs.",
            remedies=(
                Remedy(
                    text="drain and restart the node; look for a known fault of this driver version",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            refines=("sticky-unhealthy-after-xid",),
            source="NVIDIA Xid catalogue",
        ),
        Signature(
            "DEV132",
            "sticky-unhealthy-after-xid",
            on=On.LOG,
            question=Question.STARTED,
            explains=SILENT,
            literal="XidCriticalError: Xid=",
            pattern=r"Xid=(?P<xid>\d+) on Device=(?P<gpu>[\w-]+); marking device as unhealthy",
            summary="still counts GPU {gpu} as unhealthy since Xid={xid}; the plugin never takes that back by itself",
            means="The plugin marks a GPU unhealthy at an Xid and has no way back but its own restart.",
            remedies=(
                Remedy(text="restart the device plugin's pod on the node, once the GPU is checked", who="platform"),
                Remedy(
                    text="exempt Xids of applications from the health check (DP_DISABLE_HEALTHCHECKS)", who="platform"
                ),
            ),
            source=f"{PLUGIN} internal/rm/health.go",
        ),
        Signature(
            "DEV234",
            "mps-replicas-exceed-limit",
            on=On.LOG,
            question=Question.STARTED,
            explains=(*FAILS, *SILENT),
            literal="maximum allowed replicas exceeded",
            pattern=r"maximum allowed replicas exceeded: (?P<asked>\d{1,6}) > (?P<most>\d{1,6})",
            summary="is to offer {asked} replicas of a GPU by MPS, which serves {most} at most",
            means="An MPS server takes only so many clients, so the plugin refuses the configuration.",
            remedies=(
                Remedy(
                    text="set sharing.mps.resources[].replicas to {most} or less in the plugin's ConfigMap",
                    who="platform",
                ),
            ),
            source=f"{PLUGIN} internal/rm/device_map.go, cmd/mps-control-daemon/mps",
        ),
    ),
)
