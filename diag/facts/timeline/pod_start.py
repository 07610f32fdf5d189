"""The timeline of one pod's start, from the pod, its events and logs, and what was made for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from diag.facts.image_pull import parse_pulled
from diag.facts.pods import condition, statuses
from diag.facts.timeline.attempts import Attempts, Logs, attempts, container_of, first_event, milestones
from diag.facts.timeline.engine_log import Run
from diag.facts.timeline.model import Moment, Phase, Pull, Timeline, Transfer
from diag.facts.timeline.spans import Milestone, sums
from diag.facts.timeline.transfers import transfer
from diag.facts.times import seconds
from diag.projection import dicts
from diag.snapshot.kinds import Event, Pod

PROBES = ("readinessProbe", "startupProbe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was asked for on the pod's behalf, in seconds since 1970; None where it is not known or was not needed."""

    queued: float | None = None  # the queue's object was created
    admitted: float | None = None
    provision: float | None = None  # the machine was asked for
    usable: float | None = None  # its GPU can be used


def pod_start(pod: Pod, events: Sequence[Event], logs: Logs, now: float, made: Made) -> Timeline | None:
    """Where the time of the start went; None for a pod that tells no time of its creation."""
    created = seconds(pod.created)
    if created is None or now < created:
        return None
    queued = made.queued if made.queued is not None and made.queued < created else None
    began = created if queued is None else queued
    ready = condition(pod, "Ready")
    is_ready = ready is not None and ready.status == "True"
    ended = seconds(ready.last_transition_time) if ready is not None and is_ready else now
    if ended is None or ended < began:
        return None
    pulls = _pulls(pod, events)
    found = attempts(pod, events, logs, now)
    inits = _inits(pod, logs, now)
    steps = [
        *_placing(pod, created, queued, made, ended),
        *_pulling(pod, events, pulls, inits, found),
        *(Milestone(Moment.at(run.start), ("init",)) for run in inits),
        *(milestones(found, probed=_is_probed(pod, found.container), finished=is_ready) if found else ()),
    ]
    transfers = _transfers(inits, found)
    marks = [run.marks() for run in found.runs] if found else []
    return Timeline(
        from_what="created" if queued is None else "demand",
        began=began,
        to_what="ready" if is_ready else "now",
        ended=ended,
        phases=tuple(_moved(phase, pulls, transfers) for phase in sums(steps, began, ended)),
        pulls=tuple(pulls),
        transfers=tuple(transfers),
        loads=tuple(mark["load"] for mark in marks if "load" in mark),
        loaded=marks[-1].get("compile") if marks else None,
        listens=marks[-1].get("ready") if marks else None,
        attempts=found.count if found else 0,
        engine=found.container if found else "",
    )


def _placing(pod: Pod, created: float, queued: float | None, made: Made, ended: float) -> list[Milestone]:
    """Queue, scheduling, the machine, and the sandbox."""
    placed = condition(pod, "PodScheduled")
    bound = seconds(placed.last_transition_time) if placed is not None and placed.status == "True" else None
    found = [] if queued is None else [Milestone(Moment.at(queued), ("queue",))]
    let_go = made.admitted if made.admitted is not None else created
    found.append(Milestone(Moment.at(let_go if queued is not None else created), ("schedule",)))
    until = bound if bound is not None else ended
    if made.provision is not None and made.provision < until:
        found.append(Milestone(Moment.at(max(made.provision, created)), ("provision",)))
        if made.usable is not None and made.usable < until:
            found.append(Milestone(Moment.at(made.usable), ("schedule",)))
    if bound is not None:
        found.append(Milestone(Moment.at(bound), ("sandbox",)))
    return found


def _pulls(pod: Pod, events: Sequence[Event]) -> list[Pull]:
    """Every image that was pulled, in the order of the containers; those that were there already are left out."""
    names = [one.name or "" for one in (*(pod.spec.init_containers or ()), *(pod.spec.containers or ()))]
    found = []
    for name in names:
        pulling = first_event(events, name, "Pulling")
        pulled = [event for event in events if event.reason == "Pulled" and container_of(event) == name]
        facts = [(event, one) for event in pulled if (one := parse_pulled(event.text)) is not None]
        facts.sort(key=lambda one: one[0].first_seen or "~")
        if facts:
            found.append(Pull(container=name, pulling=pulling, event=facts[0][0], pulled=facts[0][1]))
        elif pulling is not None and not pulled:
            found.append(Pull(container=name, pulling=pulling, event=None, pulled=None))
    return found


