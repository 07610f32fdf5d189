"""What a device plugin's log tells of the node's GPUs, whatever the node's labels and capacity say."""

import re
from collections.abc import Sequence

# NVIDIA/k8s-device-plugin internal/plugin/server.go, cmd/nvidia-device-plugin/main.go (it serves a resource only where
# it found devices), internal/rm (MIG devices), and the driver's own files.
SEES = re.compile(
    r"Starting (?:GRPC server for|to serve) '(?:nvidia|amd)\.com/|(?i:register(?:ed)? device plugin)"
    r"|/proc/driver/nvidia/|migEnabled|MIG device|XidCriticalError"
)
REGISTERED = re.compile(
    r"(?P<done>Registered device plugin for)|Could not register device plugin: (?P<why>[^\n]{1,300})"
)
LONGEST = 2_000


def line_of_gpus(lines: Sequence[str]) -> int | None:
    """The number, from 1, of the first line that a plugin writes only where it has found GPUs."""
    return next((number for number, line in enumerate(lines, 1) if SEES.search(line[:LONGEST])), None)


def failed_registration(lines: Sequence[str]) -> tuple[int, str] | None:
    """The number and the reason of the last line that tells of a registration, where that failed."""
    for number in range(len(lines), 0, -1):
        found = REGISTERED.search(lines[number - 1][:LONGEST])
        if found:
            return None if found["done"] else (number, found["why"])
    return None
