"""The snapshot as a rule sees it: the same answers, and a record of what was asked."""

from collections import Counter
from collections.abc import Iterator

from diag.findings import Confidence, Ref
from diag.projection import Object, kind_id
from diag.snapshot.kinds import Event, Node, Pod
from diag.snapshot.logs import has_run
from diag.snapshot.snapshot import Snapshot
from diag.snapshot.sources.part import OFFERS, LogKey, Reading
from diag.snapshot.sources.side.kube_state import as_label


class Reader:
    """Reads objects by kind (`Pod`, `apps/Deployment`). All pods are not to be had: rules see groups of troubled ones.

    `read` holds the kinds that were asked for by name, `met` those of objects that came with a group, as an owner or
    by a reference, whatever kind they are of; `visits` counts how many objects of each kind were walked over.
    `logless` are containers of which a log could be there and was not, when it was asked for.
    `counted_less`: an object that cannot be read may be one that was sought, so that numbers may be wrong.
    """

    def __init__(self, snap: Snapshot) -> None:
        self._snap = snap
        self.read: set[str] = set()
        self.met: set[str] = set()
        self.visits: Counter[str] = Counter()
        self.logless: set[LogKey] = set()
        self.counted_less = False

    def seek(self, kind: str, namespace: str = "", name: str = "") -> None:
        """Note that an answer rests on all objects of a kind ("": any) in a namespace ("": in all), or of a name."""
        self.counted_less = self.counted_less or self._snap.damaged(kind, namespace, name)

    def may_be_unreadable(self, ref: Ref) -> bool:
        """Whether an object may be one that is there and cannot be read."""
        return self._snap.damaged(kind_id(ref.api_version, ref.kind), ref.namespace, ref.name)

    @property
    def now(self) -> str:
        """The time of the snapshot, RFC 3339."""
        return self._snap.now

    @property
    def server_version(self) -> str | None:
        """The version of the API server, None where nothing says it."""
        return self._snap.server_version

    def all(self, kind: str) -> list[Object]:
        """All objects of a kind, by namespace and name. Raises LookupError for pods."""
        if kind == "Pod":
            raise LookupError(
                "a rule never walks all pods: ask for groups, or for the pods of a node, owner or namespace"
            )
        self.read.add(kind)
        self.seek(kind)
        found = [item for _, item in sorted(self._snap.all(kind).items())]
        self.visits[kind] += len(found)
        return found

    def nodes(self) -> list[Node]:
        """All nodes, by name."""
        return [node for node in self.all("Node") if isinstance(node, Node)]

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object, None when it is not here; whether it exists at all is what `lacks` says."""
        self.read.add(kind)
        return self._got(kind, namespace, name)

    def _got(self, kind: str, namespace: str, name: str) -> Object | None:
        found = self._snap.get(kind, namespace, name)
        if found is None:
            self.seek(kind, namespace, name)
        return found

    def find(self, ref: Ref) -> Object | None:
        """The object that a reference means."""
        kind = kind_id(ref.api_version, ref.kind)
        self.met.add(kind)
        return self._got(kind, ref.namespace, ref.name)

    def by_uid(self, uid: str) -> Object | None:
        """The object with a uid, None when it is not here."""
        found = self._snap.by_uid.get(uid) if uid else None
        if found is not None:
            self.met.add(found.kind_id)
        return found

    def node(self, name: str | None) -> Node | None:
        """A node by its name."""
        found = self.get("Node", "", name or "")
        return found if isinstance(found, Node) else None

    def pod(self, namespace: str, name: str) -> Pod | None:
        """A pod by its name."""
        found = self.get("Pod", namespace, name)
        return found if isinstance(found, Pod) else None

    def lacks(self, kind: str, namespace: str, name: str) -> Confidence | None:
        """How surely an object does not exist; None when it is here or nobody looked. See `Snapshot.lacks`."""
        self.read.add(kind)
        return self._snap.lacks(kind, namespace, name)

    def holds(self, kind: str, namespace: str = "") -> bool:
        """Whether the snapshot holds objects of the kind (in the namespace) at all, so that absence means something."""
        self.read.add(kind)
        return self._snap.holds(kind, namespace)

    def pods_on(self, node: str) -> list[Pod]:
        """The pods bound to a node, ended ones included."""
        self.read.add("Pod")
        self.seek("Pod")
        found = self._snap.pods_by_node.get(node, [])
        self.visits["Pod"] += len(found)
        return found

    def pods_in(self, namespace: str) -> list[Pod]:
        """The pods of a namespace."""
        self.read.add("Pod")
        self.seek("Pod", namespace)
        found = self._snap.pods_by_namespace.get(namespace, [])
        self.visits["Pod"] += len(found)
        return found

    def in_namespace(self, namespace: str) -> list[Object]:
        """All objects of one namespace but its events, by kind and name."""
        found: list[Object] = []
        self.seek("", namespace)
        for kind, table in sorted(self._snap.tables.items()):
            if kind != "Event":
                found += [item for (space, _), item in sorted(table.items()) if space == namespace]
        self.met.update(item.kind_id for item in found)
        return found

    def children_of(self, owner: Object) -> list[Object]:
        """What an object owns, directly."""
        self.seek("", owner.namespace)
        found = self._snap.children_of(owner)
        self.met.update(item.kind_id for item in found)
        return found

    def pods_of(self, owner: Object) -> list[Pod]:
        """The pods that an object owns, directly or through what it owns."""
        self.read.add("Pod")
        found: list[Pod] = []
        todo, depth = [owner], 0
        while todo and depth < 6:  # noqa: PLR2004  no chain of owners is longer (TrainJob, JobSet, Job, Pod)
            children = [child for item in todo for child in self.children_of(item)]
            found += [child for child in children if isinstance(child, Pod)]
            todo = [child for child in children if not isinstance(child, Pod)]
            depth += 1
        return found

    def owner_of(self, item: Object) -> Object | None:
        """The first owner that is here."""
        for reference in item.owners:
            owner = self._snap.owner(item, reference)
            if owner is not None:
                self.met.add(owner.kind_id)
                return owner
            for namespace in (item.namespace, ""):
                self.seek(kind_id(reference.api_version, reference.kind), namespace, reference.name or "")
        return None

    def events(self, about: Object | Ref) -> list[Event]:
        """Events about an object, newest first."""
        self.read.add("Event")
        return self._snap.events(about)

    def event_subjects(self) -> Iterator[tuple[str, str, str]]:
        """Kind, namespace and name of every object that events are about, whether it is here or not."""
        self.read.add("Event")
        return self._snap.event_subjects()

    def side(self, node: str) -> list[Reading]:
        """What files beside the objects tell of a node's devices; mostly nothing, as such files are rare."""
        return self._snap.side_by_node.get(node, [])

    def offers(self, resource: str) -> list[Reading]:
        """How many of a GPU resource each node has by kube-state-metrics; none where the nodes themselves are here."""
        if self._snap.coverage("Node") != "none":
            return []
        return [one for one in self._snap.side if one.what in OFFERS and one.device == as_label(resource)]

    def log(self, pod: Object, container: str, *, previous: bool = False) -> list[str]:
        """The stored lines of a container's log, empty when there is none."""
        text = self.log_text(pod, container, previous=previous)
        return text.split("\n") if text else []

    def log_text(self, pod: Object, container: str, *, previous: bool = False) -> str:
        """The same as one text."""
        text = self._snap.logs.text(pod, container, previous=previous)
        if not text and isinstance(pod, Pod) and has_run(pod, container, previous=previous):
            self.logless.add((f"{pod.namespace}/{pod.name}", container, previous))
        return text

    def gone_logs(self, maker: Object) -> Iterator[tuple[LogKey, list[str]]]:
        """The logs of pods that a controller made and that are not here any more, each with its lines."""
        for key in self._snap.gone_logs(maker):
            yield key, self._snap.logs.texts[key].split("\n")
