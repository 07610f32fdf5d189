"""DEV140 to DEV150, DEV231 to DEV233, DEV252, HWX150: why NVIDIA's driver container gives up."""

from diag.catalog.beside import Beside
from diag.catalog.joins.toolkit_kernel import TOOLKIT_KERNEL
from diag.catalog.joins.working_kernel import KERNELS
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

FAILS = ("container-crashing", "init-container-failing", "container-not-ready")
ORIGIN = "NVIDIA/gpu-driver-container"
MACHINE = Beside(pod=("spec.nodeName",), node=("status.nodeInfo.kernelVersion", "status.nodeInfo.osImage"))

NVIDIA_DRIVER = signatures(
    "NVIDIA driver container",
    origin=f"{ORIGIN} ubuntu24.04/nvidia-driver, rhel9/nvidia-driver, rhel9/ocp_dtk_entrypoint; NVIDIA/gpu-operator",
    containers=r"nvidia-driver|nvidia-peermem|nvidia-fs|gdrcopy|driver-toolkit|driver-manager|/driver:",
    exclusive=True,
    rows=(
        Signature(
            "DEV140",
            "kernel-headers-unavailable",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            literal="ernel",
            pattern=r"(?P<words>Could not resolve Linux kernel version"
            r"|Unable to find a match: kernel-headers-\S+|Could not locate Linux kernel version string)",
            beside=MACHINE,
            summary="finds no kernel headers for the node's running kernel, so it cannot build the module: "
            "{words}{kernels}",
            look=KERNELS,
            means="The package repositories hold no headers for the kernel that the node runs.",
            remedies=(
                Remedy(
                    text="boot the node with a kernel that the driver image supports, or use a precompiled driver or a "
                    "newer driver image for this kernel",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source=f"{ORIGIN} ubuntu24.04/nvidia-driver",
        ),
        Signature(
            "DEV141",
            "kernel-headers-unavailable",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            literal="linux-headers",
            pattern=r"Unable to locate package (?P<package>linux-headers-\S+)",
            beside=MACHINE,
            summary="finds no kernel headers for the node's running kernel: "
            "Unable to locate package {package}{kernels}",
            look=KERNELS,
            means="The package repositories hold no headers for the kernel that the node runs.",
            remedies=(
                Remedy(
                    text="boot the node with a kernel that has {package}, or use a precompiled driver",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source=f"{ORIGIN} ubuntu24.04/nvidia-driver",
        ),
        Signature(
            "DEV142",
            "driver-package-repo-unreachable",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            literal="ailed to",
            pattern=r"(?P<words>Failed to update package cache|failed to reach RHEL package repositories"
            r"|failed to update the dnf metadata cache|failed to install elfutils-libelf?-devel)",
            beside=Beside(pod=("spec.nodeName",), texts=r"Failed to fetch|Could not connect|Temporary failure"),
            summary="cannot reach the package repositories that it builds from: {words}",
            means="The driver container downloads packages while it builds; no egress, proxy or entitlement lets it.",
            remedies=(
                Remedy(
                    text="allow egress to the package repositories (NetworkPolicy, proxy, firewall), point the driver "
                    "at a mirror, or use precompiled drivers",
                    who="platform",
                ),
            ),
            source=f"{ORIGIN} ubuntu24.04/nvidia-driver, rhel9/nvidia-driver",
        ),
        Signature(
            "DEV143",
            "secure-boot-unsigned-module",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            root="node",
            literal="t",
            pattern=r"(?P<words>Key was rejected by service|Required key not available|Loading of unsigned module is "
            r"rejected|Lockdown: modprobe: unsigned module loading is restricted"
            r"|could not insert 'nvidia': Operation not permitted)",
            beside=MACHINE,
            summary="refuses the unsigned kernel module because Secure Boot is on: {words}",
            means="Secure Boot lets only signed modules load, and the module built on the node is not signed.",
            remedies=(
                Remedy(text="use a precompiled, signed driver", who="platform"),
                Remedy(text="or recreate the node without Secure Boot", who="cloud", risk="disruptive"),
            ),
            source="Linux kernel, kernel/module/signing.c",
        ),
        Signature(
            "DEV144",
            "kmod-flavour-mismatch",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            literal="e",
            pattern=r"(?P<words>requires use of the NVIDIA open kernel modules|not supported by open\b(?: nvidia\.ko)?"
            r"|invalid value for the KERNEL_MODULE_TYPE variable: [\w.-]*)",
            beside=Beside(pod=("spec.nodeName",), texts=r"kernel module type|RmInitAdapter failed"),
            summary="loads a kernel module of the wrong flavour (open or proprietary) for the node's GPU: {words}",
            means="GPUs from Blackwell on need NVIDIA's open kernel modules; GPUs before Turing the proprietary ones.",
            remedies=(
                Remedy(
                    text="set driver.kernelModuleType in the ClusterPolicy to the flavour that the GPU needs (open, "
                    "proprietary, or auto), or give such nodes an NVIDIADriver of their own",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source="NVIDIA/open-gpu-kernel-modules kernel-open/nvidia/nv.c",
        ),
        Signature(
            "DEV145",
            "peermem-load-failure",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            literal="peermem",
            pattern=r"(?P<words>could not insert 'nvidia_peermem'[^\n]{0,80}|failed to load nvidia-peermem module"
            r"|nvidia_peermem: Unknown symbol \S+)",
            beside=MACHINE,
            summary="cannot load nvidia-peermem, so its pod never becomes ready: {words}",
            means="nvidia-peermem needs an RDMA stack (MOFED) that was there when the module was built.",
            remedies=(
                Remedy(
                    text="switch driver.rdma off in the ClusterPolicy where DMA-BUF does the work, or install MOFED "
                    "first and rebuild the driver",
                    who="platform",
                ),
            ),
            source=f"{ORIGIN}; Linux kernel, drivers/infiniband",
        ),
        Signature(
            "DEV146",
            "conflicting-kernel-driver",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            root="node",
            literal="o",
            pattern=r"(?P<words>The NVIDIA probe routine was not called|nouveau, rivafb, nvidiafb or rivatv"
            r"|failed to unload nouveau driver|Unable to unbind vfio-pci driver[^\"\n]{0,80})",
            beside=MACHINE,
            summary="has its GPU held by another kernel driver (nouveau, vfio): {words}",
            means="Another kernel driver owns the device, so NVIDIA's module finds none.",
            remedies=(
                Remedy(
                    text="blacklist nouveau (or unbind vfio-pci) on the node and restart it",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source="NVIDIA/open-gpu-kernel-modules kernel-open/nvidia/nv.c",
        ),
        Signature(
            "DEV147",
            "driver-toolkit-image-mismatch",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            literal="i",
            pattern=r"(?P<words>RHCOS '\S+' imagetag missing|(?i:broken driver toolkit (?:image )?detected))",
            beside=MACHINE,
            look=TOOLKIT_KERNEL,
            summary="finds no OpenShift Driver Toolkit image for the node's kernel: {words}{package}",
            means="The Driver Toolkit image of the OpenShift release does not match the kernel that the node runs.",
            remedies=(
                Remedy(
                    text="let the node finish its OpenShift update, or import the toolkit image of its release",
                    who="platform",
                ),
            ),
            source=f"{ORIGIN} rhel9/ocp_dtk_entrypoint",
        ),
        Signature(
            "DEV148",
            "nvlink5-prerequisites-missing",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            root="node",
            literal="waiting for the mlx5_core and ib_umad",
            pattern=r"waiting for the mlx5_core and ib_umad kernel modules to be loaded",
            beside=MACHINE,
            summary="lacks the kernel modules mlx5_core and ib_umad that its NVLink 5 system needs before the driver",
            means="On NVLink 5 systems fabric manager and subnet manager need the network driver to be loaded first.",
            remedies=(
                Remedy(text="install the network driver (MOFED or the inbox modules) on the node", who="platform"),
            ),
            source=f"{ORIGIN} ubuntu24.04/nvidia-driver",
        ),
        Signature(
            "DEV149",
            "driver-image-not-published",
            on=On.WAITING,
            also_on=(On.EVENT,),
            question=Question.STARTED,
            explains=("container-not-started",),
            literal="driver:",
            pattern=r"driver:(?P<tag>[\w.-]+)\"?.*(?P<words>manifest unknown|not found|no such manifest)",
            refines=("image-not-found",),
            beside=MACHINE,
            summary="needs a driver image that was never published for the node's system: tag {tag}, {words}",
            means="The tag is made from driver version, kernel and the node's system; not every pair has an image.",
            remedies=(
                Remedy(
                    text="choose a driver version that is published for this system, or build the image {tag}",
                    who="platform",
                ),
            ),
            source="NVIDIA/gpu-operator controllers/object_controls.go",
        ),
        Signature(
            "DEV150",
            "driver-library-version-mismatch",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            root="node",
            literal="API mismatch",
            pattern=r"NVRM: API mismatch: the client has the version (?P<client>[\d.]+)",
            beside=MACHINE,
            summary="has loaded a kernel module of another version than its driver libraries ({client})",
            means="The user-space driver was replaced while the old kernel module stayed loaded.",
            remedies=(Remedy(text="drain and restart the node", who="platform", risk="disruptive"),),
            source="NVIDIA/open-gpu-kernel-modules",
        ),
        Signature(
            "DEV252",
            "preinstalled-driver-conflict",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            root="node",
            literal="pre-installed on",
            pattern=r"(?P<words>driver is pre-installed on (?:the )?host)",
            beside=Beside(
                pod=("spec.nodeName",),
                node=(
                    'metadata.labels["nvidia.com/gpu.deploy.driver"]',
                    'metadata.labels["nvidia.com/cuda.driver-version.full"]',
                    "status.nodeInfo.osImage",
                ),
            ),
            summary="brings an NVIDIA driver in its image, and the operator's driver container is sent there too: "
            "{words}",
            means="The driver manager finds nvidia-smi on the host, so the operator's driver does not start there.",
            remedies=(
                Remedy(
                    text="set driver.enabled=false of the GPU operator where all nodes bring a driver", who="platform"
                ),
                Remedy(
                    text="or choose a node image without a driver",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source="NVIDIA/k8s-driver-manager cmd/driver-manager/main.go",
        ),
        Signature(
            "HWX150",
            "fabric-manager-version-mismatch",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            root="node",
            literal="fabric manager",
            pattern=r"(?i)fabric manager NVIDIA GPU driver interface version (?P<fabric>[\w.]+) don't match with "
            r"driver version (?P<driver>[\w.]+\w)",
            refines=("fabric-manager-not-running", "gpu-driver-install-failed"),
            beside=MACHINE,
            summary="has a fabric manager of version {fabric} and a driver of version {driver}, which do not go "
            "together",
            means="Fabric manager works with the driver of its own version only. Without it CUDA does not start on "
            "NVSwitch systems.",
            remedies=(
                Remedy(
                    text="install fabric manager in version {driver} on the node, and pin both packages to one version",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source="NVIDIA fabric manager user guide",
        ),
        Signature(
            "DEV231",
            "driver-unsupported-gpu",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            literal="NVRM",
            pattern=r"NVRM: +(?P<words>installed in this system is not supported by the"
            r"|supported through the NVIDIA \S{1,12} Legacy drivers)",
            beside=Beside(
                pod=MACHINE.pod, node=MACHINE.node, texts=r"NVRM: +NVIDIA \S{1,20} driver release|\(PCI ID: 10de:"
            ),
            summary="does not support the node's GPU: {words}",
            means="The GPU is newer than the driver branch, or so old that the branch has dropped it.",
            remedies=(
                Remedy(
                    text="look up which driver branch supports the GPU (its model is in nvidia.com/gpu.product or the "
                    "machine type), and set that version",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source="NVIDIA/open-gpu-kernel-modules kernel-open/nvidia/nv.c",
        ),
        Signature(
            "DEV232",
            "vgpu-guest-host-driver-mismatch",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            literal="cannot find",
            pattern=r"(?P<words>cannot find match for compatible vgpu driver|cannot find vgpu devices on host)",
            beside=MACHINE,
            summary="finds no vGPU guest driver that fits the host's: {words}",
            means="Guest and host drivers of vGPU must be of branches that go together.",
            remedies=(
                Remedy(
                    text="build the driver image with a guest driver of the host's branch",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source=f"{ORIGIN} vgpu-manager, vgpu-util",
        ),
        Signature(
            "DEV233",
            "mofed-not-ready-blocks-driver",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            literal="o",
            pattern=r"(?P<words>failed to wait for MOFED driver"
            r"|waiting for mellanox ofed and nvidia drivers to be installed"
            r"|MOFED drivers are not ready)",
            beside=MACHINE,
            summary="waits for the network driver (MOFED), which does not come up: {words}",
            means="With GPUDirect RDMA on, the GPU driver is loaded after the network operator's driver.",
            remedies=(
                Remedy(
                    text="look at the network operator's driver pods and its policy",
                    command="kubectl get nicclusterpolicies.mellanox.com -o yaml",
                    who="platform",
                ),
                Remedy(text="or switch driver.rdma.enabled off where no RDMA is used", who="platform"),
            ),
            source="NVIDIA/k8s-driver-manager cmd/driver-manager/main.go",
        ),
    ),
)
