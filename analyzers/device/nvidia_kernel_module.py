"""HWX161 to HWX165: what NVIDIA's kernel module prints while it starts a GPU."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

FAILS = ("container-crashing", "init-container-failing", "container-not-ready")
MACHINE = Beside(pod=("spec.nodeName",), node=("status.nodeInfo.kernelVersion", "status.nodeInfo.osImage"))
MODULE = "NVIDIA/open-gpu-kernel-modules"

# `RmInitAdapter failed! (0x22:0x56:…)` is left out: so ends a module of the wrong flavour, which has a row of its own.
NVIDIA_KERNEL_MODULE = signatures(
    "NVIDIA kernel module",
    origin=f"{MODULE} kernel-open/nvidia; Linux kernel, drivers/base/firmware_loader; NVIDIA/gpu-operator assets",
    containers=r"nvidia-driver|driver-toolkit|driver-manager|/driver:",
    exclusive=True,
    rows=(
        Signature(
            "HWX161",
            "gsp-firmware-fault",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            root="node",
            literal="gsp",
            pattern=r"(?P<words>Direct firmware load for nvidia/\S{1,60}gsp_\w+\.bin failed with error -?\d+)",
            beside=MACHINE,
            summary="has no firmware for its GPU's system processor (GSP): {words}",
            means="The firmware file that belongs to the module's version is not where the kernel looks for it.",
            remedies=(
                Remedy(
                    text="install the firmware files of the driver's version on the node (firmware_class.path, or the "
                    "driver container's /lib/firmware), or install driver and firmware from one package",
                    who="platform",
                ),
            ),
            source=f"{MODULE} kernel-open/nvidia/nv.c; Linux kernel, drivers/base/firmware_loader",
        ),
        Signature(
            "HWX162",
            "gsp-firmware-fault",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            root="node",
            literal="GSP",
            pattern=r"(?P<words>Cannot initialize GSP firmware RM|_kgspLogXid119"
            r"|waiting for RPC response from GPU\d+ GSP)",
            beside=MACHINE,
            summary="has a GPU whose system processor (GSP) does not start or no longer answers: {words}",
            means="The firmware that runs on the GPU itself failed, so the driver cannot use the GPU.",
            remedies=(
                Remedy(
                    text="drain the node, reset its GPUs or restart it; use a newer driver if it comes back",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source=f"{MODULE} src/nvidia/src/kernel/gpu/gsp",
        ),
        Signature(
            "HWX163",
            "gpu-init-failure",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            root="node",
            literal="NVRM",
            pattern=r"NVRM: (?P<words>This PCI I/O region assigned to your NVIDIA device is invalid|BAR\d is 0M @ 0x0)",
            beside=Beside(pod=MACHINE.pod, node=MACHINE.node, texts=r"NVRM: BAR\d is"),
            summary="gives its GPU no address space on the PCI bus, so the GPU cannot start: {words}",
            means="Firmware or hypervisor assigned no region for the GPU's memory; no driver can change that.",
            remedies=(
                Remedy(
                    text="enable 64-bit PCI addresses (Above 4G Decoding) in the machine's firmware, or give the "
                    "virtual machine a larger 64-bit MMIO window",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source=f"{MODULE} kernel-open/nvidia/nv-pci.c",
        ),
        Signature(
            "HWX164",
            "gpu-init-failure",
            on=On.LOG,
            question=Question.STARTED,
            explains=FAILS,
            root="node",
            literal="nit",
            pattern=r"NVRM: (?:GPU )?(?P<gpu>[\w:.]{7,24}): (?P<words>RmInitAdapter failed! \((?!0x22:0x56)[\w:]+\))",
            beside=MACHINE,
            summary="has a GPU that cannot be initialised, {gpu}: {words}",
            means="The kernel module is loaded, and this one GPU does not start: power, firmware, bus or card.",
            remedies=(
                Remedy(
                    text="drain the node and restart it, with the power off for a while; have the GPU replaced if it "
                    "still does not start",
                    who="platform",
                    risk="disruptive",
                ),
            ),
            source=f"{MODULE} src/nvidia/arch/nvalloc/unix/src/osinit.c",
        ),
        Signature(
            "HWX165",
            "nvlink5-prerequisites-missing",
            on=On.EVENT,
            question=Question.STARTED,
            explains=FAILS,
            root="node",
            literal="driver daemons are not ready",
            pattern=r"(?P<words>NVIDIA driver daemons are not ready; Current status: [^\n]{1,120})",
            beside=MACHINE,
            summary="has loaded the driver, and its fabric or subnet manager does not start: {words}",
            means="On NVLink 5 systems the driver is ready only with fabric manager and subnet manager, which need the "
            "network driver's modules.",
            remedies=(
                Remedy(
                    text="see that mlx5_core and ib_umad are loaded on the node and that the image holds fabric "
                    "manager and nvlsm",
                    who="platform",
                ),
            ),
            source="NVIDIA/gpu-operator assets/state-driver/0400_configmap.yaml, nvidia-driver-startup-probe",
        ),
    ),
)
