"""Groups: what is in trouble now, folded so that one trouble of many members is one entry.

A *complaint* is one member in trouble, told from its status. Complaints of one workload with the same shape, state and
folded reason are one *group*, which the report lists as a finding of role `symptom`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from diag.facts.folding import fold
from diag.findings import Evidence, Question, Ref, Severity
from diag.projection import Object
from diag.trouble.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class SymptomKind:
    """A kind of symptom: the built-in rule that finds it, and the question at which the member stopped."""

    rule: str
    name: str
    question: Question
    title: str  # what the summary says of the workload


SYMPTOMS = {
    kind.name: kind
    for kind in (
        SymptomKind(rule="SYM101", name="pod-not-created", question=Question.CREATED, title="does not get its pods"),
        SymptomKind(
            rule="SYM102", name="pod-gated", question=Question.ADMITTED, title="waits behind a scheduling gate"
        ),
        SymptomKind(rule="SYM103", name="workload-not-admitted", question=Question.ADMITTED, title="is not admitted"),
        SymptomKind(rule="SYM104", name="pod-unscheduled", question=Question.PLACED, title="has found no node"),
        SymptomKind(rule="SYM105", name="pvc-pending", question=Question.PLACED, title="is not bound"),
        SymptomKind(rule="SYM106", name="container-not-started", question=Question.STARTED, title="does not start"),
        SymptomKind(
            rule="SYM107", name="init-container-failing", question=Question.STARTED, title="fails to initialise"
        ),
        SymptomKind(rule="SYM108", name="container-crashing", question=Question.STARTED, title="crashes"),
        SymptomKind(rule="SYM109", name="container-not-ready", question=Question.READY, title="runs but is not ready"),
        SymptomKind(rule="SYM110", name="pod-start-slow", question=Question.READY, title="starts slowly"),
        SymptomKind(rule="SYM111", name="pod-failed", question=Question.KEPT, title="failed"),
        SymptomKind(rule="SYM112", name="pod-evicted", question=Question.KEPT, title="lost its pods"),
        SymptomKind(rule="SYM113", name="pod-stuck-terminating", question=Question.KEPT, title="does not end"),
        SymptomKind(rule="SYM114", name="job-failed", question=Question.KEPT, title="failed"),
        SymptomKind(rule="SYM115", name="replicas-unavailable", question=Question.READY, title="is short of replicas"),
        SymptomKind(
            rule="SYM116", name="rollout-deadline-exceeded", question=Question.READY, title="makes no progress"
        ),
        SymptomKind(rule="SYM117", name="daemonset-pods-not-ready", question=Question.READY, title="is short of pods"),
        SymptomKind(rule="SYM118", name="service-without-endpoints", question=Question.READY, title="has no endpoint"),
        SymptomKind(rule="SYM119", name="custom-resource-not-ready", question=Question.READY, title="is not ready"),
        SymptomKind(
            rule="SYM120", name="object-not-propagated", question=Question.CREATED, title="does not reach its cluster"
        ),
        SymptomKind(rule="SYM121", name="job-not-finishing", question=Question.KEPT, title="does not end"),
        SymptomKind(rule="SYM201", name="node-without-gpus", question=Question.OFFERS, title="does not offer its GPUs"),
        SymptomKind(rule="SYM202", name="drain-stuck", question=Question.DRAINS, title="does not become empty"),
        SymptomKind(rule="SYM203", name="rollout-stuck", question=Question.DRAINS, title="does not finish its upgrade"),
        SymptomKind(rule="SYM301", name="scale-up-missing", question=Question.SCALED, title="is not scaled"),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One member in trouble."""

    symptom: str
    member: Object
    workload: Ref
    group_by: str  # what the member shares with its siblings: their owner
    reason: str  # a short machine word or sentence; folded for grouping
    evidence: tuple[Evidence, *tuple[Evidence, ...]]  # the deciding piece first
    state: str = ""  # part of the key beside the reason: has the scheduler looked, which node fault
    message: str = ""  # the component's whole sentence, of this member
    said_at: str = ""  # when that was said, for choosing the newest
    since: str | None = None
    shape: Shape | None = None
    missing: int = 0  # pods that should exist and do not
    gpus: int = 0  # unmet demand in devices
    devices: int = 0  # unmet demand of at least so many devices that may be GPUs or not
    gpus_lost: int = 0
    severity: Severity = Severity.ERROR
    young: bool = False  # it is info for its age alone, and an error GRACE_S after its beginning
    container: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Members in the same trouble for the same stated reason. The first member by name speaks where one has to."""

    symptom: str
    workload: Ref
    members: tuple[Object, ...]
    complaints: tuple[Complaint, ...] = field(repr=False)
    reason: str
    state: str
    message: str
    shape: Shape | None
    severity: Severity
    young: bool  # all are info for their age alone
    since: str | None  # the earliest onset
    latest: str | None  # the latest onset
    missing: int
    gpus: int
    devices: int
    gpus_lost: int

    @property
    def key(self) -> str:
        """A name of the group that is the same in every scan of the same snapshot."""
        container = self.complaints[0].container
        first = self.members[0].name
        return "|".join((self.symptom, str(self.workload), self.state, fold(self.reason), container, first))

    @property
    def kind(self) -> SymptomKind:
        """What kind of symptom it is."""
        return SYMPTOMS[self.symptom]

    @property
    def question(self) -> Question:
        """Where the members stopped."""
        return self.kind.question

    @property
    def size(self) -> int:
        """Members in trouble, missing pods included."""
        return self.missing or len(self.members)

    @property
    def share(self) -> int | None:
        """How many members are explained by who speaks of one of them; None, which is all, where it is the only one."""
        return 1 if self.size > 1 else None

    @property
    def first(self) -> Object:
        """The first member by name."""
        return self.members[0]

    @property
    def workloads(self) -> tuple[Ref, ...]:
        """The workloads of the members, each once: more than one where a shared fault groups across owners."""
        return tuple(sorted({one.workload for one in self.complaints}))

    @property
    def evidence(self) -> tuple[Evidence, *tuple[Evidence, ...]]:
        """What proves the trouble, of the member that speaks for the group."""
        speaker = max(self.complaints, key=lambda one: (one.said_at, one.member.name))
        return speaker.evidence

    @property
    def container(self) -> str:
        """The container that is in trouble, empty where the pod as a whole is."""
        return self.complaints[0].container

    @property
    def summary(self) -> str:
        """One line for the report."""
        noun = _count(self)
        said = f": {self.message or self.reason}" if self.message or self.reason else ""
        return f"{self.kind.title}{noun}{said}"


def _count(group: Group) -> str:
    if group.missing:
        return f" ({group.missing} missing)"
    many = len(group.members) > 1
    kinds = {member.kind for member in group.members}
    return f" ({len(group.members)} {'pods' if kinds == {'Pod'} else 'objects'})" if many else ""


def gather(complaints: Iterable[Complaint]) -> list[Group]:
    """Complaints as groups, in a stable order."""
    sorted_in: dict[tuple[object, ...], list[Complaint]] = {}
    for one in complaints:
        shape = one.shape.key if one.shape else ()
        key = (one.symptom, one.group_by, shape, one.state, fold(one.reason), one.container, one.severity)
        sorted_in.setdefault(key, []).append(one)
    groups = [_group(found) for found in sorted_in.values()]
    return sorted(groups, key=lambda group: (group.kind.rule, str(group.workload), group.key))


def _group(complaints: list[Complaint]) -> Group:
    ordered = sorted(complaints, key=lambda one: (one.member.namespace, one.member.name))
    # The message of the last who was told something: older ones may describe an earlier cluster.
    speaker = max(ordered, key=lambda one: (one.said_at, one.member.name))
    first = ordered[0]
    onsets = sorted(one.since for one in ordered if one.since)
    return Group(
        symptom=first.symptom,
        workload=first.workload,
        members=tuple(one.member for one in ordered),
        complaints=tuple(ordered),
        reason=first.reason,
        state=first.state,
        message=speaker.message,
        shape=first.shape,
        severity=first.severity,
        young=all(one.young for one in ordered),
        since=onsets[0] if onsets else None,
        latest=onsets[-1] if onsets else None,
        missing=sum(one.missing for one in ordered),
        gpus=sum(one.gpus for one in ordered),
        devices=sum(one.devices for one in ordered),
        gpus_lost=sum(one.gpus_lost for one in ordered),
    )
