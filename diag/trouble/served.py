"""One guard for all detectors: what looks like trouble but is served within its budget, or made good already."""

from typing import Any

from diag.facts.cluster_autoscaler import (
    FAILURES,
    TRIGGERED,
    failed_group,
    node_groups,
    told_at,
    triggered,
)
from diag.facts.custom_resources import has_ended_well, told
from diag.facts.gpus import is_gpu
from diag.facts.karpenter import CLAIM, NO_ANSWER_YET, NOMINATED, SOLD_OUT, nominated
from diag.facts.pods import PodClass, classify, condition, statuses
from diag.facts.times import age_s, seconds
from diag.projection import Object, dicts, kind_id
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import ContainerStatus, Controller, Event, Pod
from diag.trouble.relations.owners import chain, owner_of
from diag.trouble.scene import RECENT_S, Scene

SCALE_UP_S = 15 * 60  # cluster-autoscaler's max-node-provision-time and Karpenter's registration timeout
NOMINATED_S = 5 * 60  # a preemption lasts as long as the victims' grace period
KILLED = (137, 143)  # exit codes of a container that the kubelet ends
ENDING_S = 120  # a last round of the probe, and the grace period
FAILED_OLD_S = 24 * 3600
FAILING_AGAIN_S = 3600  # two pods of one controller that were made and failed in so long a time
IN_TURN, IN_TURN_S = 3, 10 * 60  # so many, over so long at least, were not turned away all at once
DEFAULT_START_S = 5 * 60  # a container without a startup probe is given so long before its unreadiness is trouble
PROBE_DEFAULTS = {"initialDelaySeconds": 0, "periodSeconds": 10, "failureThreshold": 3}  # API defaults of a probe


def pending_is_served(scene: Scene, pod: Pod) -> bool:
    """Whether a node is on its way for the pod: a scale-up lately and no refusal since, or a preemption under way."""
    ordered = refused = ""
    for event in scene.snap.events(pod):
        if event.reason in (TRIGGERED, NOMINATED) and not scene.older(event.last_seen, SCALE_UP_S):
            # The same order, made again when its time was over, has not served the pod the first time.
            if not scene.older(event.first_seen, SCALE_UP_S) and not _in_vain(scene, event):
                ordered = max(ordered, event.last_seen or "")
        elif event.reason in ("NotTriggerScaleUp", "FailedScaleUp"):
            refused = max(refused, event.last_seen or "")
    if ordered and ordered > refused:
        return True
    if _waits_for_own(scene, pod):
        return True
    scheduled = condition(pod, "PodScheduled")
    since = scheduled.last_transition_time if scheduled else None
    node = pod.status.nominated_node_name
    return bool(node) and (not scene.older(since, NOMINATED_S) or _is_being_vacated(scene, node or ""))


def _waits_for_own(scene: Scene, pod: Pod) -> bool:
    """Whether a pod that it is to replace is still ending within its grace period, and holds what it asks for."""
    above = [item for item in chain(scene.snap, pod)[1:3] if isinstance(item, Controller)]
    makers = [*above, *(child for item in above[1:] for child in scene.snap.children_of(item))]
    return any(map(scene.has_ending, makers))


def _in_vain(scene: Scene, order: Event) -> bool:
    """Whether the scaler tells, and not before the order, that what it ordered for a pod does not come."""
    claim = nominated(order.text) if order.reason == NOMINATED else ""
    if claim:
        return _has_failed(scene, claim, order.last_seen or "")
    names = set(triggered(order.text)) if order.reason == TRIGGERED else set()
    at = order.last_seen
    status = scene.autoscaler_status() if names and at else None
    if status is None or not at:
        return False
    failed = {
        failed_group(event.text)
        for event in scene.snap.events(status)
        if event.reason in FAILURES and (event.last_seen or "") >= at
    }
    text = value_at(status.whole, "data.status")
    if isinstance(text, str) and (told_at(status) or "") >= at:
        failed |= {one.name for one in node_groups(text) if one.backoff}
    return names <= failed


def _has_failed(scene: Scene, claim: str, at: str) -> bool:
    """Whether the cloud gave no machine for a NodeClaim: by an event, which outlives the claim, or by its condition."""
    events = scene.snap.events_about("NodeClaim", "", claim)
    if any(event.reason == SOLD_OUT and (event.last_seen or "") >= at for event in events):
        return True
    item = scene.snap.get(CLAIM, "", claim)
    launched = told(item, "Launched") if item is not None else None
    return launched is not None and launched.status != "True" and launched.reason not in NO_ANSWER_YET


