"""Custom resources that say of themselves that they are not well, where nothing below or above them says why.

What an operator made (pods, Jobs, Deployments) is looked at first: a resource that only repeats the trouble of its
children, or of its owner, opens nothing and is lineage. Of a chain of resources (a Knative Service, its Configuration,
its Revision) the deepest speaks.
"""

import re
from collections.abc import Iterable, Iterator

from diag.facts import custom_resources as facts
from diag.facts.custom_resources import Remark
from diag.facts.pods import PodClass, classify
from diag.findings import Evidence, Ref, Severity
from diag.projection import Object
from diag.snapshot.cite import cite
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Complaint
from diag.trouble.relations import owners
from diag.trouble.relations.kueue import text
from diag.trouble.scene import Scene
from diag.vocab import custom_resources as words
from diag.vocab.kueue import MULTIKUEUE_CLUSTER, WORKLOAD

GRACE_S = 5 * 60
UNDER_WAY_S = 30 * 60
OLD_S = 24 * 3600  # work that failed longer ago is history
MAX_EVIDENCE = 4
MAX_DEPTH = 6
SETTLED = (PodClass.HEALTHY, PodClass.RESTARTED, PodClass.FINISHED, PodClass.FAILED)
# What a resource repeats of the API server's answer when a pod could not be made
# (kubernetes/kubernetes staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go NewForbidden; Knative and Argo
# Workflows pass the text on, KubeRay after a reason of its own).
NO_POD = re.compile(r'^(?:\S+ )?FailedCreate(?:(?:Head|Worker)Pod)?\b|\bpods "[^"\n]{0,253}" is forbidden: ')
BAD_NEWS = re.compile(rb'"(?:False|True|Unknown)"|(?i:failed|error|fatal|not_?ready|not_?bound|degraded|unhealthy)')


def complaints(scene: Scene, found: list[Complaint]) -> Iterator[Complaint]:
    """Every custom resource that is not well and whose trouble no complaint that was `found` tells already."""
    unwell = [(item, said) for item in _looked_at(scene) if (said := _said(scene, item))]
    if not unwell:
        return
    told, above = _told(scene, found)
    unwell = [(item, said) for item, said in unwell if not _is_told(scene, item, told, above)]
    queued = any(one.symptom == "workload-not-admitted" for one in found)
    for item, said in _deepest(scene, unwell):
        yield _complaint(scene, item, said, idle=not queued and _is_idle(scene, item))


def is_work(kind_id: str) -> bool:
    """Whether objects of the kind are somebody's job or model."""
    group = kind_id.rpartition("/")[0]
    return (group in words.WORK_GROUPS and kind_id not in words.NO_WORK) or kind_id in words.WORK_KINDS


def _looked_at(scene: Scene) -> Iterator[Object]:
    for kind in sorted(scene.snap.tables):
        group = kind.rpartition("/")[0]
        passed_over = "." not in group or group in words.BUILT_IN_GROUPS or group in words.LEFT_GROUPS
        if (passed_over and kind not in words.LOOKED_AT) or kind in words.LEFT_KINDS or kind in words.VERDICTS:
            continue
        for _, item in sorted(scene.snap.all(kind).items()):
            if not item.metadata.deletion_timestamp and BAD_NEWS.search(bytes(item.raw)):
                yield item


def _said(scene: Scene, item: Object) -> list[Remark]:
    """What the item says against itself, if it is no intention, no work under way and no history."""
    said = facts.remarks(item)
    if not said or facts.is_held(item) or facts.has_ended_well(item) or facts.is_unread(item):
        return []
    busy = facts.is_true(item, *words.BUSY_TYPES)
    # A summary often changed long before, or after, what it sums up: what is specific decides.
    said = [one for one in said if _is_due(scene, item, one, busy=busy)]
    if not said or (not any(one.stated for one in said) and (_is_starting(scene, item) or _is_served(scene, item))):
        return []
    return said


def _is_served(scene: Scene, item: Object) -> bool:
    """Whether what it waits for is being filled, says nothing against itself, and has a pod at work on it."""
    path, kind = words.WAITED_FOR.get(item.kind_id, ("", ""))
    name = facts.text_at(item, path) if path else ""
    needed = scene.snap.get(kind, item.namespace, name) if name else None
    if needed is None or facts.remarks(needed):
        return False
    below = [child for owner in (needed, *scene.snap.children_of(needed)) for child in scene.snap.children_of(owner)]
    return any(
        pod.status.phase == "Running" and classify(pod) is PodClass.HEALTHY for pod in below if isinstance(pod, Pod)
    )


