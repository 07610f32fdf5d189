"""Which side file a file is, by its content; and its readings."""

import re
from collections.abc import Callable, Iterator

from diag.snapshot.sources.form import to_utf8
from diag.snapshot.sources.part import Reading
from diag.snapshot.sources.side import documents, texts
from diag.snapshot.sources.side.bug_report import PROLOGUE, bug_report

HEAD_BYTES = 4096
MOST = 20_000  # readings of one file
Reader = Callable[[str, str], Iterator[Reading]]

# The first that fits; each pattern is searched in the first 4 KiB.
_FORMATS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (re.compile(PROLOGUE), bug_report),
    # A tool that sorts keys puts the type of the result behind it.
    (
        re.compile(r'"resultType"\s*:\s*"vector"|"result"\s*:\s*\[\s*\{\s*"metric"\s*:\s*\{[^{}]*\}\s*,\s*"value"\s*:'),
        documents.prometheus,
    ),
    (re.compile(r'"checkName"\s*:|"healthevent"\s*:'), documents.nvsentinel),
    (re.compile(r'"component"\s*:\s*"[\w-]+"[\s\S]{0,400}"states"\s*:'), documents.gpud),
    (re.compile(r"={5,}NVSMI LOG={5,}|(?m:^)Unable to determine the device handle for GPU"), texts.nvidia_smi),
    (re.compile(r"<!DOCTYPE nvidia_smi_log|<nvidia_smi_log>"), texts.nvidia_smi_xml),
    (re.compile(r"Health Monitor Report|Successfully ran diagnostic|\bDCGM_FR_[A-Z_]+"), texts.dcgmi),
    (
        # rsyslog's files begin with whatever daemon spoke first.
        re.compile(
            r"(?m)^(?:(?:\w+ *:\w+ *: )?\[(?: *\d+\.\d{6}\]|\w{3} \w{3} +\d)|<\d+>|\S+ .{0,60}kernel:)|NVRM: "
            r"|\A(?:\w{3} [ \d]\d [\d:]{8}|\d{4}-\d\d-\d\dT[\d:.]{8,18}[+-]\d\d:\d\d) \S+ [\w./()-]+(?:\[\d+\])?: "
        ),
        texts.kernel_log,
    ),
)


def looks_like_side_file(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a side file."""
    return _reader(to_utf8(head, head=True).decode(errors="replace")) is not None


def is_kernel_log(head: bytes) -> bool:
    """Whether these are the first bytes of a log of the kernel, in one byte for each letter."""
    return b"\0" not in head and _reader(head[:HEAD_BYTES].decode(errors="replace")) is texts.kernel_log


def readings_of(data: bytes, path: str) -> list[Reading]:
    """What a side file tells; empty where it tells nothing, or is another file. Raises nothing."""
    text = to_utf8(data).decode(errors="replace")
    reader = _reader(text[:HEAD_BYTES])
    found: list[Reading] = []
    if reader is not None:
        for one in reader(text, path):
            found.append(one)
            if len(found) == MOST:
                break
    return found


def _reader(head: str) -> Reader | None:
    return next((reader for pattern, reader in _FORMATS if pattern.search(head)), None)
