"""SCH170: pods of higher priority took the place of the pods that now wait."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from diag.catalog.context import Context
from diag.catalog.joins.replacements import replaced_by, waiting_by_controller
from diag.catalog.rule import rule
from diag.facts.pods import condition, condition_path
from diag.facts.scheduler_message import parse_scheduler_message
from diag.facts.times import age_s
from diag.findings import Basis, Because, Evidence, Finding, Question, Ref, Remedy
from diag.snapshot.kinds import Event, Pod
from diag.trouble.groups import Group
from diag.vocab.scheduler_reasons import ReasonKind

PREEMPTED = "Preempted"  # kubernetes/kubernetes pkg/scheduler/framework/preemption
BY_SCHEDULER = "PreemptionByScheduler"  # reason of DisruptionTarget (pkg/apis/core PodReasonPreemptionByScheduler)
# Since 1.24 the preemptor's uid, before it `namespace/name`.
SENTENCE = re.compile(r"Preempted by (?:pod )?(?P<who>\S+)(?: on node (?P<node>\S+))?")
JOB_FAILED = "job-failed"
GIVEN_UP_S = (
    600.0  # the longest back-off of a Job's tries (pkg/controller/job: 10 s, doubled up to 6 minutes), and some
)
MAX_MEMBERS = 8
SLACK_S = 5.0  # the event may be written a moment after the replacement


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One pod of a waiting group's controller that was preempted, and by whom where that is known."""

    group: Group
    victim: str
    sign: Evidence
    preemptor: Pod | None


@rule(
    "SCH170",
    name="preempted-by-priority",
    question=Question.PLACED,
    basis=Basis.SAID,
    inputs=("Pod", "Event", "batch/Job", "Node"),
    refines=("gpu-capacity-exhausted", "gpu-fragmentation", "gpu-stranded-by-cpu-memory"),
)
def preempted_by_priority(ctx: Context) -> Iterator[Finding]:
    """The scheduler evicted the pod to make room for one of higher priority.

    ## What it means
    A pod of a higher priority found no free node, so the scheduler ended pods of lower priority. Their controller made
    new ones, and for these there is no room.

    ## Why it happens
    The fleet is full, and the priority classes say who has to go: as they are meant to, or because a workload has a
    class that is too high (or none at all, which is zero).

    ## Evidence
    The `Preempted` event of the pod that is gone, the preemptor that it names, both priorities; or the condition
    `DisruptionTarget` with the reason `PreemptionByScheduler` of a failed pod, or of one that ends beside its
    replacement.

    ## What to do
    Make room for both, shrink the preemptor, or change one of the two priority classes.

    ## Known limits
    Events live for an hour by default: an older preemption leaves no trace. Where the preemptor is gone or was not
    collected, the victim's workload stands for the cause; also where the scheduler finds too many pods on nodes that
    were not read: their limit may be what has to change.
    """
    by_root: dict[Ref, list[Loss]] = defaultdict(list)
    for loss in [*_told_by_events(ctx), *_told_by_status(ctx), *_told_by_siblings(ctx), *_told_of_jobs(ctx)]:
        if _limit_unseen(ctx, loss.group):
            loss = replace(loss, preemptor=None)  # noqa: PLW2901
        root = ctx.workload(loss.preemptor).ref if loss.preemptor else loss.group.workload
        if not (loss.preemptor and root == loss.group.workload):  # a workload does not preempt itself
            by_root[root].append(loss)
    for root, losses in sorted(by_root.items()):
        yield _finding(ctx, root, losses)


def _limit_unseen(ctx: Context, group: Group) -> bool:
    """Whether nodes hold as many pods as they may, by the scheduler's words, and nobody saw those nodes."""
    said = parse_scheduler_message(group.message)
    return said is not None and said.count(ReasonKind.TOO_MANY_PODS) > 0 and not ctx.snap.holds("Node")


def _told_by_events(ctx: Context) -> Iterator[Loss]:
    """Losses of controllers that have pods waiting for a node now."""
    waiting = waiting_by_controller(ctx)
    for kind, namespace, name in ctx.snap.event_subjects():
        group = replaced_by(waiting, namespace, name)
        if kind != "Pod" or group is None:
            continue
        events = ctx.snap.events(Ref(ctx.cluster, "v1", "Pod", namespace, name))
        event = next((one for one in events if one.reason == PREEMPTED), None)
        if event is not None and _replaces(ctx, group, event):
            yield Loss(group=group, victim=name, sign=ctx.cite_event(event), preemptor=_preemptor(ctx, event))


def _told_of_jobs(ctx: Context) -> Iterator[Loss]:
    """Losses of Jobs that were given up after them: a Job that is allowed no further try makes no replacement."""
    failed = {(one.namespace, one.name): group for group in ctx.groups(JOB_FAILED) for one in group.members}
    for kind, namespace, name in ctx.snap.event_subjects() if failed else ():
        group = replaced_by(failed, namespace, name)
        if kind != "Pod" or group is None:
            continue
        events = ctx.snap.events(Ref(ctx.cluster, "v1", "Pod", namespace, name))
        for event in (one for one in events if one.reason == PREEMPTED):
            before = age_s(event.first_seen, group.since)
            if before is not None and -SLACK_S <= before <= GIVEN_UP_S:
                yield Loss(group=group, victim=name, sign=ctx.cite_event(event), preemptor=_preemptor(ctx, event))
                break


def _replaces(ctx: Context, group: Group, event: Event) -> bool:
    """Whether a member was made after the loss, so that it may be the replacement."""
    lost = ctx.age(event.first_seen)
    made = [age for one in group.members if (age := ctx.age(one.created)) is not None]
    return lost is None or any(age <= lost + SLACK_S for age in made)


