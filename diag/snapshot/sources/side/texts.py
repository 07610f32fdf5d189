"""Side files that are texts: kernel logs, `nvidia-smi -q`, `dcgmi health` and `dcgmi diag`."""

import re
from collections.abc import Iterator

from diag.snapshot.sources.part import BOOT, Reading
from diag.snapshot.sources.side.lines import MOST_CHARS, Line

# Kernel: NVRM and nvswitch lines as leptonai/gpud xid/kmsg.go and NVSentinel's syslog monitor match them. With MIG the
# driver adds the instances to the address (open-gpu-kernel-modules kernel_rc.c: `PCI:0000:01:00 GPU-I:05 GPU-CI:00`).
_XID = re.compile(r"NVRM: Xid \(((?:PCI:)?[0-9a-fA-F:.]+)(?: GPU-I:\d+)?(?: GPU-CI:\d+)?\)[^:\n]*: (\d{1,3}),")
_SXID = re.compile(r"SXid \(PCI:([0-9a-fA-F:.]+)\): (\d+), (Fatal|Non-fatal)")
_OFF_BUS = re.compile(r"NVRM: GPU (\S+): GPU has fallen off the bus|NVRM: fallen off the bus")
_HOST = re.compile(r"^\w{3} +\d+ [\d:]+ (\S+) kernel:|^\d{4}-\d\d-\d\dT\S+ (\S+) kernel:")
_BOOT = re.compile(r"(?:\] |kernel: )Linux version \d")  # what a kernel says first (init/version.c linux_banner)

TELLS = re.compile(rb"NVRM: |SXid \(|fallen off the bus|Linux version ")  # stands in each line that is read of it


def kernel_log(text: str, path: str) -> Iterator[Reading]:
    """Xid, SXid and lost cards of a kernel log (dmesg, journalctl -k); the host where each line names it.

    A file that holds several boots (kern.log) tells of the last one of each host: what was before is over. That boot is
    told as well: before it lies what older files of the same log say (`diag.snapshot.side.since_boot`). What a host
    says of a card again and again is told once, at the first line, so that a storm of it hides nothing else.
    """
    boots = {_host(line): number for number, line in _numbered(text) if "Linux version " in line and _BOOT.search(line)}
    booted = {*boots.values()}
    told: set[tuple[str, ...]] = set()
    for number, line in _numbered(text):
        if number in booted:
            yield Line(path, number, line).tells("kernel-log", BOOT, "", node=_host(line))
        if "Xid (" not in line and "fallen off the bus" not in line:
            continue
        node = _host(line)
        if number < boots.get(node, 0):
            continue
        for what, found in (
            ("xid", _XID.search(line)),
            ("sxid", _SXID.search(line)),
            ("off-bus", _OFF_BUS.search(line)),
        ):
            if found:
                value = found[2] if what != "off-bus" else ""
                device = found[1] or ""
                if (node, what, value, device) not in told:
                    told.add((node, what, value, device))
                    yield Line(path, number, line).tells("kernel-log", what, value, node=node, device=device)
                break


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    return enumerate(text.split("\n"), 1)


def _host(line: str) -> str:
    host = _HOST.match(line)
    return (host[1] or host[2]) if host else ""


# nvidia-smi -q: https://docs.nvidia.com/deploy/nvidia-smi/ ; a GPU begins at the margin with its bus address.
_GPU = re.compile(r"GPU ([0-9A-Fa-f]{8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.\d)\s*$")
_FIELD = re.compile(r"\s+(?P<name>[A-Za-z][A-Za-z0-9 /.()-]*?)\s+:\s+(?P<value>.+?)\s*$")
_SECTIONS = ("Volatile", "Aggregate", "Remapped Rows")
_SMI = {
    "Remapping Failure Occurred": "row-remap-failure",
    "Pending": "row-remap-pending",
    "HW Thermal Slowdown": "thermal-slowdown",
    "DRAM Uncorrectable": "ecc-uncorrected",
    "SRAM Uncorrectable": "ecc-uncorrected",
    "SRAM Uncorrectable Parity": "ecc-uncorrected",
    "SRAM Uncorrectable SEC-DED": "ecc-uncorrected",
}
# What it prints in place of a card that does not answer (NVML_ERROR_GPU_IS_LOST).
_LOST_CARD = re.compile(r"Unable to determine the device handle for GPU ?\d*:? *([0-9A-Fa-f:.]+): .*GPU is lost")