def _is_due(scene: Scene, item: Object, one: Remark, *, busy: bool) -> bool:
    """Whether a remark has stood long enough; one that states a failure counts at once."""
    if one.stated:
        return not is_work(item.kind_id) or not scene.older(one.since, OLD_S)
    return scene.older(
        one.since or item.created, UNDER_WAY_S if busy or facts.UNDER_WAY.search(one.reason) else GRACE_S
    )


def _is_starting(scene: Scene, item: Object) -> bool:
    """Whether pods below it are on their way: they do not complain, so they are within their budgets."""
    below = [item]
    for _ in range(MAX_DEPTH):
        below = [child for owner in below for child in scene.snap.children_of(owner)]
        if any(classify(pod) not in SETTLED for pod in below if isinstance(pod, Pod)):
            return True
    return False


def _told(scene: Scene, found: Iterable[Complaint]) -> tuple[set[Ref], set[Ref]]:
    """Objects that complain already (with their workloads), and everything that owns one of them."""
    told: set[Ref] = set()
    above: set[Ref] = set()
    for one in found:
        if one.member.ref not in told:
            told.update((one.member.ref, one.workload))
            above.update(owner.ref for owner in owners.chain(scene.snap, one.member))
    return told, above


def _is_told(scene: Scene, item: Object, told: set[Ref], above: set[Ref]) -> bool:
    return item.ref in above or any(owner.ref in told for owner in owners.chain(scene.snap, item))


def _deepest(scene: Scene, unwell: list[tuple[Object, list[Remark]]]) -> Iterator[tuple[Object, list[Remark]]]:
    """Of the resources of one workload those that are furthest from it; the others repeat what these say."""
    depths = {item.ref: len(owners.chain(scene.snap, item)) for item, _ in unwell}
    most: dict[Ref, int] = {}
    for item, _ in unwell:
        top = owners.chain(scene.snap, item)[-1].ref
        most[top] = max(most.get(top, 0), depths[item.ref])
    for item, said in unwell:
        if depths[item.ref] == most[owners.chain(scene.snap, item)[-1].ref]:
            yield item, said


def _is_idle(scene: Scene, item: Object) -> bool:
    """Whether it is a way to another cluster, and no work was sent there."""
    return item.kind_id == MULTIKUEUE_CLUSTER and all(
        text(workload, "status", "clusterName") != item.name for workload in scene.snap.all(WORKLOAD).values()
    )


def _complaint(scene: Scene, item: Object, said: list[Remark], *, idle: bool) -> Complaint:
    first = said[0]
    paths = dict.fromkeys(path for one in said[:MAX_EVIDENCE] for path in one.paths)
    evidence: list[Evidence] = [cite(item, path) for path in paths]
    root = scene.root(item)
    # A whole namespace of certificates that one issuer refuses is one trouble; each job is somebody's own.
    alike = f"{item.kind_id}/{item.namespace}" if root == item.ref and not is_work(item.kind_id) else str(root)
    message = f"{first.reason}: {first.message}" if first.message else first.reason
    symptom = _symptom(item.kind_id)
    if symptom == "custom-resource-not-ready" and NO_POD.search(message):
        symptom = "pod-not-created"
    return Complaint(
        symptom=symptom,
        missing=int(symptom == "pod-not-created"),
        member=item,
        workload=root,
        group_by=alike,
        reason=first.message or first.reason,
        message=message,
        evidence=(evidence[0], *evidence[1:]),
        since=min((one.since for one in said if one.since), default=item.created),
        severity=Severity.INFO if idle else _severity(item, said),
    )


def _symptom(kind_id: str) -> str:
    if kind_id in words.SCALERS:
        return "scale-up-missing"
    return "object-not-propagated" if kind_id in words.FEDERATED else "custom-resource-not-ready"


def _severity(item: Object, said: list[Remark]) -> Severity:
    """An error where work is blocked: the kind is work, and it does not sum itself up as well."""
    well = facts.is_true(item, *facts.SUMMARIES) and not any(one.summary for one in said)
    return Severity.ERROR if is_work(item.kind_id) and not well else Severity.WARNING