def _is_being_vacated(scene: Scene, node: str) -> bool:
    """Whether pods of a node are being deleted and are still within their grace period, however long that is."""
    going = [pod.metadata.deletion_timestamp for pod in scene.snap.pods_by_node.get(node, ())]
    return any(due and (age := scene.age(due)) is not None and age <= 0 for due in going)


def starting_is_served(scene: Scene, pod: Pod) -> bool:
    """Whether every container that is not ready is still within the time that its own probes give it.

    Where all are ready and the pod is not, a readiness gate holds it, which no probe's time excuses.
    """
    containers = (
        dicts((pod.whole.get("spec") or {}).get("containers")) if isinstance(pod.whole.get("spec"), dict) else []
    )
    by_name = {str(container.get("name")): container for container in containers}
    unready = 0
    for path, status in statuses(pod):
        if status.ready or path.startswith("status.init"):
            continue
        unready += 1
        running = status.state.running if status.state else None
        if running is None:
            return False
        budget = start_budget_s(by_name.get(status.name or "", {}))
        if status.started and _has(by_name.get(status.name or "", {}), "startupProbe"):
            budget = 60.0  # its start is over: the readiness probe gets a few rounds
        if scene.older(running.started_at, budget) or running.started_at is None:
            return False
        if not status.started and _has(by_name.get(status.name or "", {}), "startupProbe") and _ran_out(status, budget):
            return False
    return unready > 0


def _ran_out(status: ContainerStatus, budget: float) -> bool:
    """Whether the run before was killed when its time to start was over: this one fares no better by being young."""
    ended = status.last_state.terminated if status.last_state else None
    if ended is None or ended.exit_code not in KILLED:
        return False
    began, end = seconds(ended.started_at), seconds(ended.finished_at)
    return began is not None and end is not None and 0 <= end - began - budget <= ENDING_S


def _has(container: dict[str, Any], probe: str) -> bool:
    return isinstance(container.get(probe), dict)


def start_budget_s(container: dict[str, Any]) -> float:
    """How long a container may take to start: initialDelay + period × failureThreshold of its startup probe.

    Without one, that of its liveness probe or five minutes, whichever is longer, plus the readiness probe's own delay.
    """
    startup = probe_budget_s(container.get("startupProbe"))
    if startup is not None:
        return startup
    readiness = container.get("readinessProbe")
    delay = _number(readiness, "initialDelaySeconds") if isinstance(readiness, dict) else 0
    return max(DEFAULT_START_S, probe_budget_s(container.get("livenessProbe")) or 0) + delay


def probe_budget_s(probe: Any) -> float | None:
    """Seconds until a probe that never succeeds takes effect; None for what is no probe."""
    if not isinstance(probe, dict):
        return None
    return _number(probe, "initialDelaySeconds") + _number(probe, "periodSeconds") * _number(probe, "failureThreshold")


def _number(probe: dict[str, Any], name: str) -> float:
    value = probe.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else PROBE_DEFAULTS[name]


def replaced(scene: Scene, pod: Pod) -> bool:
    """Whether a failed pod is history: its controller has what it wants or ended well, or another took its place."""
    owner = owner_of(scene.snap, pod)
    if isinstance(owner, Controller):
        if owner.kind == "Job":
            return _went_on(scene, owner)
        return not _keeps_failing(scene, owner) if has_all(owner) else _has_sibling(scene, owner, pod)
    if owner is not None:  # an operator's resource, whose work is over and went well although this member failed
        return has_ended_well(owner)
    if pod.owners:  # its controller was not collected, and its siblings tell
        return any(_did_better(child, pod) for child in _of_the_same(scene, pod))
    return scene.older(pod.created, FAILED_OLD_S)


def _went_on(scene: Scene, job: Controller) -> bool:
    """Whether a Job succeeded, or still tries with a pod that is not bad."""
    ended = {found.type for found in job.status.conditions or () if found.status == "True"}
    if "Complete" in ended or "SuccessCriteriaMet" in ended or superseded(scene, job):
        return True
    return "Failed" not in ended and bool(job.status.active) and not _all_siblings_bad(scene, job)


