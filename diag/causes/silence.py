"""What could not be looked at, and whether that could change a verdict."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from diag.catalog.registry import Registry
from diag.catalog.signature import On
from diag.causes.commands import quoted, words_in
from diag.document import BASIC, ELSEWHERE, LIST, REACH, READ_LOGS
from diag.facts.gangs import COSCHEDULING, NATIVE, gang_of
from diag.facts.nodes import allocatable
from diag.findings import Alternative, Gap, GapWhy
from diag.snapshot.load import gap_of
from diag.snapshot.snapshot import Snapshot
from diag.snapshot.sources.part import RAISE, Problem
from diag.snapshot.sources.words import first_of
from diag.trouble.groups import Group
from diag.trouble.relations.webhooks import MUTATING
from diag.vocab.kueue import QUEUE_LABEL, WORKLOAD

DAMAGED = ("truncated", "unreadable", "error")
STORAGE = (
    "PersistentVolumeClaim",
    "PersistentVolume",
    "storage.k8s.io/StorageClass",
    "storage.k8s.io/CSIDriver",
    "storage.k8s.io/CSINode",
    "storage.k8s.io/VolumeAttachment",
)
# A pod of such a gang names it itself. (Volcano's controller writes the name later, and may be behind.)
_NAMED_BY_PODS = (COSCHEDULING, NATIVE)
# Kinds of clusters that have them; a dump without them may just be of a cluster without that system.
BUILT_IN_GROUPS = ("", "apps", "batch", "policy", "storage.k8s.io", "scheduling.k8s.io", "admissionregistration.k8s.io")


def not_collected(
    snap: Snapshot, registry: Registry, asked_for: Mapping[str, Collection[str]] | None = None
) -> list[Gap]:
    """A gap for each kind that rules read and that the snapshot does not hold, with the rules that this blinds.

    What could not be listed is one gap for each refusal, read by a rule or not. Other kinds of systems that nothing in
    the snapshot belongs to are left out; a Job with the name of a Kueue queue belongs to it.
    `asked_for` are the kinds that each rule (by its id) came to in this run: a kind that was read in some namespaces
    blinds of its readers those that asked for it.
    """
    present = {kind.rpartition("/")[0] for kind in snap.tables}
    refused = {kind for problem in snap.refused for kind in problem.kinds}
    readers = registry.readers
    queued = any(QUEUE_LABEL in job.labels for job in snap.all("batch/Job").values())
    blinded = {
        kind: ids
        for kind, ids in readers.items()
        if kind != "Secret" and kind not in refused and snap.coverage(kind) == "none"
        and ((group := kind.rpartition("/")[0]) in present or group in BUILT_IN_GROUPS or (queued and kind == WORKLOAD))
    }  # fmt: skip
    found = [
        replace(gap_of(problem, snap.cluster), hides=_blinded(problem, readers, asked_for)) for problem in snap.refused
    ]
    return found + [_lacking(snap, kind, ids) for kind, ids in sorted(blinded.items())]


def _lacking(snap: Snapshot, kind: str, ids: Iterable[str]) -> Gap:
    """A kind that the dump does not hold, or that the cluster does not serve."""
    why: GapWhy = "not-served" if kind in snap.unserved else "not-collected"
    group = kind.rpartition("/")[0]
    fix = f"add it to the dump: kubectl get {plural(kind)} -A -o json"
    if kind in snap.unserved:
        fix = f"look at the cluster in which {group} is installed; kubectl api-resources --api-group={group} shows it"
    return Gap(cluster=snap.cluster, what=f"{LIST}{kind}", why=why, hides=tuple(sorted(ids)), fix=fix)


def _blinded(
    problem: Problem, readers: Mapping[str, Collection[str]], asked_for: Mapping[str, Collection[str]] | None
) -> tuple[str, ...]:
    rules = {rule for kind in problem.kinds for rule in readers.get(kind, ())}
    if asked_for is not None and problem.what.endswith(ELSEWHERE):
        rules = {rule for rule in rules if {*problem.kinds}.intersection(asked_for.get(rule, problem.kinds))}
    return tuple(sorted(rules))


def kind_listed(what: str) -> str:
    """The kind of a gap `list KIND`, whether it is hidden everywhere or in other namespaces."""
    return what.removeprefix(LIST).removesuffix(ELSEWHERE)


# Resources that are not called after their kind (kubernetes/api core/v1, kubernetes/metrics).
_NAMED = {"Endpoints": "endpoints", "metrics.k8s.io/PodMetrics": "pods.metrics.k8s.io"}


def plural(kind: str) -> str:
    """A kind as kubectl takes it: `pods`, `deployments.apps`."""
    group, _, name = kind.rpartition("/")
    word = name.lower()
    if kind in _NAMED:
        return _NAMED[kind]
    word += "es" if word.endswith(("s", "x", "ch")) else "s"
    word = word.removesuffix("ys") + "ies" if word.endswith("ys") and word[-3] not in "aeiou" else word
    return f"{word}.{group}" if group else word


class Silence:
    """What each gap touches: groups at whose question a hidden rule would have spoken."""

    def __init__(self, snap: Snapshot, registry: Registry) -> None:
        self.snap = snap
        self._answers, self._rules = registry.answers, registry.by_id

    def touches(self, gap: Gap, group: Group) -> bool:
        """Whether the gap could change what is said of the group."""
        if gap.why in DAMAGED and not gap.hides and not gap.what.startswith(READ_LOGS):
            return True  # nobody knows what was there
        hidden = self._answers[group.question].intersection(gap.hides)
        return any(self._asks(rule, group) for rule in hidden) and self._concerns(gap, group)

    def _asks(self, rule_id: str, group: Group) -> bool:
        """Whether a rule is one that such a group is asked about: by its state, and by the claims that it has."""
        rule = self._rules.get(rule_id)
        if rule is None:
            return True
        if rule.states and group.state not in rule.states:
            return False
        if "PersistentVolumeClaim" in rule.inputs and not _has_claims(group):
            return False
        return "resource.k8s.io/ResourceClaim" not in rule.inputs or _has_device_claims(group)

    def _concerns(self, gap: Gap, group: Group) -> bool:
        """Whether what was not read is something that the group's trouble can hang on."""
        kind = kind_listed(gap.what) if gap.what.startswith(LIST) else ""
        if gap.what.startswith(READ_LOGS):
            return group.first.kind == "Pod" and not has_logs(self.snap, group)
        if kind in STORAGE:
            return _has_claims(group)
        if kind.startswith("resource.k8s.io/"):
            return _has_device_claims(group)
        if group.symptom == "pod-unscheduled" and kind in ("Namespace", MUTATING, *_NAMED_BY_PODS):
            return self._keeps_from_nodes(kind, group)
        return kind != "ConfigMap"  # names of configurations are read where something refers to them

    def _keeps_from_nodes(self, kind: str, group: Group) -> bool:
        """Whether an object of the kind can be why such pods find no node."""
        if kind == "Namespace":
            return "namespaceSelector" in str(group.shape.affinity if group.shape else "")
        if kind == MUTATING:  # it chooses the scheduler of a pod that asks for what only that scheduler counts
            return group.shape is None or not self._offered.issuperset(group.shape.requests)
        named = gang_of(group.first)
        return named is not None and named[0] == kind

    @cached_property
    def _offered(self) -> set[str]:
        """The resources of which some node has any for pods."""
        return {name for node in self.snap.nodes for name, amount in allocatable(node).items() if amount}

    def marked(self, gaps: Iterable[Gap], unsure: Iterable[Group]) -> list[Gap]:
        """Mark the gaps that touch a group without a certain cause."""
        groups = list(unsure)
        return [
            replace(
                gap,
                material=gap.material
                or (gap.why == "truncated" and not gap.what.startswith(READ_LOGS))  # the end of a log says most
                or (gap.why == "unreadable" and not gap.hides and bool(self.snap.lost))  # trouble may lie in there
                or gap.what.removesuffix(ELSEWHERE) in BASIC
                or gap.what.startswith(REACH)
                or any(self.touches(gap, one) for one in groups),
            )
            for gap in gaps
        ]