def _preemptor(ctx: Context, event: Event) -> Pod | None:
    related = event.related
    said = SENTENCE.search(event.text)
    who = said["who"] if said else ""
    found = ctx.snap.by_uid((related.uid if related else None) or who)
    if found is None:
        namespace, _, name = who.rpartition("/")
        if related and related.kind == "Pod":
            namespace, name = related.namespace or "", related.name or ""
        found = ctx.snap.pod(namespace, name)
    return found if isinstance(found, Pod) else None


def _told_by_status(ctx: Context) -> Iterator[Loss]:
    """Failed pods whose own condition says that the scheduler preempted them."""
    for group in ctx.groups("pod-evicted"):
        for member in (one for one in group.members if isinstance(one, Pod)):
            target = condition(member, "DisruptionTarget")
            if target is None or target.reason != BY_SCHEDULER:
                continue
            events = [event for event in ctx.snap.events(member) if event.reason == PREEMPTED]
            sign = ctx.cite(member, condition_path(member, "DisruptionTarget", "reason"))
            preemptor = _preemptor(ctx, events[0]) if events else None
            yield Loss(group=group, victim=member.name, sign=sign, preemptor=preemptor)


def _told_by_siblings(ctx: Context) -> Iterator[Loss]:
    """Pods of a waiting group's controllers that say so themselves while they end, or after: their events are gone."""
    for group in ctx.groups("pod-unscheduled"):
        found = (ctx.snap.owner_of(one) for one in group.members[:MAX_MEMBERS])
        owners = {owner.ref: owner for owner in found if owner is not None}
        for victim in (pod for owner in owners.values() for pod in ctx.snap.pods_of(owner)):
            target = condition(victim, "DisruptionTarget")
            said = target is not None and (target.status, target.reason) == ("True", BY_SCHEDULER)
            if target is None or not said or any(event.reason == PREEMPTED for event in ctx.snap.events(victim)):
                continue
            waits = [age_s(target.last_transition_time, one.created) for one in group.members]
            # A pod that was made much later is the replacement of another one.
            if any(-SLACK_S <= wait <= GIVEN_UP_S for wait in waits if wait is not None):
                sign = ctx.cite(victim, condition_path(victim, "DisruptionTarget", "reason"))
                yield Loss(group=group, victim=victim.name, sign=sign, preemptor=None)


def _finding(ctx: Context, root: Ref, losses: list[Loss]) -> Finding:
    by_group: dict[str, list[Loss]] = defaultdict(list)
    for loss in losses:
        by_group[loss.group.key].append(loss)
    preemptors = {loss.preemptor.name: loss.preemptor for loss in losses if loss.preemptor}
    preemptor = next((pod for _, pod in sorted(preemptors.items())), None)
    shares = [(same[0].group, len({loss.victim for loss in same}), same) for _, same in sorted(by_group.items())]
    who = ", ".join(
        f"{count} of {group.workload.namespace}/{group.workload.name}{_class(group.first)}"
        for group, count, _ in shares
    )
    lost = sum(count for _, count, _ in shares)
    noun = "pod" if lost == 1 else "pods"
    lower = [pod for pod in (group.first for group, _, _ in shares) if isinstance(pod, Pod)]
    second_sign = preemptor is not None and all(_outranks(preemptor, pod) for pod in lower)
    after = "; no room is left for them" if any(group.symptom != JOB_FAILED for group, _, _ in shares) else ""
    if preemptor:
        # What is cited is the replacement: a class that was changed since is another one than that of the lost pod.
        noun += " of lower priority" if second_sign else " that then had a lower priority"
        summary = f"its pods{_class(preemptor)} preempted {lost} {noun}: {who}{after}"
    else:
        summary = f"lost {lost} {noun} to pods of higher priority (Preempted): {who}{after}"
    evidence = [loss.sign for loss in losses]
    for pod in [*preemptors.values(), *lower]:
        evidence += [ctx.cite(pod, f"spec.{field}") for field in _fields(pod)]
    first, *others = dict.fromkeys(evidence)
    return Finding(
        subject=root,
        summary=summary,
        evidence=(first, *others),
        accounts_for=tuple(_because(group, count, same) for group, count, same in shares),
        second_sign=second_sign,
        since=min((group.since for group, _, _ in shares if group.since), default=None),
        remedies=(
            Remedy(text="add room for both, or run fewer pods of the preemptor", who="platform"),
            Remedy(
                text="compare the priority classes, and give the pods that must stay the higher one",
                command="kubectl get priorityclasses",
                who="platform",
            ),
        ),
    )


def _because(group: Group, count: int, losses: list[Loss]) -> Because:
    by = losses[0].preemptor
    who = f" by {by.namespace}/{by.name}" if by else ""
    then = "the Job counts that as a failure" if group.symptom == JOB_FAILED else "their replacements find no room"
    why = f"{count} of its pods were preempted{who}, and {then}"
    signs = tuple(dict.fromkeys(loss.sign for loss in losses))
    return Because(group, why, signs, members=count if count < group.size else None)


def _fields(pod: Pod) -> list[str]:
    fields = (("priority", pod.spec.priority), ("priorityClassName", pod.spec.priority_class_name))
    return [name for name, value in fields if value not in (None, "")]


def _class(pod: object) -> str:
    """The pod's class and priority in brackets, empty where it has neither."""
    spec = pod.spec if isinstance(pod, Pod) else None
    if spec is None or spec.priority is None:
        return ""
    return f" ({spec.priority_class_name or 'no class'}, priority {spec.priority})"


def _outranks(preemptor: Pod, victim: Pod) -> bool:
    return (preemptor.spec.priority or 0) > (victim.spec.priority or 0)
