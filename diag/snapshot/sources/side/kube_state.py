"""kube-state-metrics: what its samples say of nodes and pods; it counts where the objects themselves are not there.

Origin: kubernetes/kube-state-metrics docs/metrics/cluster/node-metrics.md and docs/metrics/workload/pod-metrics.md.
Left aside is what no diagnosis can use: restarts and the reasons of last endings tell of the past; of a quota the
refusal itself says how much is used; requests are told of pods that have ended, too.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from diag.snapshot.sources.part import OFFERS, ONLY_METRIC
from diag.vocab.accelerators import PREFIXES
from diag.vocab.gpu_health import is_bad

# The exporter's own labels are `exported_…` where the target has such labels already, and its target says nothing of
# what is meant.
_OWN = "exported_"
_STATUSES = {"true": "True", "false": "False", "unknown": "Unknown"}
_OFFERS = {f"kube_node_status_{what}": what for what in OFFERS}
_PHASES = ("Pending", "Failed", "Unknown")
_STARTING = ("ContainerCreating", "PodInitializing")


class Said(NamedTuple):
    """What one sample says: `Reading.what` and its value, and of which node, resource or pod ("namespace/name").

    `at` is a word of the sample by which its place is found.
    """

    what: str
    value: str
    at: str
    node: str = ""
    device: str = ""
    pod: str = ""


def kube_state(name: str, labels: Mapping[str, Any], value: str, number: float) -> Said | None:
    """What a sample of a metric says; None where it tells of nothing that is used."""
    node = _own(labels, "node")
    if name in _OFFERS:
        resource = str(labels.get("resource") or "")
        return Said(_OFFERS[name], value, node, node, resource) if node and resource.startswith(_GPUS) else None
    if number != 1:  # of the others there is a sample for each state, of which one is 1
        return None
    if name == "kube_node_status_condition":
        kind, status = str(labels.get("condition") or ""), _STATUSES.get(str(labels.get("status")), "")
        # A large cluster has a hundred thousand that are well.
        return Said("condition", f"{kind}={status}", kind, node) if node and is_bad(kind, status) else None
    word = _word(name, labels)
    namespace, pod = _own(labels, "namespace"), _own(labels, "pod")
    return Said(ONLY_METRIC, word, pod, pod=f"{namespace}/{pod}") if word and namespace and pod else None


def _word(name: str, labels: Mapping[str, Any]) -> str:
    """How a pod is, where that is no good state."""
    match name:
        case "kube_pod_status_unschedulable":
            return "unschedulable"
        case "kube_pod_status_phase":
            phase = str(labels.get("phase"))
            return phase if phase in _PHASES else ""
        case "kube_pod_container_status_waiting_reason":
            reason = str(labels.get("reason"))
            return reason if reason not in _STARTING else ""
        case _:
            return ""


def _own(labels: Mapping[str, Any], name: str) -> str:
    return str(labels.get(_OWN + name) or labels.get(name) or "")


def as_label(resource: str) -> str:
    """A resource as a label has it (kube-state-metrics internal/store/utils.go sanitizeLabelName): `nvidia_com_gpu`."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", resource)


_GPUS = tuple(map(as_label, PREFIXES))
