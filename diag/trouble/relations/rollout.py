"""Roll-outs that wait for themselves: the old revision holds the GPUs until the new one, which needs them, is ready.

A Deployment keeps `replicas - maxUnavailable` pods available, so it ends no old pod before a new one is ready
(kubernetes/kubernetes pkg/controller/deployment/rolling.go); Knative keeps a revision until the next one is ready, and
a RayService its cluster (ray-project/kuberay ray-operator/controllers/ray/rayservice_controller.go), a LeaderWorkerSet
with `maxUnavailable: 0` its groups. A DaemonSet with `maxSurge` keeps a node's old pod until the new one there is ready
(pkg/controller/daemon/update.go).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from diag.facts.gpus import Amounts, add, pod_requests
from diag.facts.pods import condition, occupies_node
from diag.projection import Object
from diag.snapshot.cite import MISSING, value_at
from diag.snapshot.kinds import Controller, Pod
from diag.trouble.relations import owners
from diag.trouble.room.placement import Placement, pinned
from diag.trouble.room.shortage import Shortage

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
KNATIVE = "serving.knative.dev/"
DAEMON_HASH = "controller-revision-hash"
RAY = ("ray.io/RayService", "ray.io/RayCluster")
# kubernetes-sigs/lws api/leaderworkerset/v1: a group is made for `maxSurge`, one is taken away for `maxUnavailable` (1)
LWS = "leaderworkerset.x-k8s.io/LeaderWorkerSet"
LWS_HASH = "leaderworkerset.sigs.k8s.io/template-revision-hash"
LWS_ROLLING = "spec.rolloutStrategy.rollingUpdateConfiguration"
NONE = (0, "0", "0%")
SURGE = "spec.updateStrategy.rollingUpdate.maxSurge"


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfBlocked:
    """A roll-out whose new pods wait for its own old pods."""

    controller: Object  # the Deployment of the new revision, the DaemonSet, RayService, LeaderWorkerSet
    old: tuple[Pod, ...]  # those that hold the resource, by name
    # Old pods that the strategy keeps available; None where all are kept (Knative, Ray, what surges).
    keeps: int | None


def self_blocked(place: Placement, lacking: Shortage, family: Iterable[Pod]) -> SelfBlocked | None:
    """Whether the group is the new revision of a roll-out that waits for its own old pods.

    `family` are all pods of the group's workload. None also where a node would not have room without the old pods.
    """
    new = lacking.group.first
    above = {item.kind_id: item for item in reversed(owners.chain(place.snap, new)[1:])}
    if "apps/DaemonSet" in above:
        return _surging(place, lacking, above["apps/DaemonSet"], family)
    if RAY[0] in above and RAY[1] in above:
        return _two_clusters(place, lacking, above[RAY[0]], above[RAY[1]], family)
    if LWS in above:
        return _groups_of_pods(place, lacking, above[LWS], family)
    deployment = above.get("apps/Deployment")
    return _rolling(place, lacking, deployment, family) if isinstance(deployment, Controller) else None


def _rolling(place: Placement, lacking: Shortage, deployment: Controller, family: Iterable[Pod]) -> SelfBlocked | None:
    """A Deployment, of which Knative has one for each revision."""
    new = lacking.group.first
    old = [pod for pod in family if occupies_node(pod) and _is_older(place, pod, new)]
    holding = tuple(pod for pod in old if pod_requests(pod).get(lacking.resource, 0) > 0)
    if not holding or not _would_fit(place, lacking, holding):
        return None
    if any(owner.kind_id.startswith(KNATIVE) for owner in owners.chain(place.snap, deployment)[1:]):
        return SelfBlocked(controller=deployment, old=holding, keeps=None)
    keeps = _keeps(deployment)
    available = sum(_is_ready(pod) for pod in old)
    if keeps is None or keeps < 1 or available > keeps:
        return None  # the controller still ends old pods of its own accord
    return SelfBlocked(controller=deployment, old=holding, keeps=keeps)


def _two_clusters(
    place: Placement, lacking: Shortage, service: Object, new: Object, family: Iterable[Pod]
) -> SelfBlocked | None:
    """A RayService that brings up its next cluster while the one that serves holds the devices."""
    older = {
        item.name
        for item in place.snap.children_of(service)
        if item.kind_id == RAY[1] and (item.created or "") < (new.created or "")
    }
    holding = tuple(
        pod
        for pod in family
        if occupies_node(pod)
        and any(ref.name in older for ref in owners.controllers(pod))
        and pod_requests(pod).get(lacking.resource, 0) > 0
    )
    return SelfBlocked(controller=service, old=holding, keeps=None) if _would_fit(place, lacking, holding) else None


def _groups_of_pods(place: Placement, lacking: Shortage, leaders: Object, family: Iterable[Pod]) -> SelfBlocked | None:
    """A LeaderWorkerSet that makes a group beside the old ones and may take none of these away."""
    surge, unavailable = (value_at(leaders.whole, f"{LWS_ROLLING}.{name}") for name in ("maxSurge", "maxUnavailable"))
    if surge in (MISSING, None, *NONE) or unavailable not in NONE:
        return None
    new = lacking.group.first
    holding = tuple(
        pod
        for pod in family
        if occupies_node(pod)
        and (its := pod.labels.get(LWS_HASH)) is not None
        and its != new.labels.get(LWS_HASH, its)
        and (pod.created or "") < (new.created or "")
        and pod_requests(pod).get(lacking.resource, 0) > 0
    )
    return SelfBlocked(controller=leaders, old=holding, keeps=None) if _would_fit(place, lacking, holding) else None


def _surging(place: Placement, lacking: Shortage, owner: Object, family: Iterable[Pod]) -> SelfBlocked | None:
    """A DaemonSet that starts the new pod of a node beside the old one, where the node has room for one of them."""
    if value_at(owner.whole, SURGE) in (MISSING, None, *NONE):
        return None
    wanted = {
        (name, one.member.labels.get(DAEMON_HASH))
        for one in lacking.group.complaints
        for name in (pinned(one.shape) if one.shape else ())
    }
    there = {name for name, _ in wanted}
    holding = tuple(
        pod
        for pod in family
        if occupies_node(pod)
        and pod.spec.node_name in there
        and (pod.spec.node_name, pod.labels.get(DAEMON_HASH)) not in wanted
        and pod_requests(pod).get(lacking.resource, 0) > 0
    )
    return SelfBlocked(controller=owner, old=holding, keeps=None) if _would_fit(place, lacking, holding) else None


def _is_older(place: Placement, pod: Pod, new: Object) -> bool:
    """Whether a pod is of an earlier revision than the waiting one."""
    mine, its = _template(new), _template(pod)
    if not mine or not its or mine == its:
        return False
    revisions = [_revision(place, one) for one in (pod, new)]
    if None not in revisions:
        return revisions[0] < revisions[1]  # type: ignore[operator]  # neither is None
    return (pod.created or "") < (new.created or "")


def _template(pod: Object) -> str | None:
    """What tells the revision of a Deployment's pod: its hash, or the ReplicaSet that made it."""
    maker = next((ref.name for ref in owners.controllers(pod) if ref.kind == "ReplicaSet"), None)
    return pod.labels.get(HASH) or maker


