"""One cluster as it was: objects by kind, what of it was seen, and when it was."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from diag.findings import Confidence, Gap, Ref
from diag.projection import Object, OwnerReference, kind_id
from diag.snapshot.kinds import Event, Node, Pod
from diag.snapshot.logs import Logs
from diag.snapshot.sources.part import KUBECTL, LogKey, Lost, Problem, Reading
from diag.vocab.kubernetes import RANDOM_SUFFIX_LENGTH, SAFE_ALPHABET

GENERATED = re.compile(f"-[{SAFE_ALPHABET}]{{{RANDOM_SUFFIX_LENGTH}}}")
Place = tuple[str, str]  # namespace ("" for cluster-scoped), name


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Kinds and namespaces (None: all) that one source holds.

    `complete` where the source says so; a plain file is assumed to hold all of the kinds and namespaces that are in it.
    `lost` are those of its objects that cannot be decoded.
    """

    kinds: frozenset[str]
    namespaces: frozenset[str] | None
    complete: bool = False
    lost: tuple[Lost, ...] = ()

    def covers(self, kind: str, namespace: str) -> bool:
        """Whether this source may speak of a kind in a namespace, "" for a cluster-scoped kind or for any."""
        return kind in self.kinds and (not namespace or self.namespaces is None or namespace in self.namespaces)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The objects of one cluster, immutable after loading. Indexes are made when first asked for."""

    cluster: str
    tables: Mapping[str, Mapping[Place, Object]]
    now: str
    now_from: str
    logs: Logs = field(default_factory=Logs)
    side: tuple[Reading, ...] = ()  # what files beside the objects tell, each with the name of its node where known
    held: tuple[Held, ...] = ()
    lost: tuple[Lost, ...] = ()  # objects that were there and cannot be read
    refused: tuple[Problem, ...] = ()  # kinds that could not be listed, everywhere or in a namespace
    gaps: tuple[Gap, ...] = ()
    server_version: str | None = None
    captured_at: str | None = None
    source: str = "snapshot"
    kubectl: str = KUBECTL  # how commands begin that ask this cluster: with what was named of context and user
    living: bool = False  # whether a pass over the cluster itself gave it, now or when it was saved
    unserved: frozenset[str] = frozenset()  # kinds that were asked for, and whose API group the cluster does not serve

    def all(self, kind: str) -> Mapping[Place, Object]:
        """All objects of a kind (`Pod`, `apps/Deployment`) by namespace and name."""
        return self.tables.get(kind, {})

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object, None when it is not here (which is not yet "does not exist": see `lacks`)."""
        return self.all(kind).get((namespace, name))

    def lacks(self, kind: str, namespace: str, name: str) -> Confidence | None:
        """How surely an object does not exist; None when it is here, or when nobody looked.

        `certain` where a source says that it listed the kind completely, `likely` where a plain file holds objects of
        that kind and of that namespace. Secrets are in no dump, so nothing is ever known of them; nor of an object that
        may be one of those that cannot be read.
        """
        if kind == "Secret" or self.get(kind, namespace, name) is not None:
            return None
        best = self.coverage(kind, namespace, name)
        return Confidence.CERTAIN if best == "complete" else Confidence.LIKELY if best == "assumed" else None

    def coverage(self, kind: str, namespace: str = "", name: str = "") -> str:
        """`complete`, `assumed`, `damaged` or `none` for a kind in a namespace ("": a cluster-scoped kind, or any).

        Damaged: an object that cannot be read may be one of them (with `name`: may be that one), so that none that is
        missing is known to be absent, and no sum over them is known.
        """
        best = "none"
        for part in self.held:
            if not part.covers(kind, namespace):
                continue
            if part.complete and not any(one.may_be(kind, namespace, name) for one in part.lost):
                return "complete"
            best = "assumed"
        return "damaged" if best == "assumed" and self.damaged(kind, namespace, name) else best

    def holds(self, kind: str, namespace: str = "") -> bool:
        """Whether the kind was read (in the namespace), so that what is not there means something."""
        return self.coverage(kind, namespace) in ("complete", "assumed")

    def damaged(self, kind: str, namespace: str = "", name: str = "") -> bool:
        """Whether an object that cannot be read may be of the kind ("": of any), in the namespace, of the name."""
        return any(one.may_be(kind, namespace, name) for one in self.lost)

    @cached_property
    def identity(self) -> str:
        """What tells this cluster from others whatever the user calls it: the uid of kube-system, else its name."""
        system = self.get("Namespace", "", "kube-system")
        return (system.uid if system is not None else "") or self.cluster

    @cached_property
    def pods(self) -> list[Pod]:
        """All pods, by namespace and name."""
        return [pod for _, pod in sorted(self.all("Pod").items()) if isinstance(pod, Pod)]

    @cached_property
    def nodes(self) -> list[Node]:
        """All nodes, by name."""
        return [node for _, node in sorted(self.all("Node").items()) if isinstance(node, Node)]

    @cached_property
    def pods_by_node(self) -> dict[str, list[Pod]]:
        """Pods by the node that they are bound to; pods without a node are left out."""
        found: dict[str, list[Pod]] = defaultdict(list)
        for pod in self.pods:
            if pod.spec.node_name:
                found[pod.spec.node_name].append(pod)
        return dict(found)

    @cached_property
    def pods_by_namespace(self) -> dict[str, list[Pod]]:
        """Pods by namespace, each list by name."""
        found: dict[str, list[Pod]] = defaultdict(list)
        for pod in self.pods:
            found[pod.namespace].append(pod)
        return dict(found)

    @cached_property
    def side_by_node(self) -> dict[str, list[Reading]]:
        """What files beside the objects tell, by node; "" for those of no known node."""
        found: dict[str, list[Reading]] = defaultdict(list)
        for one in self.side:
            found[one.node].append(one)
        return dict(found)

    @cached_property
    def by_uid(self) -> dict[str, Object]:
        """Every object by its uid."""
        return {item.uid: item for table in self.tables.values() for item in table.values() if item.uid}

    @cached_property
    def children(self) -> dict[tuple[str, str, str], list[Object]]:
        """Objects by their owners: (kind id, namespace of the child, owner's name), each list by name."""
        found: dict[tuple[str, str, str], list[Object]] = defaultdict(list)
        for kind, table in self.tables.items():
            if kind == "Event":
                continue
            for item in table.values():
                for owner in item.owners:
                    found[kind_id(owner.api_version, owner.kind), item.namespace, owner.name or ""].append(item)
        for items in found.values():
            items.sort(key=lambda item: (item.kind_id, item.name))
        return dict(found)

    def children_of(self, owner: Object) -> list[Object]:
        """What an object owns, directly; an owner reference with another uid is of an earlier namesake."""
        spaces = (owner.namespace,) if owner.namespace else self.namespaces
        return [
            child
            for space in spaces
            for child in self.children.get((owner.kind_id, space, owner.name), ())
            if all(
                not ref.uid or not owner.uid or ref.uid == owner.uid for ref in child.owners if ref.name == owner.name
            )
        ]

    @cached_property
    def namespaces(self) -> tuple[str, ...]:
        """Every namespace that an object is in, and "" for cluster-scoped ones."""
        return tuple(sorted({space for table in self.tables.values() for space, _ in table}))

    def owner(self, item: Object, reference: OwnerReference) -> Object | None:
        """The object that an owner reference means: by uid, else by kind and name in the namespace or the cluster."""
        found = self.by_uid.get(reference.uid or "")
        if found is not None:
            return found
        kind = kind_id(reference.api_version, reference.kind)
        for namespace in dict.fromkeys((item.namespace, "")):
            named = self.get(kind, namespace, reference.name or "")
            if named is not None and (not named.uid or not reference.uid):
                return named
        return None

    @cached_property
    def _events(self) -> dict[tuple[str, str, str], list[Event]]:
        found: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
        for event in self.all("Event").values():
            if isinstance(event, Event):
                subject = event.subject
                found[subject.kind or "", subject.namespace or "", subject.name or ""].append(event)
        for events in found.values():
            events.sort(key=lambda event: (event.last_seen or "", event.name), reverse=True)
        return dict(found)

    def events(self, about: Object | Ref) -> list[Event]:
        """Events about an object, newest first; those about an earlier namesake (another uid) are left out."""
        uid = about.uid if isinstance(about, Object) else ""
        # Events on cluster-scoped objects carry no namespace in their subject; some writers use "default".
        found = self._events.get((about.kind or "", about.namespace, about.name), [])
        # kubelet events about a Node carry its name as the uid (kubernetes/kubernetes pkg/kubelet).
        return [event for event in found if not uid or not event.subject.uid or event.subject.uid in (uid, about.name)]

    def events_about(self, kind: str, namespace: str, name: str) -> list[Event]:
        """Events about a subject that need not be here, newest first."""
        return self._events.get((kind, namespace, name), [])

    def event_subjects(self) -> Iterator[tuple[str, str, str]]:
        """Kind, namespace and name of every object that an event is about."""
        yield from sorted(self._events)

    def log_lines(self, pod: Object, container: str, *, previous: bool = False) -> list[str]:
        """The stored lines of a container's log, empty when there is none."""
        return self.logs.lines(pod, container, previous=previous)

    def gone_logs(self, maker: Object) -> list[LogKey]:
        """The logs that are here of pods that are not, and whose names a controller (a ReplicaSet) generates."""

        def gone(pod: str) -> bool:
            ending = pod.rpartition("/")[2][len(maker.name) :]
            return GENERATED.fullmatch(ending) is not None and self.get("Pod", *pod.split("/", 1)) is None

        return self.logs.keys_of(maker.namespace, f"{maker.name}-", gone)

    def find(self, ref: Ref) -> Object | None:
        """The object that a reference means."""
        return self.get(kind_id(ref.api_version, ref.kind), ref.namespace, ref.name)