def nvidia_smi(text: str, path: str) -> Iterator[Reading]:
    """Remapped rows, volatile uncorrected errors and thermal slowdown of each GPU, and those that are lost."""
    gpu = section = ""
    for number, line in _numbered(text):
        if lost := _LOST_CARD.match(line[:MOST_CHARS]):
            yield Line(path, number, line).tells("nvidia-smi", "message", line.strip(), device=lost[1])
        elif found := _GPU.match(line):
            gpu, section = found[1], ""
        elif line.strip() in _SECTIONS:
            section = line.strip()
        elif gpu and (told := _FIELD.match(line)):
            what = _SMI.get(told["name"])
            lifetime = what == "ecc-uncorrected" and section == "Aggregate"  # static: no fault of today
            if what and not lifetime and (what != "row-remap-pending" or section == "Remapped Rows"):
                yield Line(path, number, line).tells("nvidia-smi", what, told["value"], device=gpu)


_XML_GPU = re.compile(r'<gpu id="([0-9A-Fa-f:.]+)">')
_XML_FIELD = re.compile(r"<(\w+)>([^<]*)</\1>")
_XML_VOLATILE = re.compile(r"<(/?)volatile>")
_XML = {
    "dram_uncorrectable": "ecc-uncorrected",
    "sram_uncorrectable": "ecc-uncorrected",
    "sram_uncorrectable_parity": "ecc-uncorrected",
    "sram_uncorrectable_secded": "ecc-uncorrected",
    "remapped_row_failure": "row-remap-failure",
    "remapped_row_pending": "row-remap-pending",
    "clocks_event_reason_hw_thermal_slowdown": "thermal-slowdown",
    "clocks_throttle_reason_hw_thermal_slowdown": "thermal-slowdown",
}


def nvidia_smi_xml(text: str, path: str) -> Iterator[Reading]:
    """The same of `nvidia-smi -q -x`. Read line by line: an XML parser would follow entities."""
    gpu = ""
    volatile = False
    for number, line in _numbered(text):
        if found := _XML_GPU.search(line):
            gpu, volatile = found[1], False
        if part := _XML_VOLATILE.search(line):
            volatile = not part[1]
        for name, value in _XML_FIELD.findall(line[:MOST_CHARS]):
            if gpu and name in _XML and (volatile or _XML[name] != "ecc-uncorrected"):
                yield Line(path, number, line).tells("nvidia-smi", _XML[name], value, device=gpu)


_DCGM_GPU = re.compile(r"GPU(?: ID)?:? *(\d+)|\| *-> (\d+) ")
_TELLING = re.compile(r"DCGM_FR_|\b(?:Fail|Failure|Warn(?:ing)?|Error)\b")
_FINE = re.compile(r"\b(?:Pass|0 errors)\b")
_FOLDED = re.compile(r"\| {3,}\|")  # a row that goes on with the cell above it
_EDGES = " |\t\r"


def dcgmi(text: str, path: str) -> Iterator[Reading]:
    """Rows of `dcgmi health -c` and `dcgmi diag` that tell a failure or a warning, with the GPU named before them."""
    gpu = ""
    for number, row, whole in _rows(text):
        if found := _DCGM_GPU.search(whole):
            gpu = found[1] or found[2]
        if _TELLING.search(whole) and not _FINE.search(whole):
            yield Line(path, number, row).tells("dcgmi", "message", whole.strip(_EDGES), device=gpu)


def _rows(text: str) -> Iterator[tuple[int, str, str]]:
    """The rows of a table: the number and the text of the first line of each, and all of its words."""
    first, row, whole = 0, "", ""
    for number, line in _numbered(text):
        if first and len(whole) < MOST_CHARS and (folded := _FOLDED.match(line)):
            whole = f"{whole.rstrip(_EDGES)} {line[folded.end() :].strip(_EDGES)}"
            continue
        if first:
            yield first, row, whole
        first, row, whole = number, line, line
    if first:
        yield first, row, whole
