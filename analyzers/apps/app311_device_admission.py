"""APP311 to APP314: the kubelet turned pods away that the scheduler had given to its node."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.gpus import amounts, gpus_of, is_gpu, pod_requests
from diag.facts.pods import occupies_node
from diag.facts.times import age_s
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.snapshot.kinds import Event, Node, Pod
from diag.trouble.groups import Group
from diag.trouble.shapes import DEFAULT_SCHEDULER, request_path

# kubernetes/kubernetes pkg/kubelet/cm/devicemanager/manager.go, and pkg/kubelet/lifecycle/predicate.go for what is said
# by counts alone
_RESOURCE = r"(?P<resource>[\w./-]{1,253})"
_COUNTS = rf"Node didn't have enough resource: {_RESOURCE}, requested: \d{{1,15}}, used: \d{{1,15}}, capacity: "
UNAVAILABLE = re.compile(rf"requested number of devices unavailable for {_RESOURCE}\.")
ABSENT = (
    re.compile(rf"cannot allocate (?:unregistered device|unhealthy devices) {_RESOURCE}"),
    re.compile(rf"{_COUNTS}0\b"),
)
SHORT = (UNAVAILABLE, re.compile(rf"{_COUNTS}[1-9]"))
REJECTED = ("UnexpectedAdmissionError", "OutOf")  # how the reasons of rejections begin
AGAIN = "previously allocated devices are no longer healthy"  # of a pod that is admitted again
# NVIDIA/k8s-device-plugin internal/plugin/server.go: the kubelet's record is older than what the plugin offers.
UNKNOWN = re.compile(r"invalid request: unknown device: [\w:/.-]{1,100}")
BOOT_S = 15 * 60  # from the kubelet's start until the plugin offers its devices again

REALLOCATION = """After a kubelet restart, pods that had their GPUs are admitted again and fail.

## What it means
The kubelet started anew while pods with GPUs were on its node. It admits those once more, finds that no device is
registered yet, and ends them, although their processes were well.

## Why it happens
Device plugins register some seconds after the kubelet. Known releases of the kubelet do not wait for them.

## Evidence
The rejection in the pod's status, the pod's creation before the restart, and the node's event `Starting`.

## What to do
Drain a node before its kubelet is restarted; delete the failed pods, so that they are made anew.

## Known limits
Which releases are concerned is not settled; the restart is known by events only, which live for an hour.
"""
MIXED = """Two schedulers place pods on the same GPUs without knowing of each other.

## What it means
Each scheduler counts only what it knows of, so that both give away the same GPUs. The kubelet turns the
second pod away.

## Why it happens
A batch scheduler was added for some workloads, and the others stayed with the default one, on the same pool of nodes.

## Evidence
The rejection, the GPUs that the node offers, and the pods there that hold them, with their `spec.schedulerName`.

## What to do
Give each scheduler nodes of its own (labels and taints), or let one scheduler place all GPU pods.

## Known limits
A pod with `spec.nodeName` in its template passes every scheduler by and looks alike.
"""
STALE = """The kubelet still counts devices of pods that are gone.

## What it means
By the objects of the cluster the node has enough free GPUs, and its kubelet says that it has not: devices of a pod that
ended or was force-deleted were not given back.

## Why it happens
The container could not be killed, or the pod object was deleted by force while its process lived on.

## Evidence
`Requested: n, Available: m` in the pod's status, the node's allocatable and the requests of the pods on it, and a
`FailedKillPod` event of a pod that is gone.

## What to do
End the process that is left on the node, or restart its kubelet. Do not delete GPU pods by force.

## Known limits
Devices that became unhealthy a moment ago look alike until the node's allocatable follows.
"""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A pod that a kubelet turned away."""

    group: Group
    pod: Pod

    @property
    def text(self) -> str:
        """The kubelet's words."""
        return self.pod.status.message or ""

    @property
    def at(self) -> str | None:
        """When."""
        return self.pod.status.start_time or self.pod.created