def _has_claims(group: Group) -> bool:
    return group.symptom == "pvc-pending" or bool(group.shape and group.shape.claims)


def _has_device_claims(group: Group) -> bool:
    return bool(group.shape and group.shape.device_claims)


def with_unread_logs(
    gaps: Sequence[Gap], snap: Snapshot, groups: Iterable[Group], registry: Registry, logless: Iterable[str]
) -> list[Gap]:
    """The gaps, and one for all pods in trouble whose logs are not here.

    A living cluster was asked for each log that is of use: what it refused is a gap already, and is told which rows it
    blinds, and which rules that asked for a log and were given none (`logless`); what it does not have is no gap.
    """
    groups = list(groups)
    if not snap.living:
        beyond = [gap for gap in gaps if gap.fix == RAISE and gap.what.startswith(READ_LOGS)]
        named = {pod for gap in beyond for pod in gap.pods}
        cut = [group for group in groups if _left_out(snap, group, named)] if beyond else []
        hides = tuple(sorted({rule for gap in unread_logs(snap, cut, registry) for rule in gap.hides}))
        told = [replace(gap, hides=hides) if gap in beyond else gap for gap in gaps]
        return [*told, *unread_logs(snap, [group for group in groups if group not in cut], registry)]
    unread = unread_logs(snap, groups, registry)
    hides = tuple(sorted({*logless, *(rule for gap in unread for rule in gap.hides)}))
    return [replace(gap, hides=hides) if gap.what.startswith(READ_LOGS) else gap for gap in gaps]


