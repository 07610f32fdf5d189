"""What the kubelet says of a pod that it evicted."""

import re
from dataclasses import dataclass
from functools import lru_cache

# kubernetes/kubernetes pkg/kubelet/eviction/helpers.go and eviction_manager.go (1.20 to 1.36)
_LOW = re.compile(r"The node was low on resource: \[?(?P<what>[\w./-]{1,60}?)\]?[.,]")
_HAD = re.compile(r"The node had condition: \[(?P<what>\w{1,40})")
_EMPTY_DIR = re.compile(r'Usage of EmptyDir volume "(?P<volume>[^"]{1,253})" exceeds the limit "(?P<limit>[^"]{1,40})"')
_POD_LIMIT = re.compile(
    r"Pod ephemeral local storage usage exceeds the total limit of containers (?P<limit>[\w.]{1,40})"
)
_CONTAINER_LIMIT = re.compile(
    r'Container (?P<container>\S{1,253}) exceeded its local ephemeral storage limit "(?P<limit>[^"]{1,40})"'
)
_USER = re.compile(
    r"Container (?P<container>\S{1,253}) was using (?P<using>\w{1,40}), "
    r"(?:request is (?P<request>\w{1,40})|which exceeds its request of (?P<older>\w{1,40}))"
)
# The condition that a shortage shows as.
CONDITION_OF = {
    "memory": "MemoryPressure",
    "ephemeral-storage": "DiskPressure",
    "inodes": "DiskPressure",
    "pids": "PIDPressure",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Eviction:
    """Why the kubelet evicted a pod. Amounts stay as they are written."""

    resource: str = ""  # what the node was low on: memory, ephemeral-storage, inodes, pids
    condition: str = ""  # the pressure of the node; also where the pod came to a node under pressure
    volume: str = ""  # an emptyDir that grew over its own limit
    limit: str = ""  # the limit of the volume, the container or the pod
    container: str = ""  # the one that used most, or exceeded its limit
    using: str = ""
    request: str = ""


@lru_cache(maxsize=4096)
def parse_eviction(message: str) -> Eviction | None:
    """The message of an evicted pod's status, None for other words."""
    if found := _EMPTY_DIR.search(message):
        return Eviction(volume=found["volume"], limit=found["limit"])
    if found := _CONTAINER_LIMIT.search(message):
        return Eviction(container=found["container"], limit=found["limit"])
    if found := _POD_LIMIT.search(message):
        return Eviction(limit=found["limit"])
    if found := _LOW.search(message):
        user = _USER.search(message)
        what = found["what"]
        return Eviction(
            resource="" if what.endswith("Pressure") else what,
            condition=what if what.endswith("Pressure") else CONDITION_OF.get(what, ""),
            container=user["container"] if user else "",
            using=user["using"] if user else "",
            request=(user["request"] or user["older"] or "") if user else "",
        )
    if found := _HAD.search(message):
        return Eviction(condition=found["what"])
    return None