@rule(
    "APP311",
    name="admission-before-plugin-registered",
    question=Question.KEPT,
    inputs=("Node", "Pod", "Event"),
    refines=("stale-device-allocation",),
    others=(
        Named(id="APP312", name="kubelet-restart-reallocation-bug", page=REALLOCATION),
        Named(id="APP313", name="mixed-schedulers-on-gpu-pool", page=MIXED, refines=("stale-device-allocation",)),
        Named(id="APP314", name="stale-device-allocation", page=STALE),
    ),
)
def device_admission(ctx: Context) -> Iterator[Finding]:
    """After a reboot the kubelet admitted pods before the GPU plugin had registered.

    ## What it means
    For a minute or two after its start the kubelet knows no devices, while the scheduler still saw the node's old
    allocatable GPUs. Pods that came in that window were turned away for good: a rejected pod is not tried again, only
    replaced.

    ## Why it happens
    The kubelet registers its node before the device plugin's pod runs.

    ## Evidence
    The rejection in the pods' status, and the node's `Rebooted` or `Starting` event (or the change of its Ready
    condition) shortly before.

    ## What to do
    Nothing, where a replacement runs by now. To spare long Jobs their retries, give the nodes a start-up taint that is
    removed once the GPUs are offered.

    ## Known limits
    Events live for an hour by default. Rejections that were made good more than half an hour ago are not shown.
    """
    by_node: dict[str, list[Rejected]] = defaultdict(list)
    for group in ctx.groups("pod-failed"):
        for pod in group.members:
            if isinstance(pod, Pod) and (pod.status.reason or "").startswith(REJECTED):
                by_node[pod.spec.node_name or ""].append(Rejected(group, pod))
    unkilled = _unkilled(ctx) if by_node else {}
    for name, found in sorted(by_node.items()):
        node = ctx.snap.node(name)
        if node is not None:
            yield from _booting(ctx, node, [one for one in found if _gpu_of(one, ABSENT)])
            yield from _counted(ctx, node, found, unkilled.get(name, []))
            yield from _unknown(ctx, node, [one for one in found if UNKNOWN.search(one.text)])


def _gpu_of(one: Rejected, patterns: tuple[re.Pattern[str], ...]) -> str:
    """The GPU resource that the kubelet's words are about, empty where they say something else."""
    said = next((found["resource"] for pattern in patterns if (found := pattern.search(one.text))), "")
    return said if is_gpu(said) else ""


def _booting(ctx: Context, node: Node, found: list[Rejected]) -> Iterator[Finding]:
    """Rejections within the first minutes of a kubelet."""
    kinds: dict[str, list[tuple[Rejected, list[Evidence], bool]]] = defaultdict(list)
    for one in found:
        starts = [event for event in ctx.snap.events(node) if _is_start(event) and _led_to(event, one)]
        signs: list[Evidence] = [ctx.cite_event(event) for event in starts]
        rebooted = any(event.reason == "Rebooted" for event in starts)
        if not starts:
            signs = _became_ready(ctx, node, one)
        if signs:
            ran = not rebooted and bool(starts) and _before(one.pod.created, starts[0].last_seen)
            kinds["kubelet-restart-reallocation-bug" if ran else ""].append((one, signs, bool(starts)))
    for name, hits in sorted(kinds.items()):
        yield _boot_finding(ctx, node, name, hits)


def _boot_finding(ctx: Context, node: Node, name: str, hits: list[tuple[Rejected, list[Evidence], bool]]) -> Finding:
    first, signs, by_event = hits[0]
    rejections = [one for one, _, _ in hits]
    what = (
        f"was restarted under {len(hits)} pod(s) with GPUs, {first.pod.name} among them, which its kubelet admitted "
        "again and turned away"
        if name
        else f"had just started when its kubelet turned away {len(hits)} pod(s), {first.pod.name} among them"
    )
    healed = all(one.group.severity.value == "info" for one in rejections)
    ending = "; they have been replaced by now" if healed else ""
    said = first.text.removeprefix("Pod was rejected: ")
    summary = f"{node.name} {what}, before its GPUs were registered ({first.pod.status.reason}: {said}){ending}"
    return Finding(
        name=name,
        subject=first.group.workload if name else node.ref,
        summary=summary,
        evidence=(ctx.cite(first.pod, "status.message"), *[*signs, *_pieces(ctx, rejections)]),
        accounts_for=tuple(_because(ctx, rejections, f"{node.name} had just started", signs)),
        confidence=None if by_event else Confidence.LIKELY,
        since=first.at,
        remedies=(
            Remedy(text="delete the failed pods; what they were made for runs in others", when="replacements run"),
            Remedy(
                text="give the GPU nodes a start-up taint that is removed once the node offers its GPUs", who="platform"
            ),
        ),
    )