def _revision(place: Placement, pod: Object) -> int | None:
    owner = owners.owner_of(place.snap, pod)
    text = owner.annotations.get(REVISION, "") if owner is not None and owner.kind == "ReplicaSet" else ""
    # Each Deployment counts for itself: revisions of two (Knative) cannot be compared.
    knative = any(above.kind_id.startswith(KNATIVE) for above in owners.chain(place.snap, pod))
    return int(text) if text.isdigit() and len(text) < 10 and not knative else None  # noqa: PLR2004  digits of an int32


def _keeps(deployment: Controller) -> int | None:
    """How many pods a rolling update keeps available; None for other strategies and for what is no number."""
    spec = deployment.whole.get("spec")
    strategy = spec.get("strategy") if isinstance(spec, dict) else None
    strategy = strategy if isinstance(strategy, dict) else {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return None
    rolling = strategy.get("rollingUpdate")
    rolling = rolling if isinstance(rolling, dict) else {}
    replicas = deployment.spec.replicas if deployment.spec.replicas is not None else 1
    unavailable = _resolved(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    surge = _resolved(rolling.get("maxSurge", "25%"), replicas, up=True)
    if unavailable is None or surge is None:
        return None
    # Both zero would never move, so the controller takes one unavailable then.
    return replicas - (unavailable if unavailable or surge else 1)


def _resolved(value: object, replicas: int, *, up: bool) -> int | None:
    """A number or a percentage of the replicas, rounded as the Deployment controller does."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    percent = value.removesuffix("%") if isinstance(value, str) and value.endswith("%") else ""
    if not percent.isdigit() or len(percent) > 3:  # noqa: PLR2004  at most 100
        return None
    share = int(percent) * replicas / 100
    return math.ceil(share) if up else math.floor(share)


def _is_ready(pod: Pod) -> bool:
    found = condition(pod, "Ready")
    return found is not None and found.status == "True"


def _would_fit(place: Placement, lacking: Shortage, old: tuple[Pod, ...]) -> bool:
    """Whether a node would take the new pod if its old siblings there were gone."""
    for name in {pod.spec.node_name or "" for pod in old}:
        freed: Amounts = dict(place.free.get(name, {}))
        for pod in old:
            if pod.spec.node_name == name:
                add(freed, pod_requests(pod))
        node = place.snap.get("Node", "", name)
        if node in place.count(lacking.shape).open and all(
            amount <= freed.get(resource, amount) for resource, amount in lacking.shape.requests.items()
        ):
            return True
    return False
