"""Side files that are texts: kernel logs, `nvidia-smi -q`, `dcgmi health` and `dcgmi diag`."""

import re
from collections.abc import Iterator

from diag.snapshot.sources.part import Reading
from diag.snapshot.sources.side.lines import MOST_CHARS, Line

# Kernel: NVRM and nvswitch lines as leptonai/gpud xid/kmsg.go and NVSentinel's syslog monitor match them.
_XID = re.compile(r"NVRM: Xid \(((?:PCI:)?[0-9a-fA-F:.]+)\)[^:\n]*: (\d{1,3}),")
_SXID = re.compile(r"SXid \(PCI:([0-9a-fA-F:.]+)\): (\d+), (Fatal|Non-fatal)")
_OFF_BUS = re.compile(r"NVRM: GPU (\S+): GPU has fallen off the bus|NVRM: fallen off the bus")
_HOST = re.compile(r"^\w{3} +\d+ [\d:]+ (\S+) kernel:|^\d{4}-\d\d-\d\dT\S+ (\S+) kernel:")


def kernel_log(text: str, path: str) -> Iterator[Reading]:
    """Xid, SXid and lost cards of a kernel log (dmesg, journalctl -k); the host where each line names it."""
    for number, line in enumerate(text.split("\n"), 1):
        if "Xid (" not in line and "fallen off the bus" not in line:
            continue
        host = _HOST.match(line)
        node = (host[1] or host[2]) if host else ""
        for what, found in (
            ("xid", _XID.search(line)),
            ("sxid", _SXID.search(line)),
            ("off-bus", _OFF_BUS.search(line)),
        ):
            if found:
                value = found[2] if what != "off-bus" else ""
                where = Line(path, number, line)
                yield where.tells("kernel-log", what, value, node=node, device=found[1] or "")
                break


# nvidia-smi -q: https://docs.nvidia.com/deploy/nvidia-smi/ ; a GPU begins at the margin with its bus address.
_GPU = re.compile(r"GPU ([0-9A-Fa-f]{8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.\d)$")
_FIELD = re.compile(r"\s+(?P<name>[A-Za-z][A-Za-z0-9 /.()-]*?)\s+:\s+(?P<value>.+?)\s*$")
_SECTIONS = ("Volatile", "Aggregate", "Remapped Rows")
_SMI = {
    "Remapping Failure Occurred": "row-remap-failure",
    "Pending": "row-remap-pending",
    "HW Thermal Slowdown": "thermal-slowdown",
    "DRAM Uncorrectable": "ecc-uncorrected",
    "SRAM Uncorrectable": "ecc-uncorrected",
}


def nvidia_smi(text: str, path: str) -> Iterator[Reading]:
    """Remapped rows, volatile uncorrected errors and thermal slowdown of each GPU."""
    gpu = section = ""
    for number, line in enumerate(text.split("\n"), 1):
        if found := _GPU.match(line):
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
_XML = {
    "remapped_row_failure": "row-remap-failure",
    "remapped_row_pending": "row-remap-pending",
    "clocks_event_reason_hw_thermal_slowdown": "thermal-slowdown",
    "clocks_throttle_reason_hw_thermal_slowdown": "thermal-slowdown",
}


def nvidia_smi_xml(text: str, path: str) -> Iterator[Reading]:
    """The same of `nvidia-smi -q -x`. Read line by line: an XML parser would follow entities."""
    gpu = ""
    for number, line in enumerate(text.split("\n"), 1):
        if found := _XML_GPU.search(line):
            gpu = found[1]
        for name, value in _XML_FIELD.findall(line[:MOST_CHARS]):
            if gpu and name in _XML:
                yield Line(path, number, line).tells("nvidia-smi", _XML[name], value, device=gpu)


_DCGM_GPU = re.compile(r"GPU(?: ID)?:? *(\d+)")


def dcgmi(text: str, path: str) -> Iterator[Reading]:
    """Lines of `dcgmi health -c` and `dcgmi diag` that tell a failure or a warning, with the GPU named before them."""
    gpu = ""
    for number, line in enumerate(text.split("\n"), 1):
        if found := _DCGM_GPU.search(line):
            gpu = found[1]
        if re.search(r"DCGM_FR_|\b(?:Fail|Failure|Warn(?:ing)?|Error)\b", line) and not re.search(
            r"\b(?:Pass|0 errors)\b", line
        ):
            yield Line(path, number, line).tells("dcgmi", "message", line.strip(" |\t\r"), device=gpu)
