"""TRN102: a LeaderWorkerSet recreates a whole group again and again because one of its pods dies."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.clients import client_of
from diag.catalog.rule import rule
from diag.facts.pods import statuses
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Event, Pod, Terminated
from diag.trouble.groups import Group
from diag.trouble.relations.peers import answers_to
from diag.vocab.training import LWS, LWS_GROUP, LWS_NAME

RECREATED = "RecreateGroup"  # kubernetes-sigs/lws pkg/controllers/pod_controller.go, an event of type Normal
SAID = re.compile(r"Worker pod (?P<pod>[a-z0-9.-]{1,253}) failed, deleted leader pod (?P<leader>[a-z0-9.-]{1,253})")
POLICY = "spec.leaderWorkerTemplate.restartPolicy"
TWICE, OFTEN = 2, 3
RECENT_S = 1800
DEATHS = ("container-crashing", "pod-failed", "init-container-failing")


@rule(
    "TRN102",
    name="lws-group-recreate-loop",
    question=Question.STARTED,
    basis=Basis.SAID,
    inputs=("Pod", LWS, "Event"),
    refines=("dependency-host-unresolved", "dependency-unreachable", "launcher-started-before-workers"),
)
def lws_group_recreate_loop(ctx: Context) -> Iterator[Finding]:
    """A worker dies again and again, and each time the whole group is recreated.

    ## What it means
    With RecreateGroupOnPodRestart the failure of one pod deletes its leader and with it all pods of the group. The new
    ones start over, so that restart counts stay low and nothing ever becomes ready.

    ## Why it happens
    A worker does not reach its leader in time: the leader loads longer than the worker waits, or it does not listen.
    The leader is deleted with each failure, so it never gets any further.

    ## Evidence
    The RecreateGroup events of the LeaderWorkerSet, counted, and the worker's last words where they name the leader.

    ## What to do
    Let the worker wait longer than the leader needs, or recreate groups only once they have started.

    ## Known limits
    Where the worker says of itself why it dies (out of memory, a wrong argument), that is the cause.
    """
    told = set()
    for group in ctx.groups(*DEATHS):
        pod = group.first
        item = ctx.snap.get(LWS, pod.namespace, pod.labels.get(LWS_NAME, ""))
        if item is None:
            continue
        told.add(item.ref)
        events = _recreated(ctx, item)
        words = _of_group(ctx, group) if sum(event.times for event in events) >= TWICE else None
        if words is not None:
            yield _finding(ctx, group, item, events, words)
    # Where each death takes all pods of the group with it, none of them lives long enough to complain.
    for item in ctx.snap.all(LWS):
        events = _recreated(ctx, item) if item.ref not in told and _lacks_ready(item) else []
        recent = any(not ctx.older(event.last_seen, RECENT_S) for event in events)
        if recent and sum(event.times for event in events) >= OFTEN:
            yield _finding(ctx, None, item, events, ())


def _recreated(ctx: Context, item: Object) -> list[Event]:
    return [event for event in ctx.snap.events(item) if event.reason == RECREATED]


def _lacks_ready(item: Object) -> bool:
    return bool(value_at(item.whole, "status.readyReplicas") != value_at(item.whole, "spec.replicas"))


def _of_group(ctx: Context, group: Group) -> tuple[Evidence, ...] | None:
    """Words that name another pod of the group; none where a pod says nothing; None where it blames something else."""
    client = client_of(ctx, group)
    if client is not None:
        peers = [one for one in ctx.snap.pods_in(client.pod.namespace) if _together(one, client.pod)]
        return (client.said,) if any(answers_to(peer, client.to.host) for peer in peers) else None
    ends = [end for pod in group.members if isinstance(pod, Pod) for end in _ends(pod)]
    return () if all(end.reason == "Error" and not end.message for end in ends) else None


def _together(one: Pod, other: Pod) -> bool:
    mine = (other.labels.get(LWS_NAME), other.labels.get(LWS_GROUP))
    return one is not other and (one.labels.get(LWS_NAME), one.labels.get(LWS_GROUP)) == mine


def _ends(pod: Pod) -> list[Terminated]:
    states = [state for _, status in statuses(pod) for state in (status.state, status.last_state) if state]
    return [state.terminated for state in states if state.terminated]


def _finding(
    ctx: Context, group: Group | None, item: Object, events: list[Event], words: tuple[Evidence, ...]
) -> Finding:
    times = sum(event.times for event in events)
    cited = [ctx.cite_event(event) for event in events]
    policy = [ctx.cite(item, path) for path in (POLICY,) if isinstance(value_at(item.whole, path), str)]
    # A leader that is deleted with each failure never becomes ready.
    starting = [
        one
        for one in ctx.groups("container-not-ready", "pod-start-slow")
        if one.first.namespace == item.namespace and one.first.labels.get(LWS_NAME) == item.name
    ]
    count = ctx.compute(f"{RECREATED} events of {item.name}", times, cited)
    named = SAID.search(events[0].text)
    culprit = named["pod"] if named else "a worker"
    told = f", and {culprit} does not reach another pod of the group" if words else ""
    summary = f"{culprit} dies again and again, and each time its whole group is recreated ({times} {RECREATED}){told}"
    return Finding(
        subject=group.workload if group else item.ref,
        summary=summary,
        evidence=as_proof([*words, count, *policy]),
        accounts_for=tuple(Because(one, summary, (*words, count)) for one in (*([group] if group else []), *starting)),
        confidence=Confidence.LIKELY,
        since=group.since if group else events[-1].first_seen,
        remedies=(
            Remedy(text="let the worker wait longer than its leader needs to listen"),
            Remedy(text="or set restartPolicy to RecreateGroupAfterStart, so that a start is not cut short"),
        ),
    )
