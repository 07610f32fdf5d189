"""Pods that start together or not at all: which PodGroup a pod belongs to, and what the group asks for.

Sources: volcano-sh/apis pkg/apis/scheduling/v1beta1 (annotation and PodGroup), kubernetes-sigs/scheduler-plugins
apis/scheduling/v1alpha1 (label and PodGroup), kubernetes/api scheduling/v1alpha2 (PodGroup of Kubernetes 1.36).
"""

from diag.facts.gpus import Amounts
from diag.facts.quantity import milli
from diag.projection import JsonDict, Object
from diag.snapshot.kinds import Pod
from diag.vocab.kueue import POD_GROUP_NAME
from diag.vocab.training import JOBSET_NAME, KUBEFLOW_JOB_NAME, LWS_GROUP, LWS_NAME, RAY_CLUSTER_NAME

VOLCANO, COSCHEDULING = "scheduling.volcano.sh/PodGroup", "scheduling.x-k8s.io/PodGroup"
NATIVE = "scheduling.k8s.io/PodGroup"
QUEUE = "scheduling.volcano.sh/Queue"
HYPERNODE = "topology.volcano.sh/HyperNode"
# Where a pod names its PodGroup: (annotations or labels, key).
VOLCANO_KEY, COSCHEDULING_KEY = "scheduling.k8s.io/group-name", "scheduling.x-k8s.io/pod-group"

# A Job whose pods know their number (kubernetes/api batch/v1: JobCompletionIndexAnnotation, JobNameLabel).
_JOB_NAME, _JOB_INDEX = "batch.kubernetes.io/job-name", "batch.kubernetes.io/job-completion-index"
# Labels that members of a job have in common, the first that a pod has all of; a place is each member's own.
_JOBS = (
    (POD_GROUP_NAME,), (JOBSET_NAME,), (LWS_NAME, LWS_GROUP), (KUBEFLOW_JOB_NAME,), (RAY_CLUSTER_NAME,),
    (_JOB_NAME, _JOB_INDEX),
)  # fmt: skip
_PLACES = frozenset({_JOB_INDEX})


def gang_of(pod: Object) -> tuple[str, str] | None:
    """The PodGroup that a pod names, as (kind, name); None for a pod of no gang."""
    name = pod.annotations.get(VOLCANO_KEY)
    if name:
        return VOLCANO, name
    name = pod.labels.get(COSCHEDULING_KEY)
    if name:
        return COSCHEDULING, name
    native = pod.spec.scheduling_group if isinstance(pod, Pod) else None
    return (NATIVE, native.pod_group_name) if native is not None and native.pod_group_name else None


def together(pod: Object) -> tuple[str, ...] | None:
    """What is equal for the pods of a namespace that need each other: a PodGroup, or a job of several members.

    None for a pod that stands alone; the replicas of a Deployment do.
    """
    named = gang_of(pod)
    if named is not None:
        return named
    labels = pod.labels
    keys = next((keys for keys in _JOBS if all(key in labels for key in keys)), None)
    return None if keys is None else (keys[0], *(labels[key] for key in keys if key not in _PLACES))


def membership_path(kind: str) -> str:
    """Where a pod of such a gang names it."""
    if kind == NATIVE:
        return "spec.schedulingGroup.podGroupName"
    return f'metadata.annotations["{VOLCANO_KEY}"]' if kind == VOLCANO else f'metadata.labels["{COSCHEDULING_KEY}"]'


def minimum(group: Object) -> int | None:
    """How many members have to start together (at `minimum_path`); None where nothing says it."""
    *above, last = minimum_path(group.kind_id).split(".")
    value = part(group, *above).get(last)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def minimum_path(kind: str) -> str:
    """Where a PodGroup of the kind says how many members have to start together."""
    return "spec.schedulingPolicy.gang.minCount" if kind == NATIVE else "spec.minMember"


def phase(group: Object) -> str:
    """`status.phase`; Volcano takes an empty one for Pending."""
    value = part(group, "status").get("phase")
    return value if isinstance(value, str) else ""


def queue_of(group: Object) -> str:
    """The Volcano queue that a PodGroup waits in."""
    value = part(group, "spec").get("queue")
    return value if isinstance(value, str) and value else "default"


def min_resources(group: Object) -> Amounts:
    """What a PodGroup needs before it is let in, in thousandths; quota keys (`requests.…`) left out."""
    held = part(group, "spec", "minResources")
    found = {name: milli(amount) for name, amount in held.items() if not name.startswith(("requests.", "limits."))}
    return {name: amount for name, amount in found.items() if amount is not None}


def part(item: Object, *path: str) -> JsonDict:
    """A map inside an object, empty where there is none."""
    node: object = item.whole
    for step in path:
        node = node.get(step) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}
