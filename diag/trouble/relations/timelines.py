"""Timelines of starts: each pod's, with what queues, autoscalers and operators made for it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from diag.facts.pods import condition
from diag.facts.timeline.model import Timeline
from diag.facts.timeline.pod_start import Made, pod_start
from diag.facts.times import seconds
from diag.projection import Object, dicts
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.groups import Group
from diag.trouble.shapes import shape_of
from diag.vocab.engines import SERVERS

WORKLOAD = "kueue.x-k8s.io/Workload"
NODE_CLAIM = "karpenter.sh/NodeClaim"
DEVICE_PLUGIN = "device-plugin"
# Symptoms of workloads that are about to start, or whose start does not come to its end.
STARTING = (
    "pod-start-slow",
    "rollout-deadline-exceeded",
    "replicas-unavailable",
    "container-not-ready",
    "container-not-started",
    "container-crashing",
    "custom-resource-not-ready",
)
MAX_DEPTH = 5  # from a custom resource down to its pods
MAX_PODS = 20  # of one group whose starts are compared
ON_THE_WAY = ("ContainerCreating", "PodInitializing")  # of a container that nothing has refused
# An admission that is older than the pod by so much was that of an earlier pod.
SAME_START_S = 10 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A group that is about a start, with the member that decides and its timeline."""

    group: Group
    pod: Pod
    timeline: Timeline


@dataclass
class Timelines:
    """Timelines of one snapshot, each made when first asked for."""

    snap: Snapshot
    _known: dict[int, Timeline | None] = field(default_factory=dict)

    def of(self, pod: Pod) -> Timeline | None:
        """Where the time of the pod's start went; None where its times are not told."""
        if id(pod) not in self._known:
            now = seconds(self.snap.now)
            self._known[id(pod)] = None if now is None else self._make(pod, now)
        return self._known[id(pod)]

    def deciding(self, pods: Iterable[Pod]) -> Pod | None:
        """Of several pods the one whose start decides: an unfinished one, or the last to be ready."""
        known = [(one, pod) for pod in pods if (one := self.of(pod)) is not None]
        return max(
            known, key=lambda one: (not one[0].finished, one[0].ended, one[0].wall_s, one[1].name), default=(None, None)
        )[1]

    def starts(self, groups: Iterable[Group]) -> list[Start]:
        """The starts behind groups in trouble, one for each group that has any."""
        found = []
        for group in groups:
            if group.symptom not in STARTING or group.state == "node":
                continue
            pod = self.deciding(self._pods(group))
            timeline = self.of(pod) if pod is not None else None
            if pod is not None and timeline is not None and _about_a_start(group, pod, timeline):
                found.append(Start(group=group, pod=pod, timeline=timeline))
        return found

    def _pods(self, group: Group) -> list[Pod]:
        """The members, or the pods below them that are not ready."""
        pods = [member for member in group.members if isinstance(member, Pod)]
        todo = [member for member in group.members if not isinstance(member, Pod)]
        for _ in range(MAX_DEPTH):
            children = [child for item in todo for child in self.snap.children_of(item)]
            pods += [child for child in children if isinstance(child, Pod) and not _is_ready(child)]
            todo = [child for child in children if not isinstance(child, Pod)]
        return pods[:MAX_PODS]

    def claim(self, pod: Pod) -> Object | None:
        """The NodeClaim of the pod's node, where the machine was made for a pod of about that age."""
        claim = self._claims.get(pod.spec.node_name or "")
        made, created = seconds(claim.created) if claim else None, seconds(pod.created)
        return claim if made is not None and created is not None and made >= created - 1 else None

    def _make(self, pod: Pod, now: float) -> Timeline | None:
        def logs(container: str, previous: bool) -> list[str]:  # noqa: FBT001  the shape of `Logs`
            return self.snap.log_lines(pod, container, previous=previous)

        queued, admitted = self._queue(pod)
        provision, usable = self._machine(pod)
        made = Made(queued=queued, admitted=admitted, provision=provision, usable=usable)
        return pod_start(pod, self.snap.events(pod), logs, now, made)

    def _queue(self, pod: Pod) -> tuple[float | None, float | None]:
        """When the queue's object of the pod was created and admitted."""
        created = seconds(pod.created)
        for owner in (pod, *(found for ref in pod.owners if (found := self.snap.owner(pod, ref)) is not None)):
            for item in self.snap.children_of(owner):
                if item.kind_id == WORKLOAD and created is not None:
                    admitted = transition(item, "Admitted")
                    if admitted is not None and admitted > created - SAME_START_S:
                        return seconds(item.created), admitted
        return None, None

    def _machine(self, pod: Pod) -> tuple[float | None, float | None]:
        """When a machine was asked for because of the pod, and when its GPU could be used."""
        claim = self.claim(pod)
        if claim is not None:
            return seconds(claim.created), transition(claim, "Initialized") or self._plugin_ready(pod)
        node = self.snap.get("Node", "", pod.spec.node_name or "")
        asked = [
            event.first_seen
            for event in self.snap.events(pod)
            if event.reason == "TriggeredScaleUp" and event.first_seen
        ]
        joined = seconds(node.created) if node is not None else None
        first = seconds(min(asked)) if asked else None
        if first is None or joined is None or joined < first:
            return None, None
        return first, self._plugin_ready(pod)

    def _plugin_ready(self, pod: Pod) -> float | None:
        """When the device plugin of the pod's node became ready."""
        for other in self.snap.pods_by_node.get(pod.spec.node_name or "", ()):
            if DEVICE_PLUGIN in other.name:
                ready = condition(other, "Ready")
                if ready is not None and ready.status == "True":
                    return seconds(ready.last_transition_time)
        return None

    @cached_property
    def _claims(self) -> dict[str, Object]:
        found = {}
        for _, item in sorted(self.snap.all(NODE_CLAIM).items()):
            status = item.whole.get("status")
            name = status.get("nodeName") if isinstance(status, dict) else None
            if isinstance(name, str):
                found[name] = item
        return found


def _about_a_start(group: Group, pod: Pod, timeline: Timeline) -> bool:
    """Whether the trouble is that a start takes long: what was refused or broke by itself has another story."""
    if group.symptom == "container-not-started":
        return group.reason in ON_THE_WAY
    if group.symptom in ("container-crashing", "container-not-ready", "custom-resource-not-ready"):
        return bool(timeline.loads) or is_server(pod) or shape_of(pod).gpu_total > 0
    return True


def is_server(pod: Pod) -> bool:
    """Whether a container of the pod is a known model server, by its name or image."""
    return any(SERVERS.search(f"{one.name} {one.image or ''}") for one in pod.spec.containers or ())


def _is_ready(pod: Pod) -> bool:
    ready = condition(pod, "Ready")
    return ready is not None and ready.status == "True"


def transition(item: Object, kind: str) -> float | None:
    """When a condition of an object became True; None where it is not."""
    status = item.whole.get("status")
    for found in dicts(status.get("conditions")) if isinstance(status, dict) else ():
        if found.get("type") == kind and found.get("status") == "True":
            return seconds(found.get("lastTransitionTime"))
    return None