def _pulling(
    pod: Pod, events: Sequence[Event], pulls: Sequence[Pull], inits: Sequence[Run], found: Attempts | None
) -> list[Milestone]:
    """Pulls of the images in the way of the serving container, and the start that follows each."""
    first_run = (found.lost[0] if found.lost else found.runs[0].start) if found else None
    result = []
    for pull in pulls:
        begun = seconds(pull.pulling.first_seen) if pull.pulling is not None else None
        done = seconds(pull.event.first_seen) if pull.event is not None else None
        if begun is None and done is not None and pull.pulled is not None:
            waited = pull.pulled.waited_s if pull.pulled.waited_s is not None else pull.pulled.pull_s
            begun = done - waited  # the event of the beginning has expired; the other tells how long ago it was
        if begun is None or (first_run is not None and begun > first_run):
            continue
        result.append(Milestone(Moment.at(begun), ("pull",)))
        if done is not None:
            result.append(Milestone(Moment.at(done), ("start",)))
    for event in events:
        if event.reason == "Pulled" and parse_pulled(event.text) is None:
            when = seconds(event.first_seen)
            if when is not None and (first_run is None or when <= first_run):
                result.append(Milestone(Moment.at(when), ("start",)))
    if not any(event.reason in ("Pulling", "Pulled") for event in events):
        result += _unseen_pull(pod, inits, first_run)
    return result


def _unseen_pull(pod: Pod, inits: Sequence[Run], first_run: float | None) -> list[Milestone]:
    """No event is left of how the images came: the time between sandbox and containers may be a pull, or none."""
    prepared = condition(pod, "PodReadyToStartContainers")
    since = seconds(prepared.last_transition_time) if prepared is not None and prepared.status == "True" else None
    found = []
    if since is not None:
        found.append(Milestone(Moment.at(since), ("pull", "start")))
    ended = (run.end for run in inits if first_run is not None and run.end <= first_run)
    return [*found, *(Milestone(Moment.at(when), ("pull", "start")) for when in ended)]


def _inits(pod: Pod, logs: Logs, now: float) -> list[Run]:
    """The runs of init containers; sidecars, which run on, are left out."""
    sidecars = {one.name for one in pod.spec.init_containers or () if one.restart_policy == "Always"}
    found = []
    for path, status in statuses(pod):
        state = status.state
        if not path.startswith("status.init") or state is None or status.name in sidecars:
            continue
        start = seconds(state.running.started_at if state.running else None)
        end: float | None = now
        if state.terminated:
            start, end = seconds(state.terminated.started_at), seconds(state.terminated.finished_at)
        if start is not None and end is not None and end >= start:
            name = status.name or ""
            found.append(Run(name, previous=False, start=start, end=end, lines=logs(name, False)))
    return found


def _transfers(inits: Sequence[Run], found: Attempts | None) -> list[Transfer]:
    result = [one for run in inits if (one := transfer(run, init=True)) is not None]
    if found is not None:
        result += [one for run in found.runs if (one := transfer(run, init=False)) is not None]
    return result


def _moved(phase: Phase, pulls: Sequence[Pull], transfers: Sequence[Transfer]) -> Phase:
    """The phase with its bytes and their rate, by the time that the kubelet and the downloaders count themselves."""
    if phase.name == "pull":
        done = [one.pulled for one in pulls if one.pulled is not None and one.pulled.size_bytes]
        return _rated(phase, sum(one.size_bytes or 0 for one in done), sum(one.pull_s for one in done))
    if phase.name in ("init", "load"):
        mine = [one for one in transfers if one.init is (phase.name == "init") and one.bytes and one.seconds]
        return _rated(phase, sum(one.bytes or 0 for one in mine), sum(one.seconds or 0.0 for one in mine))
    return phase


def _rated(phase: Phase, moved: int, spent: float) -> Phase:
    return replace(phase, bytes=moved, rate_mb_s=moved / spent / 1e6) if moved and spent > 0 else phase


def _is_probed(pod: Pod, container: str) -> bool:
    spec = pod.whole.get("spec")
    for one in dicts(spec.get("containers")) if isinstance(spec, dict) else ():
        if one.get("name") == container:
            return any(isinstance(one.get(probe), dict) for probe in PROBES)
    return False
