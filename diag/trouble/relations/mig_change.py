"""When mig-manager began the change of MIG devices that a node's labels tell of, by its own log."""

import re
from collections.abc import Sequence

# NVIDIA/mig-parted cmd/nvidia-mig-manager, pkg/mig/reconfigure; deployments/container/reconfigure-mig.sh before that.
BEGAN = re.compile(
    r"Updating to MIG config"
    r"|Changing the [^\n]{0,10}nvidia\.com/mig\.config\.state[^\n]{0,20} to '(?:pending|rebooting)'"
)
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")
HEAD = 400  # characters of a line that are looked at


def change_began(lines: Sequence[str]) -> str | None:
    """The time of the last line that begins a change, or the next step of one; None where the log has none."""
    for line in reversed(lines):
        if BEGAN.search(line[:HEAD]) and (stamp := STAMP.search(line[:HEAD])):
            return stamp[0]
    return None
