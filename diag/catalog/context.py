"""What a rule is given: the snapshot to read, what is in trouble, where things fit, and how to cite."""

from collections.abc import Iterable, Iterator

from diag.catalog.reader import Reader
from diag.findings import (
    AbsentEvidence,
    AbsentPathEvidence,
    ComputedEvidence,
    Evidence,
    FieldEvidence,
    FileEvidence,
    LogEvidence,
    Ref,
)
from diag.projection import Object
from diag.snapshot import cite
from diag.snapshot.kinds import Event, Pod
from diag.snapshot.sources.part import LogKey, Reading
from diag.trouble.groups import Group
from diag.trouble.relations import owners
from diag.trouble.relations.operands import Failing
from diag.trouble.relations.timelines import Start
from diag.trouble.room.agreement import Agreement, agreement
from diag.trouble.room.gangs import Gang, gangs
from diag.trouble.room.placement import Placement
from diag.trouble.room.pools import Pools
from diag.trouble.trouble import Trouble


class Context:
    """One rule's view of one scan. Everything here is read-only."""

    def __init__(self, trouble: Trouble, needed: frozenset[Ref] = frozenset()) -> None:
        self.snap = Reader(trouble.snap)
        self.needed = needed  # objects that findings of the first stage depend on; for rules of stage 2
        self.cluster = trouble.snap.cluster
        self.damaged = bool(trouble.snap.lost)  # whether objects were there that cannot be read
        self._trouble = trouble

    # What is in trouble, and where things fit

    def groups(self, *symptoms: str) -> list[Group]:
        """Groups in trouble, of some kinds of symptom (`pod-unscheduled`) or, without any, of all."""
        found = self._trouble.of(*symptoms) if symptoms else self._trouble.groups
        self.snap.met.update(member.kind_id for group in found for member in group.members)
        return found

    @property
    def place(self) -> Placement:
        """Where shapes could run."""
        self._counts_room()
        return self._trouble.place

    @property
    def pools(self) -> Pools:
        """What the faults of nodes cost the waiters."""
        self._counts_room()
        return self._trouble.pools

    def _counts_room(self) -> None:
        self.snap.read.update(("Pod", "Node"))
        self.snap.seek("Pod")
        self.snap.seek("Node")

    def gangs(self) -> list[Gang]:
        """Gangs with members that wait for a node."""
        found = gangs(self._trouble.snap, self.groups("pod-unscheduled"))
        self.snap.read.update(("Pod", *(gang.kind for gang in found)))
        for gang in found:
            self.snap.seek("Pod", gang.namespace)
            self.snap.seek(gang.kind, gang.namespace, gang.name)
        return found

    def agreement(self, group: Group, resource: str | None = None) -> Agreement:
        """Whether the scheduler's own counts agree with the snapshot, for a group that waits for a node."""
        return agreement(self.place, group, resource)

    def failing_operands(self, node: str) -> list[Failing]:
        """Pods of the GPU stack (driver, toolkit, device plugin …) in trouble on a node, in their order."""
        return self._trouble.failing_operands.get(node, [])

    def starts(self) -> list[Start]:
        """Groups that are about a start, each with the pod that decides and where its time went."""
        self.snap.read.update(("Pod", "Event"))
        return self._trouble.starts

    def claim(self, pod: Pod) -> Object | None:
        """The NodeClaim that was made for a pod, None where its node was there before or is not Karpenter's."""
        self.snap.read.add("karpenter.sh/NodeClaim")
        return self._trouble.timelines.claim(pod)

    # Who belongs to whom

    def workload(self, item: Object) -> Object:
        """The topmost namespaced owner that is here, or the object itself: what a person would change."""
        found = self._trouble.scene.workload(item)
        self.snap.met.add(found.kind_id)
        return found

    def lineage(self, item: Object) -> tuple[Ref, ...]:
        """The owners of an object that are here, nearest first."""
        return owners.lineage(self._trouble.snap, item)

    # Time and events

    def age(self, time: str | None) -> float | None:
        """Seconds since a time, None when it is unknown."""
        return self._trouble.scene.age(time)

    def older(self, time: str | None, seconds: float) -> bool:
        """Whether a time is known to lie more than so many seconds back."""
        return self._trouble.scene.older(time, seconds)

    def warnings(self, about: Object, *reasons: str, within_s: float = float("inf")) -> list[Event]:
        """Warning events about an object (or events of the given reasons), newest first."""
        self.snap.read.add("Event")
        return self._trouble.scene.warnings(about, *reasons, within_s=within_s)

    # Evidence

    def cite(self, item: Object, path: str) -> FieldEvidence:
        """The scalar at a path of an object. Raises where there is none, which makes the rule's run a gap."""
        self.snap.met.add(item.kind_id)
        return cite.cite(item, path)

    def cite_if(self, item: Object, path: str) -> FieldEvidence | None:
        """The scalar at a path of an object, None where there is none."""
        self.snap.read.add(item.kind_id)
        return cite.cite(item, path) if isinstance(cite.value_at(item.whole, path), bool | int | float | str) else None

    def cite_or_lack(self, item: Object, path: str) -> FieldEvidence | AbsentPathEvidence:
        """The scalar at a path of an object, or the fact that there is none; a list or map is none either."""
        self.snap.met.add(item.kind_id)
        if isinstance(cite.value_at(item.whole, path), bool | int | float | str):
            return cite.cite(item, path)
        return cite.cite_absent_path(item, path)

    def cite_event(self, event: Event) -> FieldEvidence:
        """What an event says."""
        self.snap.read.add("Event")
        return cite.cite(event, event.text_path if event.text else "reason")

    def cite_log(self, pod: Object, container: str, line: int, *, previous: bool = False) -> LogEvidence:
        """A whole line of a log, `line` from 1."""
        text = self.snap.log(pod, container, previous=previous)[line - 1]
        return cite.cite_log(pod, container, line, text, previous=previous)

    def cite_gone_log(self, key: LogKey, line: int, text: str) -> LogEvidence:
        """A whole line of a log of a pod that is not here any more, as `snap.gone_logs` gives it."""
        namespace, _, name = key[0].partition("/")
        pod = Ref(self._trouble.snap.cluster, "v1", "Pod", namespace, name, seen=False)
        return LogEvidence(pod=pod, container=key[1], previous=key[2], line=line, value=text)

    def cite_reading(self, reading: Reading) -> FileEvidence:
        """The line of a file beside the objects."""
        return cite.cite_reading(reading)

    def lack(self, item: Object, path: str) -> AbsentPathEvidence:
        """The fact that an object has no such field."""
        self.snap.met.add(item.kind_id)
        return cite.cite_absent_path(item, path)

    def absent(self, api_version: str, kind: str, namespace: str, name: str) -> AbsentEvidence:
        """The fact that an object is not there; ask `snap.lacks` first."""
        return cite.cite_absent(Ref(self._trouble.snap.cluster, api_version, kind, namespace, name))

    def compute(self, what: str, value: str | float, parts: Iterable[Evidence]) -> ComputedEvidence:
        """A value computed from other evidence, the deciding parts first."""
        return cite.compute(what, value, tuple(parts))

    def logs(self, pod: Pod, container: str) -> Iterator[tuple[bool, int, str]]:
        """Lines of a container's logs as (previous, line number from 1, text); the previous run's first."""
        for previous in (True, False):
            for number, text in enumerate(self.snap.log(pod, container, previous=previous), 1):
                yield previous, number, text