def _is_start(event: Event) -> bool:
    return event.reason == "Rebooted" or (event.reason == "Starting" and "kubelet" in event.text.lower())


def _led_to(event: Event, one: Rejected) -> bool:
    """Whether a kubelet's start explains a rejection: minutes before it, or of a pod that had its devices already."""
    again = AGAIN in one.text and _before(one.at, event.last_seen)
    return again or _shortly_before(event.last_seen, one)


def _shortly_before(time: str | None, one: Rejected) -> bool:
    """Whether a start lies in the minutes before a rejection; its event may be written a little after."""
    age = age_s(time, one.at)
    return age is not None and -60 <= age <= BOOT_S  # noqa: PLR2004  a minute for the event to be written


def _before(time: str | None, other: str | None) -> bool:
    age = age_s(time, other)
    return age is not None and age > 60  # noqa: PLR2004  seconds; the pod was there before the start


def _became_ready(ctx: Context, node: Node, one: Rejected) -> list[Evidence]:
    for index, found in enumerate(node.status.conditions or ()):
        if found.type == "Ready" and found.status == "True" and _shortly_before(found.last_transition_time, one):
            return [ctx.cite(node, f"status.conditions[{index}].lastTransitionTime")]
    return []


def _counted(ctx: Context, node: Node, found: list[Rejected], unkilled: list[Event]) -> Iterator[Finding]:
    """Rejections for too few devices: are they given away twice, or does the kubelet hold some back?"""
    by_resource: dict[str, list[Rejected]] = defaultdict(list)
    for one in found:
        if resource := _gpu_of(one, SHORT):
            by_resource[resource].append(one)
    for resource, rejections in sorted(by_resource.items()):
        offered = amounts(node.status.allocatable).get(resource)
        if offered is None:
            continue
        # Who was there at the time: a holder that came after the rejection took nothing away.
        holders = [
            pod
            for pod in ctx.snap.pods_on(node.name)
            if occupies_node(pod)
            and gpus_of(pod_requests(pod)).get(resource)
            and (pod.created or "") <= (rejections[-1].at or "~")
        ]
        used = sum(pod_requests(pod).get(resource, 0) for pod in holders)
        asked = pod_requests(rejections[0].pod).get(resource, 0)
        if used + asked <= offered:
            if all(UNAVAILABLE.search(one.text) for one in rejections):
                left = next((event for event in unkilled if _before(event.first_seen, rejections[-1].at)), None)
                yield _stale(ctx, node, resource, rejections, ((offered - used) // 1000, left))
            continue
        pairs = ((one.pod, pod) for one in rejections for pod in holders if _scheduler(one.pod) != _scheduler(pod))
        for mine, other in islice(pairs, 1):
            yield _mixed(ctx, node, resource, rejections, holders, (mine, other))


def _scheduler(pod: Pod) -> str:
    return pod.spec.scheduler_name or DEFAULT_SCHEDULER


def _mixed(
    ctx: Context, node: Node, resource: str, found: list[Rejected], holders: list[Pod], pair: tuple[Pod, Pod]
) -> Finding:
    mine, other = pair
    names = sorted({_scheduler(pod) for pod in [*holders, mine]})
    parts = [piece for pod in (other, *holders) if (piece := _request(ctx, pod, resource))]
    offered = ctx.cite(node, f'status.allocatable["{resource}"]')
    held = ctx.compute(
        f"{resource} that the pods on {node.name} hold",
        sum(pod_requests(pod).get(resource, 0) for pod in holders) // 1000,
        parts[:20],
    )
    schedulers: list[Evidence] = [ctx.cite_or_lack(pod, "spec.schedulerName") for pod in (mine, other)]
    summary = (
        f"{' and '.join(names)} both place pods on its {resource}: it offers {offered.value}, and {held.value} were "
        f"held (by {other.name} of {_scheduler(other)} among others) when {mine.name} of {_scheduler(mine)} came "
        f"({mine.status.reason})"
    )
    return Finding(
        name="mixed-schedulers-on-gpu-pool",
        subject=node.ref,
        summary=summary,
        evidence=(ctx.cite(mine, "status.message"), *[*schedulers, offered, held]),
        accounts_for=tuple(_because(ctx, found, "its GPUs were given away by two schedulers", [*schedulers, held])),
        since=found[0].at,
        remedies=(
            Remedy(text=f"let one scheduler place all pods with {resource} on these nodes", who="platform"),
            Remedy(text="or split the pool by labels and taints, a part for each scheduler", who="platform"),
        ),
    )


def _stale(
    ctx: Context, node: Node, resource: str, found: list[Rejected], free_by: tuple[int, Event | None]
) -> Finding:
    """`free_by`: what is free by the objects, and the event of a pod that could not be killed, if any."""
    pod = found[-1].pod
    offered = ctx.cite(node, f'status.allocatable["{resource}"]')
    count, left = free_by
    by_whom = ""
    signs: list[Evidence] = []
    if left is not None:
        by_whom = f"; {left.subject.namespace}/{left.subject.name}, which is gone, could not be killed there"
        signs = [ctx.cite_event(left), ctx.cite(left, f"{_subject_path(left)}.name")]
    free = ctx.compute(f"{resource} of {node.name} that no pod holds", count, [offered])
    said = found[-1].text.removeprefix("Pod was rejected: ")
    return Finding(
        name="stale-device-allocation",
        subject=node.ref,
        summary=f"counts {resource} as taken that no pod holds: {free.value} of {offered.value} are free by the "
        f"objects, and its kubelet said: {said}{by_whom}",
        evidence=(ctx.cite(pod, "status.message"), *[offered, free, *signs, *_pieces(ctx, found)]),
        accounts_for=tuple(_because(ctx, found, f"the kubelet of {node.name} holds devices back", [free, *signs])),
        since=found[0].at,
        remedies=(
            Remedy(
                text="end what is left of the pod on the node, or restart the kubelet",
                who="platform",
                risk="disruptive",
            ),
            Remedy(text="do not delete GPU pods by force", who="user"),
        ),
    )


def _unknown(ctx: Context, node: Node, found: list[Rejected]) -> Iterator[Finding]:
    """Rejections by a plugin that is asked for a device of before: two plugins look alike where one has no pod."""
    if found:
        said = UNKNOWN.search(found[-1].text)
        words = f"asks its device plugin for a device that it does not know: {said[0] if said else ''}"
        yield Finding(
            name="stale-device-allocation",
            subject=node.ref,
            summary=words,
            evidence=(ctx.cite(found[-1].pod, "status.message"), *_pieces(ctx, found)),
            accounts_for=tuple(_because(ctx, found, f"{node.name} {words}", [])),
            confidence=Confidence.LIKELY,
            since=found[0].at,
            remedies=(Remedy(text="restart the device plugin's pod there, then the kubelet", who="platform"),),
        )


def _subject_path(event: Event) -> str:
    return "involvedObject" if event.involved_object else "regarding"


def _unkilled(ctx: Context) -> dict[str | None, list[Event]]:
    """By node, what its kubelet said of pods that it could not end and that are no more there."""
    found: dict[str | None, list[Event]] = defaultdict(list)
    for kind, namespace, name in ctx.snap.event_subjects():
        if kind == "Pod" and ctx.snap.pod(namespace, name) is None:
            for event in ctx.snap.events(Ref(ctx.cluster, "v1", "Pod", namespace, name)):
                source = event.source or event.deprecated_source
                if event.reason == "FailedKillPod" and source is not None:
                    found[source.host].append(event)
    return found


def _request(ctx: Context, pod: Pod, resource: str) -> Evidence | None:
    path = request_path(pod, resource)
    return ctx.cite(pod, path) if path else None


def _pieces(ctx: Context, found: list[Rejected]) -> list[Evidence]:
    pod = found[0].pod
    return [ctx.cite(pod, "status.reason"), ctx.cite(pod, "spec.nodeName")]


def _because(ctx: Context, found: list[Rejected], why: str, signs: list[Evidence]) -> Iterator[Because]:
    by_group: dict[str, list[Rejected]] = defaultdict(list)
    for one in found:
        by_group[one.group.key].append(one)
    for hits in by_group.values():
        group = hits[0].group
        words = f"{why}: {hits[0].text}"
        proof = (ctx.cite(hits[0].pod, "status.message"), *signs)
        yield Because(group, words, proof, members=len(hits))
