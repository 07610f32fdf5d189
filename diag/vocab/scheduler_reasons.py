"""What each reason of a scheduler's sentence means, for every wording since Kubernetes 1.21.

Sources: kubernetes/kubernetes pkg/scheduler/framework/plugins/*/ (constants `ErrReason…` and `errReason…`),
volcano-sh/volcano pkg/scheduler/api/unschedule_info.go, koordinator-sh/koordinator pkg/scheduler/plugins.
"""

import re
from enum import StrEnum


class ReasonKind(StrEnum):
    """Why a node, or every node, was turned down."""

    INSUFFICIENT = "insufficient"
    TOO_MANY_PODS = "too-many-pods"
    TAINT = "taint"
    UNSCHEDULABLE = "unschedulable"
    NODE_AFFINITY = "node-affinity"
    NODE_NAME = "node-name"
    NODE_FEATURES = "node-features"
    PORTS = "ports"
    SPREAD = "spread"
    POD_AFFINITY = "pod-affinity"
    POD_ANTI_AFFINITY = "pod-anti-affinity"
    POD_AFFINITY_UNNAMED = "pod-affinity-unnamed"  # affinity or anti-affinity: up to 1.21 one phrase covers both
    EXISTING_ANTI_AFFINITY = "existing-anti-affinity"
    VOLUME_AFFINITY = "volume-affinity"
    VOLUME_BIND = "volume-bind"
    VOLUME_IN_USE = "volume-in-use"
    VOLUME_LIMIT = "volume-limit"
    VOLUME_ZONE = "volume-zone"
    CSI_MISSING = "csi-missing"
    DRA = "dra"
    GATED = "gated"
    GANG = "gang"
    PREEMPTING = "preempting"  # the scheduler is evicting others for the pod, and looks at it again afterwards
    QUOTA = "quota"
    NUMA = "numa"
    RESERVATION = "reservation"
    LOAD = "load"
    PREFILTERED = "prefiltered"  # a plugin had already narrowed the pod down to other nodes
    NO_VICTIMS = "no-victims"
    NOT_HELPFUL = "not-helpful"
    OTHER = "other"


_K = ReasonKind

