"""The cluster while it is being built: its objects and logs, and pods that wait for a scheduler's word."""

from collections.abc import Callable, Sequence

from diag.testing import (
    Clock,
    Object,
    Room,
    deployment,
    endpoint_slice,
    event,
    job,
    name_of,
    namespace_of,
    pod,
    pvc,
    replica_set,
    running,
    series_event,
    service,
    stateful_set,
    suffix,
    unschedulable,
)

POOL = "example.com/pool"  # label and selector of the node pools
CLOCK = Clock.at("2026-09-15T09:30:00Z")

Words = Callable[[Room], str]


class Cluster:
    """Objects and logs in the order in which they were added.

    Pods that no node takes are added with `wait`: their message is counted at the end, over all nodes and pods.
    """

    def __init__(self) -> None:
        self.clock = CLOCK
        self.logs: list[Object] = []
        self._objects: list[Object] = []
        self._waiters: list[tuple[Object, float, str, Words]] = []

    def add(self, *objects: Object) -> None:
        """Adds finished objects."""
        self._objects.extend(objects)

    def log(self, item: Object, container: str, lines: Sequence[str], *, previous: bool = False) -> None:
        """Adds the log of a pod's container."""
        text = "".join(f"{line}\n" for line in lines)
        where = f"{namespace_of(item)}/{name_of(item)}"
        self.logs.append({"pod": where, "container": container, "previous": previous, "text": text})

    def wait(self, item: Object, *, minutes: float, words: Words, scheduler: str = "default-scheduler") -> None:
        """Adds a pod that `scheduler` has refused since `minutes` ago; `words` makes the message from the room."""
        self._waiters.append((item, minutes, scheduler, words))

    def find(self, kind: str, name: str) -> Object:
        """An object that was added, by its kind and name."""
        return next(item for item in self._objects if item["kind"] == kind and name_of(item) == name)

    def room(self) -> Room:
        """What the nodes have left."""
        room = Room(item for item in self._objects if item["kind"] == "Node")
        for item in self._objects:
            if item["kind"] == "Pod" and item["status"]["phase"] in ("Pending", "Running"):
                room.take(item["spec"]["nodeName"], item["spec"])
        return room

    def items(self) -> list[Object]:
        """All objects, waiting pods last, each with its scheduler's event."""
        items = list(self._objects)
        for item, minutes, scheduler, words in self._waiters:
            message = words(self.room())
            refused = unschedulable(item, message, since=self.clock.ago(minutes=minutes))
            times = {"first": self.clock.micro(minutes=minutes), "last": self.clock.micro(seconds=20)}
            count = max(int(minutes / 2), 1)
            items.append(refused)
            items.append(
                series_event(
                    refused, "FailedScheduling", message, **times, count=count, warning=True, component=scheduler
                )
            )
        return items


def owned_pods(cluster: Cluster, owner: Object, nodes: Sequence[str], *, minutes: float) -> list[Object]:
    """Pods of a controller that were bound to `nodes` this long ago; not added, and without a state."""
    namespace, name = namespace_of(owner), name_of(owner)
    template = owner["spec"]["template"]
    indexed = owner["spec"].get("completionMode") == "Indexed"
    pods = []
    for index, node in enumerate(nodes):
        mark = suffix("pod", namespace, name, str(index))
        labels, annotations = dict(template["metadata"]["labels"]), {}
        pod_name = f"{name}-{mark}"
        if owner["kind"] == "StatefulSet":
            pod_name = f"{name}-{index}"
            labels["controller-revision-hash"] = owner["status"]["updateRevision"]
            labels["apps.kubernetes.io/pod-index"] = str(index)
        elif indexed:
            pod_name = f"{name}-{index}-{mark}"
            labels["batch.kubernetes.io/job-completion-index"] = str(index)
            annotations = {"batch.kubernetes.io/job-completion-index": str(index)}
        pods.append(
            pod(
                pod_name,
                template["spec"],
                namespace=namespace,
                created=cluster.clock.ago(minutes=minutes),
                node=node,
                labels=labels,
                annotations=annotations,
                owner=owner,
            )
        )
    return pods


