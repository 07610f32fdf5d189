"""DEV312, DEV313: settings and libraries that the NVIDIA device plugin refuses."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

PLUGIN = "NVIDIA/k8s-device-plugin"
EXPLAINS = ("container-crashing", "init-container-failing", "container-not-ready", "node-without-gpus")

DEVICE_PLUGIN_SETTINGS = signatures(
    "NVIDIA device plugin's settings",
    origin=f"{PLUGIN} api/config/v1; NVIDIA/go-nvml pkg/nvml",
    containers=r"device-?plugin|config-manager|gpu-plugin",
    exclusive=True,
    rows=(
        Signature(
            "DEV312",
            "driver-library-version-mismatch",
            on=On.LOG,
            question=Question.STARTED,
            explains=EXPLAINS,
            root="node",
            literal="LIB_RM_VERSION_MISMATCH",
            pattern=r"(?P<words>ERROR_LIB_RM_VERSION_MISMATCH)",
            beside=Beside(pod=("spec.nodeName",), node=("status.nodeInfo.kernelVersion", "status.nodeInfo.bootID")),
            summary="has loaded a kernel module of another version than its driver libraries: {words}",
            means="The user-space driver was replaced while the old kernel module stayed loaded.",
            remedies=(Remedy(text="drain and restart the node", who="platform", risk="disruptive"),),
            source="NVIDIA/go-nvml pkg/nvml, ERROR_LIB_RM_VERSION_MISMATCH",
        ),
        Signature(
            "DEV313",
            "sharing-config-misplaced-field",
            on=On.LOG,
            question=Question.STARTED,
            explains=EXPLAINS,
            literal="unknown field",
            pattern=r"unknown field \\{0,2}\"(?P<field>renameByDefault|failRequestsGreaterThanOne|timeSlicing|mps"
            r"|sharing|resources|replicas|flags|migStrategy)\\{0,2}\"",
            summary="refuses its configuration, where {field} stands at a place that does not know it: unknown field "
            "{field}",
            means="timeSlicing and mps belong under sharing; renameByDefault, failRequestsGreaterThanOne and resources "
            "under one of these two; replicas in an entry of resources.",
            remedies=(Remedy(text="move {field} to its place in the plugin's ConfigMap", who="platform"),),
            source=f"{PLUGIN} api/config/v1/config.go, api/config/v1/replicas.go",
        ),
    ),
)
