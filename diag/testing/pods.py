"""Pods, and the states that they can be in.

`pod` makes a pod that nobody has looked at yet; the other functions return a copy of it with the status that the
scheduler or the kubelet would have written.
"""

from collections.abc import Mapping
from typing import Any

from diag.testing.meta import CREATED, Object, digest, manifest, name_of, namespace_of, suffix

# What admission gives to well-known priority classes (kubernetes `pkg/apis/scheduling`).
PRIORITIES = {"system-node-critical": 2000001000, "system-cluster-critical": 2000000000}

_TOKEN_SOURCES = [
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    {
        "downwardAPI": {
            "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
        }
    },
]
_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a mount path
_EVICTION_TOLERATIONS = [
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for key in ("not-ready", "unreachable")
]
# The DaemonSet controller adds these to each of its pods instead.
_DAEMON_TOLERATIONS = [
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect}
    for key, effect in (
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    )
]


def pod(  # noqa: PLR0913 - what tells one pod from another
    name: str,
    spec: Object,
    *,
    namespace: str = "default",
    created: str = CREATED,
    node: str = "",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    owner: Object | None = None,
    priority: int | None = None,
) -> Object:
    """A Pending pod without conditions: `spec` completed by admission as a real API server would.

    - `spec`: of the template (`pod_spec`).
    - `node`: bound to this node when given.
    - `priority`: of its class; well-known classes are looked up.
    """
    daemon = owner is not None and owner["kind"] == "DaemonSet"
    token = f"kube-api-access-{suffix('token', namespace, name)}"
    mount = {"name": token, "readOnly": True, "mountPath": _TOKEN_PATH}
    body = dict(spec)
    for field in ("initContainers", "containers"):
        if field in spec:
            body[field] = [{**c, "volumeMounts": [*c.get("volumeMounts", ()), mount]} for c in spec[field]]
    volume = {"name": token, "projected": {"sources": _TOKEN_SOURCES, "defaultMode": 420}}
    body["volumes"] = [*spec.get("volumes", ()), volume]
    body.setdefault("serviceAccountName", "default")
    body["serviceAccount"] = body["serviceAccountName"]
    if node:
        body["nodeName"] = node
    body["tolerations"] = [*spec.get("tolerations", ()), *(_DAEMON_TOLERATIONS if daemon else _EVICTION_TOLERATIONS)]
    body["priority"] = PRIORITIES.get(body.get("priorityClassName", ""), 0) if priority is None else priority
    body |= {"enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority"}
    return manifest(
        "v1",
        "Pod",
        name,
        namespace=namespace,
        created=created,
        labels=labels,
        annotations=annotations,
        owner=owner,
        generation=1,
        spec=body,
        status={"phase": "Pending", "qosClass": qos_class(body)},
    )


def qos_class(spec: Object) -> str:
    """`Guaranteed`, `Burstable` or `BestEffort` (kubernetes `pkg/apis/core/helper/qos`)."""
    resources = [c.get("resources", {}) for c in (*spec.get("initContainers", ()), *spec["containers"])]
    if not any(r.get("requests") or r.get("limits") for r in resources):
        return "BestEffort"
    full = all(r.get("limits", {}).get(k) == r.get("requests", {}).get(k, "-") for r in resources for k in _COMPUTE)
    return "Guaranteed" if full else "Burstable"


_COMPUTE = ("cpu", "memory")


def unschedulable(item: Object, message: str, *, since: str) -> Object:
    """The pod as a scheduler leaves it that found no node."""
    refusal = _condition("PodScheduled", "False", since, reason="Unschedulable", message=message)
    return {**item, "status": {**item["status"], "conditions": [refusal]}}


def running(item: Object, *, since: str, ready: bool = True, restarts: int = 0, init: Object | None = None) -> Object:
    """The pod with all containers running since `since`; not `ready` where probes still fail.

    - `init`: the `state.terminated` of its init containers where that matters; by default they ended in time.
    """
    state = {"running": {"startedAt": since}}
    statuses = [
        container_status(item, c, state, ready=ready, restarts=restarts, started=ready)
        for c in item["spec"]["containers"]
    ]
    return _bound(item, "Running", statuses, since=since, init=init)


def succeeded(item: Object, *, started: str, finished: str) -> Object:
    """The pod after all its containers have ended well."""
    state = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": finished}}
    statuses = [container_status(item, c, state, ready=False, started=False) for c in item["spec"]["containers"]]
    return _bound(item, "Succeeded", statuses, since=started)