EXACT: dict[str, ReasonKind] = {
    "Too many pods": _K.TOO_MANY_PODS,
    "node(s) pod number exceeded": _K.TOO_MANY_PODS,  # Volcano
    "node(s) resource fit failed": _K.INSUFFICIENT,  # Volcano
    "node(s) were unschedulable": _K.UNSCHEDULABLE,
    "node(s) had untolerated taint": _K.TAINT,
    "node(s) had untolerated taint(s)": _K.TAINT,  # 1.35 and later no longer name it
    "node(s) had taints that the pod didn't tolerate": _K.TAINT,
    "node(s) didn't match Pod's node affinity/selector": _K.NODE_AFFINITY,
    "node(s) didn't match Pod's node affinity": _K.NODE_AFFINITY,
    "node(s) didn't match node selector": _K.NODE_AFFINITY,
    "node(s) didn't match scheduler-enforced node affinity": _K.NODE_AFFINITY,
    "pod affinity terms conflict": _K.NODE_AFFINITY,
    "node(s) didn't match the requested node name": _K.NODE_NAME,
    "node(s) didn't match the requested hostname": _K.NODE_NAME,
    "node(s) didn't match Pod's required features": _K.NODE_FEATURES,
    "node(s) didn't have free ports for the requested pod ports": _K.PORTS,
    "node(s) didn't match pod topology spread constraints": _K.SPREAD,
    "node(s) didn't match pod topology spread constraints (missing required label)": _K.SPREAD,
    "node(s) didn't match pod affinity rules": _K.POD_AFFINITY,
    "node(s) didn't match pod anti-affinity rules": _K.POD_ANTI_AFFINITY,
    "node(s) didn't match pod affinity/anti-affinity rules": _K.POD_AFFINITY_UNNAMED,
    "node(s) didn't match pod affinity/anti-affinity": _K.POD_AFFINITY_UNNAMED,
    "node(s) didn't satisfy existing pods anti-affinity rules": _K.EXISTING_ANTI_AFFINITY,
    "node(s) had volume node affinity conflict": _K.VOLUME_AFFINITY,  # up to 1.32
    "node(s) didn't match PersistentVolume's node affinity": _K.VOLUME_AFFINITY,  # 1.33 and later
    "node(s) didn't find available persistent volumes to bind": _K.VOLUME_BIND,
    "node(s) did not have enough free storage": _K.VOLUME_BIND,
    "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)": _K.VOLUME_BIND,
    "pod has unbound immediate PersistentVolumeClaims": _K.VOLUME_BIND,
    "node(s) had no available volume zone": _K.VOLUME_ZONE,
    "node(s) exceed max volume count": _K.VOLUME_LIMIT,
    "node(s) had no available disk": _K.VOLUME_IN_USE,
    "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode": _K.VOLUME_IN_USE,
    "cannot allocate all claims": _K.DRA,
    "resourceclaim not available on the node": _K.DRA,
    "resourceclaim in use": _K.DRA,
    "cannot schedule extended resource claim": _K.DRA,
    "cannot fit resource": _K.DRA,
    "timed out trying to allocate devices": _K.DRA,
    "device binding timeout": _K.DRA,
    "device binding failed": _K.DRA,
    "waiting for the preemption for this pod to be finished": _K.PREEMPTING,  # 1.32 and later
    "waiting for minCount pods from a gang to appear in scheduling queue": _K.GANG,
    "waiting for minCount pods from a gang to be scheduled": _K.GANG,
    "node(s) nodeMetric expired": _K.LOAD,  # Koordinator
    "node(s) invalid CPU Topology": _K.NUMA,
    "node(s) requested cpus not multiple cpus per core": _K.NUMA,
    "No preemption victims found for incoming pod": _K.NO_VICTIMS,
    "Preemption is not helpful for scheduling": _K.NOT_HELPFUL,
}

# Wordings that hold a name. Each pattern is anchored at the start and runs in linear time.
PATTERNS: tuple[tuple[re.Pattern[str], ReasonKind], ...] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"Insufficient quotas", _K.QUOTA),  # Koordinator's elastic quota
        (r"Insufficient NUMA ", _K.NUMA),
        (r"Insufficient ", _K.INSUFFICIENT),
        (r"node\(s\) had (?:untolerated )?taint \{", _K.TAINT),
        (r"persistentvolumeclaim \"", _K.VOLUME_BIND),
        (r"waiting for ephemeral volume controller to create the persistentvolumeclaim ", _K.VOLUME_BIND),
        (r"\S+ CSI driver is not installed on the node", _K.CSI_MISSING),
        (r"resource ?claim \S+ is (?:in the process of being allocated|being deleted)", _K.DRA),
        (r"request \S+: ", _K.DRA),
        (r"pod \"[^\"]*\": ", _K.DRA),  # its claim is not made from the template yet
        (r"node \S+: timed out trying to allocate devices", _K.DRA),
        (r"node\(s\) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode", _K.VOLUME_IN_USE),
        (r"waiting for scheduling gates: ", _K.GATED),
        (r"waiting for pods's pod group ", _K.GANG),
        (r"pre-filter pod \S+ cannot find enough sibling pods", _K.GANG),  # scheduler-plugins' coscheduling
        (r"(?:Gang|GangGroup|PodGroup) \S+ gets rejected", _K.GANG),
        (r"node\(s\) (?:Insufficient )?NUMA ", _K.NUMA),
        (r"cannot align (?:pod|container)", _K.NUMA),  # scheduler-plugins' NodeResourceTopologyMatch
        (r"node\(s\) no reservation|Reservation\(s\) ", _K.RESERVATION),
        (r"node\(s\) \S+ (?:aggregated )?usage exceed threshold", _K.LOAD),
    )
)
