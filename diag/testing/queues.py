"""Objects of queueing and gang schedulers: Kueue, Volcano and the coscheduling plugin."""

from collections.abc import Mapping, Sequence

from diag.testing.meta import CREATED, Object, manifest
from diag.testing.specs import GPU

KUEUE = "kueue.x-k8s.io/v1beta2"
VOLCANO = "scheduling.volcano.sh/v1beta1"
COSCHEDULING = "scheduling.x-k8s.io/v1alpha1"
POD_GROUP_LABEL = "scheduling.x-k8s.io/pod-group"


def condition(kind: str, *, status: bool, reason: str, message: str, since: str) -> Object:
    """A metav1.Condition."""
    return {
        "type": kind,
        "status": str(status),
        "observedGeneration": 1,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }


def cluster_queue(  # noqa: PLR0913 - what tells one queue from another
    name: str,
    *,
    quota: Mapping[str, str],
    used: Mapping[str, str] | None = None,
    flavor: str = "default-flavor",
    cohort: str = "",
    pending: int = 0,
    admitted: int = 0,
    active: bool = True,
    created: str = CREATED,
) -> Object:
    """A Kueue ClusterQueue with one flavour; `quota` and `used` by resource name."""
    used = used or {}
    spec: Object = {"cohortName": cohort} if cohort else {}
    resources = [{"name": resource, "nominalQuota": amount} for resource, amount in quota.items()]
    group = {"coveredResources": list(quota), "flavors": [{"name": flavor, "resources": resources}]}
    spec |= {"resourceGroups": [group], "queueingStrategy": "BestEffortFIFO", "namespaceSelector": {}}
    usage = [{"name": resource, "total": used.get(resource, "0"), "borrowed": "0"} for resource in quota]
    words = "Can admit new workloads" if active else "Can't admit new workloads: references missing ResourceFlavor(s)."
    reason = "Ready" if active else "FlavorNotFound"
    return manifest(
        KUEUE,
        "ClusterQueue",
        name,
        created=created,
        generation=1,
        spec=spec,
        status={
            "pendingWorkloads": pending,
            "reservingWorkloads": admitted,
            "admittedWorkloads": admitted,
            "flavorsReservation": [{"name": flavor, "resources": usage}],
            "flavorsUsage": [{"name": flavor, "resources": usage}],
            "conditions": [condition("Active", status=active, reason=reason, message=words, since=created)],
        },
    )


def local_queue(
    name: str, *, namespace: str, cluster_queue: str, pending: int = 0, admitted: int = 0, created: str = CREATED
) -> Object:
    """A Kueue LocalQueue that leads to `cluster_queue`."""
    words = "Can submit new workloads to localQueue"
    return manifest(
        KUEUE,
        "LocalQueue",
        name,
        namespace=namespace,
        created=created,
        generation=1,
        spec={"clusterQueue": cluster_queue, "stopPolicy": "None"},
        status={
            "pendingWorkloads": pending,
            "reservingWorkloads": admitted,
            "admittedWorkloads": admitted,
            "conditions": [condition("Active", status=True, reason="Ready", message=words, since=created)],
        },
    )


def workload(  # noqa: PLR0913 - what tells one Workload from another
    name: str,
    *,
    namespace: str,
    queue: str,
    spec: Object,
    count: int = 1,
    owner: Object | None = None,
    priority: int = 0,
    conditions: Sequence[Object] = (),
    admission: Object | None = None,
    created: str = CREATED,
) -> Object:
    """A Kueue Workload of one pod set; `admission` and `conditions` as Kueue wrote them."""
    template = {"metadata": {}, "spec": spec}
    status: Object = {"conditions": list(conditions)} if conditions else {}
    if admission is not None:
        status["admission"] = admission
    return manifest(
        KUEUE,
        "Workload",
        name,
        namespace=namespace,
        created=created,
        owner=owner,
        generation=1,
        spec={
            "active": True,
            "queueName": queue,
            "priority": priority,
            "podSets": [{"name": "main", "count": count, "template": template}],
        },
        status=status,
    )


def volcano_queue(
    name: str, *, weight: int = 1, allocated: Mapping[str, str] | None = None, state: str = "Open"
) -> Object:
    """A Volcano Queue."""
    status = {"state": state, "allocated": dict(allocated or {}), "reservation": {}}
    return manifest(VOLCANO, "Queue", name, generation=1, spec={"weight": weight, "reclaimable": True}, status=status)


def volcano_pod_group(  # noqa: PLR0913 - what tells one group from another
    name: str,
    *,
    namespace: str,
    min_member: int,
    gpus: int,
    phase: str = "Running",
    message: str = "",
    queue: str = "default",
    owner: Object | None = None,
    created: str = CREATED,
) -> Object:
    """A Volcano PodGroup of `min_member` pods with `gpus` in all; `message` where the gang does not fit."""
    status: Object = {"phase": phase, "running": min_member if phase == "Running" else 0}
    if message:
        words = {"reason": "NotEnoughResources", "message": message}
        row = {"type": "Unschedulable", "status": "True", "lastTransitionTime": created, **words}
        status["conditions"] = [row]
    spec = {"minMember": min_member, "queue": queue, "minResources": {GPU: str(gpus)}}
    return manifest(
        VOLCANO,
        "PodGroup",
        name,
        namespace=namespace,
        created=created,
        owner=owner,
        generation=1,
        spec=spec,
        status=status,
    )


def pod_group(
    name: str, *, namespace: str, min_member: int, phase: str = "Running", members: int = 0, created: str = CREATED
) -> Object:
    """A PodGroup of the coscheduling plugin, which writes no conditions; `members` of it run."""
    status: Object = {"phase": phase, "scheduleStartTime": created, "occupiedBy": f"{namespace}/{name}"}
    if members:
        status["running"] = members
    return manifest(
        COSCHEDULING,
        "PodGroup",
        name,
        namespace=namespace,
        created=created,
        generation=1,
        spec={"minMember": min_member, "scheduleTimeoutSeconds": 60},
        status=status,
    )