def waiting(
    item: Object,
    reason: str,
    message: str,
    *,
    since: str,
    restarts: int = 0,
    terminated: Mapping[str, Any] | None = None,
) -> Object:
    """The pod bound to its node with every container waiting, as in `ImagePullBackOff`.

    - `terminated`: how the last attempt ended; then the pod's phase is Running, as a container has run.
    """
    last = {"terminated": dict(terminated)} if terminated else {}
    state = {"waiting": {"reason": reason, "message": message}}
    statuses = [
        container_status(item, c, state, ready=False, started=False, restarts=restarts, last=last)
        for c in item["spec"]["containers"]
    ]
    return _bound(item, "Running" if terminated else "Pending", statuses, since=since)


def crashing(item: Object, *, since: str, restarts: int, back_off: str, terminated: Mapping[str, Any]) -> Object:
    """The pod in CrashLoopBackOff; `back_off` as the kubelet prints a duration (`5m0s`)."""
    first, uid = item["spec"]["containers"][0]["name"], item["metadata"]["uid"]
    message = f"back-off {back_off} restarting failed container={first} pod={name_of(item)}_{namespace_of(item)}({uid})"
    return waiting(item, "CrashLoopBackOff", message, since=since, restarts=restarts, terminated=terminated)


def container_status(
    item: Object,
    container: Object,
    state: Object,
    *,
    ready: bool,
    started: bool,
    restarts: int = 0,
    last: Object | None = None,
) -> Object:
    """An entry of `status.containerStatuses`; ids only where a container was ever made."""
    uid, name, image = item["metadata"]["uid"], container["name"], container["image"]
    made = "waiting" not in state or bool(last)
    status: Object = {"name": name, "state": state, "lastState": last or {}, "ready": ready, "restartCount": restarts}
    status |= {"image": image, "imageID": image_id(image) if made else ""}
    if made:
        status["containerID"] = f"containerd://{digest(uid, name, str(restarts))}"
    status["started"] = started
    if "running" in state:
        resources = container.get("resources", {})
        status |= {"allocatedResources": resources.get("requests", {}), "resources": resources}
        status["volumeMounts"] = [
            {**mount, "recursiveReadOnly": "Disabled"} if mount.get("readOnly") else mount
            for mount in container["volumeMounts"]
        ]
    return status


def image_id(image: str) -> str:
    """The image by its digest, as the runtime reports it."""
    repository = image.partition("@")[0].rpartition(":")[0] or image
    return f"{repository}@sha256:{digest('image', image)}"


def _bound(item: Object, phase: str, statuses: list[Object], *, since: str, init: Object | None = None) -> Object:
    """The pod on its node, with conditions that follow from its containers; `since` is when they last changed."""
    created = item["metadata"]["creationTimestamp"]
    unready = [s["name"] for s in statuses if not s["ready"]]
    if phase == "Succeeded":
        ready = {"status": "False", "reason": "PodCompleted", "message": ""}
    elif unready:
        words = f"containers with unready status: [{' '.join(unready)}]"
        ready = {"status": "False", "reason": "ContainersNotReady", "message": words}
    else:
        ready = {"status": "True", "reason": "", "message": ""}
    ended = init or {"exitCode": 0, "reason": "Completed", "startedAt": created, "finishedAt": created}
    address = _address(item["metadata"]["uid"])
    status: Object = {
        "phase": phase,
        "conditions": [
            _condition("PodReadyToStartContainers", "True", created),
            _condition("Initialized", "True", ended["finishedAt"]),
            _condition("Ready", since=since, **ready),
            _condition("ContainersReady", since=since, **ready),
            _condition("PodScheduled", "True", created),
        ],
        "hostIP": host_address(item["spec"].get("nodeName", "")),
        "hostIPs": [{"ip": host_address(item["spec"].get("nodeName", ""))}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": created,
    }
    if item["spec"].get("initContainers"):
        status["initContainerStatuses"] = [
            container_status(item, c, {"terminated": ended}, ready=True, started=False)
            for c in item["spec"]["initContainers"]
        ]
    status |= {"containerStatuses": statuses, "qosClass": item["status"]["qosClass"]}
    return {**item, "status": status}


def _condition(kind: str, status: str, since: str, *, reason: str = "", message: str = "") -> Object:
    condition: Object = {"type": kind, "observedGeneration": 1, "status": status, "lastProbeTime": None}
    condition["lastTransitionTime"] = since
    if reason:
        condition["reason"] = reason
    if message:
        condition["message"] = message
    return condition


def _address(uid: str) -> str:
    return f"10.244.{int(uid[:2], 16)}.{int(uid[2:4], 16)}"


def host_address(node: str) -> str:
    """The internal address of a node, made of its name."""
    seed = digest("host", node)
    return f"10.32.{int(seed[:2], 16)}.{int(seed[2:4], 16)}"