def unread_logs(snap: Snapshot, groups: Iterable[Group], registry: Registry) -> list[Gap]:
    """One gap for all pods in trouble whose logs are not here, with the rows that would have read them."""
    rows = [row for row in registry.rows if row.on is On.LOG]
    symptoms = {symptom for row in rows for symptom in row.explains}
    pods = [group for group in groups if group.first.kind == "Pod" and group.symptom in symptoms]
    silent = [group for group in pods if not has_logs(snap, group)]
    if not silent:
        return []
    wanted = {group.symptom for group in silent}
    names = sorted({f"{group.first.namespace}/{group.first.name}" for group in silent})
    return [
        Gap(
            cluster=snap.cluster,
            what=f"{READ_LOGS}{first_of(names)}",
            why="not-collected",
            pods=tuple(names),
            hides=tuple(sorted(row.id for row in rows if wanted & {*row.explains})),
            fix=_where_logs_are(silent),
        )
    ]


def _where_logs_are(silent: list[Group]) -> str:
    """How to get the logs: of the run that ended, where one did; a container that never ran has none."""
    ran = [group for group in silent if group.symptom != "container-not-started"]
    ended = [group for group in ran if group.symptom in ("container-crashing", "init-container-failing")]
    if not ran:
        return "give them as a log list, of the containers that have run"
    first = (ended or ran)[0].first
    previous = " --previous" if ended else ""
    command = quoted(f"kubectl logs -n {first.namespace} {first.name}{previous}", words_in(first.ref))
    return "give them as a log list" + (f"; {command} shows the same" if command else "")


def _left_out(snap: Snapshot, group: Group, named: set[str]) -> bool:
    """Whether a log of a member is there, was asked for, and was not read, so that none of it is here.

    `named` are pods of which a gap says so: where an archive was saved, the log was there, and now no store offers it.
    """
    pods = [f"{member.namespace}/{member.name}" for member in group.members]
    return not has_logs(snap, group) and any(pod in named or snap.logs.left_out(pod) for pod in pods)


def has_logs(snap: Snapshot, group: Group) -> bool:
    """Whether the snapshot holds a log of any member."""
    return any(snap.logs.has_any(f"{member.namespace}/{member.name}") for member in group.members)


def asked(snap: Snapshot, group: Group, registry: Registry, gaps: Iterable[Gap]) -> list[Alternative]:
    """For a group that nothing explains: the rules that were asked about it, and which of them could not look."""
    blind = {rule: gap.what for gap in gaps for rule in gap.hides}
    found = [
        _answer(rule.named[0].name, rule.id, blind.get(rule.id))
        for rule in registry.functions
        if rule.question is group.question and rule.stage == 1
    ]
    no_log = None if has_logs(snap, group) else "its log is not in the snapshot"
    found += [
        _answer(row.name, row.id, no_log if row.on is On.LOG else None)
        for row in registry.rows
        if group.symptom in row.explains
    ]
    return found


def _answer(name: str, rule: str, blind: str | None) -> Alternative:
    if blind is None:
        return Alternative(name=name, status="ruled_out", why=f"{rule} looked and found nothing")
    return Alternative(name=name, status="open", why=f"{rule} could not look: {blind}")
