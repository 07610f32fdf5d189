"""Containers that are refused their GPU on a node whose driver does not come up."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from diag.facts.pods import statuses
from diag.findings import Because, Charge, FieldEvidence
from diag.snapshot.cite import cite
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.vocab.operands import Stage

if TYPE_CHECKING:
    from diag.trouble.trouble import Trouble

REFUSED = ("container-crashing", "container-not-started", "init-container-failing")
# NVIDIA/libnvidia-container src/nvc.c: the runtime's hook finds no driver, or no library of one.
NO_DRIVER = re.compile(r"nvml error: driver not loaded|load library failed: libnvidia-ml\.so")
MAX_MEMBERS = 8


def charges(trouble: "Trouble") -> list[Charge]:
    """Links from a driver's pod in trouble to what is refused on its node for want of the driver."""
    drivers = {
        name: one
        for name, there in trouble.failing_operands.items()
        for one in there[:1]
        if one.operand.stage is Stage.DRIVER
    }
    found = []
    for group in trouble.of(*REFUSED) if drivers else ():
        for pod, said in _refused(group):
            driver = drivers.get(pod.spec.node_name or "")
            if driver is not None and driver.group is not group:
                why = f"{pod.name} is refused its GPU, as the driver {driver.pod.name} on its node does not work"
                proof = (said, cite(driver.pod, "spec.nodeName"))
                found.append(Charge(source=driver.group, because=Because(group, why, proof)))
                break
    return found


def _refused(group: Group) -> Iterator[tuple[Pod, FieldEvidence]]:
    """The pods whose containers' states say that there is no driver, and where they say it."""
    for pod in group.members[:MAX_MEMBERS]:
        for path, status in statuses(pod) if isinstance(pod, Pod) else ():
            ended = status.last_state.terminated if status.last_state else None
            waits = status.state.waiting if status.state else None
            if isinstance(pod, Pod) and ended is not None and NO_DRIVER.search(ended.message or ""):
                yield pod, cite(pod, f"{path}.lastState.terminated.message")
            elif isinstance(pod, Pod) and waits is not None and NO_DRIVER.search(waits.message or ""):
                yield pod, cite(pod, f"{path}.state.waiting.message")