def _of_the_same(scene: Scene, pod: Pod) -> list[Object]:
    ref = next((one for one in pod.owners if one.controller), pod.owners[0])
    return scene.snap.children.get((kind_id(ref.api_version, ref.kind), pod.namespace, ref.name or ""), [])


def _did_better(other: Object, pod: Pod) -> bool:
    """Whether a later pod of the same controller is ready, or has ended well."""
    if not isinstance(other, Pod) or other is pod or (other.created or "") <= (pod.created or "~"):
        return False
    ready = condition(other, "Ready")
    return other.status.phase == "Succeeded" or (ready is not None and ready.status == "True")


def has_all(owner: Object | None) -> bool:
    """Whether a controller that keeps a number of pods has them all ready."""
    if not isinstance(owner, Controller) or owner.kind == "Job":
        return False
    daemons = owner.kind == "DaemonSet"
    wanted = owner.status.desired_number_scheduled if daemons else owner.spec.replicas
    have = owner.status.number_ready if daemons else owner.status.ready_replicas
    return wanted is not None and (have or 0) >= wanted


def superseded(scene: Scene, job: Controller) -> bool:
    """Whether a later Job of the same CronJob succeeded, so that the failure of this one is history."""
    ref = next((one for one in job.owners if one.kind == "CronJob" and one.name), None)
    later = scene.snap.children.get(("batch/CronJob", job.namespace, ref.name or ""), ()) if ref is not None else ()
    return any(
        isinstance(other, Controller)
        and (other.created or "") > (job.created or "~")
        and any(found.type == "Complete" and found.status == "True" for found in other.status.conditions or ())
        for other in later
    )


def _keeps_failing(scene: Scene, owner: Object) -> bool:
    """Whether a controller's pods fail in turn: several within the hour, and the latest has yet to outlive them."""
    siblings = [child for child in scene.snap.children_of(owner) if isinstance(child, Pod)]
    evicted = [
        child.created
        for child in siblings
        if child.status.reason == "Evicted" and child.created and not scene.older(child.created, FAILING_AGAIN_S)
    ]
    first, last = min(evicted, default=""), max(evicted, default="")
    spread = age_s(first, last) if len(evicted) >= IN_TURN else None
    if not spread or spread < IN_TURN_S:
        return False
    life = spread / (len(evicted) - 1)
    live = [child.created for child in siblings if child.status.phase == "Running"]
    return bool(live) and all(not scene.older(created, 2 * life) for created in live)


def is_last_word(scene: Scene, pod: Pod) -> bool:
    """Whether nothing has come in the namespace since a pod that stood alone failed: old, and still worth knowing."""
    newest = scene.newest_pod(pod.namespace)
    since = age_s(pod.created, newest) if pod.created and newest else None
    return not pod.owners and (since is None or since <= FAILED_OLD_S)


def rejected_lately(scene: Scene, pod: Pod) -> bool:
    """Whether the kubelet turned the pod away moments ago for its devices: worth knowing even if another runs now.

    Reasons: kubernetes/kubernetes pkg/kubelet/lifecycle/predicate.go.
    """
    reason = pod.status.reason or ""
    devices = reason == "UnexpectedAdmissionError" or (reason.startswith("OutOf") and is_gpu(reason[5:]))
    # A pod that ran and is admitted again after the kubelet's restart keeps its start; its condition tells of the end.
    ready = condition(pod, "Ready")
    told = ready.last_transition_time if ready is not None and ready.status == "False" else None
    age = scene.age(max(filter(None, (pod.status.start_time, pod.created, told)), default=None))
    return devices and age is not None and age <= RECENT_S


def _all_siblings_bad(scene: Scene, owner: Object) -> bool:
    pods = [child for child in scene.snap.children_of(owner) if isinstance(child, Pod)]
    return bool(pods) and all(classify(pod) is PodClass.FAILED for pod in pods)


def _has_sibling(scene: Scene, owner: Object, pod: Pod) -> bool:
    """A live pod of the same controller that came after the failed one, unless they fail one after the other."""
    siblings = [child for child in scene.snap.children_of(owner) if isinstance(child, Pod)]
    failing = [
        child
        for child in siblings
        if classify(child) is PodClass.FAILED and not scene.older(child.created, FAILING_AGAIN_S)
    ]
    return len(failing) <= 1 and any(
        child.status.phase != "Failed" and (child.created or "") >= (pod.created or "")
        for child in siblings
        if child is not pod
    )