def serve(
    cluster: Cluster,
    name: str,
    spec: Object,
    *,
    namespace: str,
    nodes: Sequence[str],
    days: float,
    minutes: float,
    port: int = 0,
) -> list[Object]:
    """Adds a healthy Deployment of `days` ago whose pods of `minutes` ago run on `nodes`, and its Service if any."""
    created = cluster.clock.ago(days=days)
    top = deployment(
        name,
        spec,
        namespace=namespace,
        replicas=len(nodes),
        created=created,
        progressed=cluster.clock.ago(minutes=minutes - 2),
    )
    middle = replica_set(top)
    pods = [
        running(item, since=cluster.clock.ago(minutes=minutes - 1))
        for item in owned_pods(cluster, middle, nodes, minutes=minutes)
    ]
    cluster.add(top, middle, *pods)
    if port:
        front = service(name, namespace=namespace, port=port, created=created)
        cluster.add(front, endpoint_slice(front, pods, port=port))
    return pods


def keep(
    cluster: Cluster,
    name: str,
    spec: Object,
    *,
    namespace: str,
    nodes: Sequence[str],
    days: float,
    claim: str = "",
) -> None:
    """Adds a healthy StatefulSet, each pod with a volume of storage class `claim` if given."""
    created = cluster.clock.ago(days=days)
    templates: tuple[Object, ...] = ()
    if claim:
        size = {"requests": {"storage": "100Gi"}}
        wanted = {"accessModes": ["ReadWriteOnce"], "resources": size, "storageClassName": claim}
        templates = (
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": wanted},
        )
    top = stateful_set(name, spec, namespace=namespace, replicas=len(nodes), created=created, claims=templates)
    cluster.add(top)
    for item in owned_pods(cluster, top, nodes, minutes=days * 1440 - 3):
        if claim:
            volume = f"data-{name_of(item)}"
            cluster.add(pvc(volume, namespace=namespace, storage_class=claim, created=created))
            item["spec"]["volumes"].append({"name": "data", "persistentVolumeClaim": {"claimName": volume}})
        cluster.add(running(item, since=cluster.clock.ago(minutes=days * 1440 - 4)))


def train(
    cluster: Cluster,
    name: str,
    spec: Object,
    *,
    namespace: str,
    nodes: Sequence[str],
    minutes: float,
    labels: dict[str, str] | None = None,
) -> list[Object]:
    """Adds a Job that has been running on `nodes` for `minutes`."""
    top = job(
        name,
        spec,
        namespace=namespace,
        parallelism=len(nodes),
        created=cluster.clock.ago(minutes=minutes),
        labels=labels,
        indexed=len(nodes) > 1,
    )
    pods = [
        running(item, since=cluster.clock.ago(minutes=minutes - 1))
        for item in owned_pods(cluster, top, nodes, minutes=minutes)
    ]
    cluster.add(top, *pods)
    return pods


def scheduled(cluster: Cluster, item: Object, *, minutes: float) -> Object:
    """The event of a pod's binding; not added."""
    where = f"{namespace_of(item)}/{name_of(item)} to {item['spec']['nodeName']}"
    return series_event(
        item,
        "Scheduled",
        f"Successfully assigned {where}",
        first=cluster.clock.micro(minutes=minutes),
        action="Binding",
    )


def kubelet_says(  # noqa: PLR0913 - the fields of a kubelet's event
    cluster: Cluster,
    item: Object,
    reason: str,
    message: str,
    *,
    minutes: float,
    first: float = 0,
    count: int = 1,
    warning: bool = False,
    container: str = "",
) -> None:
    """Adds an event of the kubelet about a pod: last seen `minutes` ago, first seen `first` minutes ago."""
    cluster.add(
        event(
            item,
            reason,
            message,
            last=cluster.clock.ago(minutes=minutes),
            first=cluster.clock.ago(minutes=first or minutes),
            count=count,
            warning=warning,
            host=item["spec"]["nodeName"],
            container=container or item["spec"]["containers"][0]["name"],
        )
    )
