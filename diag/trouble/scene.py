"""What detectors and rules share about one snapshot: ages, events worth reading, owners."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from diag.facts.cluster_autoscaler import STATUS
from diag.facts.pods import PodClass, classify
from diag.facts.times import age_s
from diag.findings import GRACE_S, Evidence, Ref
from diag.projection import Object
from diag.snapshot.cite import cite
from diag.snapshot.kinds import Event, Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.relations import owners

RECENT_S = 30 * 60  # an event that is older speaks of the past; the kubelet repeats itself at least every five minutes
# What an object of an unheard-of shape makes a detector do; anything else is a fault of the detector's own.
STUMBLES = (LookupError, TypeError, ValueError, AttributeError)

Item = TypeVar("Item", bound=Object)
Found = TypeVar("Found")


@dataclass
class Scene:
    """A snapshot with memory for what is asked again and again."""

    snap: Snapshot
    spoiled: list[tuple[Object, str]] = field(default_factory=list)  # objects that a detector could not read
    _classes: dict[int, PodClass] = field(default_factory=dict)
    _workloads: dict[int, Object] = field(default_factory=dict)
    _newest: dict[str, str] = field(default_factory=dict)
    _claims: dict[tuple[str, str], str] = field(default_factory=dict)
    _ending: dict[int, bool] = field(default_factory=dict)
    _status: list[Object | None] = field(default_factory=list)

    def age(self, time: str | None) -> float | None:
        """Seconds since a time, None when it is unknown."""
        return age_s(time, self.snap.now) if time else None

    def older(self, time: str | None, seconds: float) -> bool:
        """Whether a time is known to lie more than so many seconds back."""
        age = self.age(time)
        return age is not None and age > seconds

    def young(self, time: str | None) -> bool:
        """Whether a time is known to lie at most GRACE_S back: nothing but time tells so far."""
        age = self.age(time)
        return age is not None and age <= GRACE_S

    def class_of(self, pod: Pod) -> PodClass:
        """The class of a pod, told once."""
        found = self._classes.get(id(pod))
        if found is None:
            found = self._classes[id(pod)] = classify(pod)
        return found

    def has_ending(self, maker: Object) -> bool:
        """Whether a pod that this object made still runs, is being deleted, and is within its grace period."""
        found = self._ending.get(id(maker))
        if found is None:
            due = [
                pod.metadata.deletion_timestamp
                for pod in self.snap.children_of(maker)
                if isinstance(pod, Pod) and pod.spec.node_name and pod.status.phase == "Running"
            ]
            found = any(one and (age := self.age(one)) is not None and age <= 0 for one in due)
            self._ending[id(maker)] = found
        return found

    def is_first_of_claim(self, pod: Pod, claim: str) -> bool:
        """Whether the pod is the first that was asked about a claim of its namespace, so that it counts once."""
        return self._claims.setdefault((pod.namespace, claim), pod.name) == pod.name

    def workload(self, item: Object) -> Object:
        """The topmost namespaced owner that is here, or the object itself."""
        found = self._workloads.get(id(item))
        if found is None:
            found = self._workloads[id(item)] = owners.workload(self.snap, item)
        return found

    def autoscaler_status(self) -> Object | None:
        """The ConfigMap in which the cluster-autoscaler tells its state, looked for once."""
        if not self._status:
            held = (item for item in self.snap.all("ConfigMap").values() if item.name == STATUS)
            self._status.append(next(held, None))
        return self._status[0]

    def root(self, item: Object) -> Ref:
        """The reference of the workload."""
        return self.workload(item).ref

    def newest_pod(self, namespace: str) -> str:
        """When the newest pod of a namespace was made, empty where there is none that tells."""
        if namespace not in self._newest:
            created = (pod.created for pod in self.snap.pods_by_namespace.get(namespace, []) if pod.created)
            self._newest[namespace] = max(created, default="")
        return self._newest[namespace]

    def warnings(self, about: Object, *reasons: str, within_s: float = RECENT_S) -> list[Event]:
        """Recent Warning events about an object, newest first; with reasons, only those."""
        return [
            event
            for event in self.snap.events(about)
            if (event.type == "Warning" or event.reason in reasons)
            and (not reasons or event.reason in reasons)
            and not self.older(event.last_seen, within_s)
        ]

    def each(self, items: Iterable[Item], detect: Callable[[Item], Iterable[Found]]) -> Iterator[Found]:
        """What a detector finds in each object; one that it stumbles over is noted as spoiled, and the rest goes on."""
        for item in items:
            found: list[Found] = []
            try:
                found.extend(detect(item))
            except STUMBLES as error:
                self.spoiled.append((item, f"{type(error).__name__}: {error}"))
            yield from found

    @staticmethod
    def sentence(event: Event) -> Evidence:
        """The evidence of what an event says."""
        return cite(event, event.text_path if event.text else "reason")
