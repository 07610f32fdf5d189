"""IMG213: a peer-to-peer mirror runs on the node, a peer holds the image, and the pull is slow all the same."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.entries import entries
from diag.facts.pods import statuses
from diag.facts.timeline.model import Pull
from diag.facts.times import show_age
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.kinds import Node, Pod
from diag.trouble.relations.timelines import Start

# spegel-org/spegel; dragonflyoss/client (dfdaemon) and its predecessor dfget
MIRROR = re.compile(r"(?:^|/)(?:spegel|dfdaemon|dragonfly/client|dragonflyoss/client)(?:[:@]|$)")
# spegel-org/spegel pkg/registry; dragonflyoss/dragonfly scheduler and client
MISSED = re.compile(
    r"could not find peer for|all request retries exhausted for|waited too long"
    r"|content digest \S{1,100} not found|back-to-source"
)
PEER_BYTES_S = 100e6  # a node of the same network serves that and more
SLOW_S = 180.0  # of a pull: shorter ones are no trouble


class Holder(NamedTuple):
    """A node whose runtime has the image, with the place that says so."""

    node: Node
    path: str


@rule(
    "IMG213",
    name="p2p-mirror-ineffective",
    question=Question.STARTED,
    inputs=("Pod", "Node", "Event"),
    refines=("slow-image-pull",),
    visits={"Node": 2},
)
def p2p_mirror_ineffective(ctx: Context) -> Iterator[Finding]:
    """The peer-to-peer mirror runs but the node still pulls from the registry.

    ## What it means
    A mirror (Spegel, Dragonfly) is ready on the node, and another node with a ready mirror has the image. The pull took
    long although its layers could have come from there. Such mirrors fall back to the registry without an error.

    ## Why it happens
    containerd discards layers after it unpacked them (`discard_unpacked_layers`), does not read the mirror's
    `hosts.toml` (`config_path` is not set, or containerd 2.1 and later pull by another path), or the registry of the
    image is none of those that the mirror serves.

    ## Evidence
    The long pull, the image in `status.images` of another node, the mirror's pods on both, the container runtime's
    version, and lines of the mirror that tell of a miss.

    ## What to do
    Set `discard_unpacked_layers = false` and `config_path` of containerd's registry configuration, and look for
    requests in the mirror's log or metrics.

    ## Known limits
    A pull of more than 100 MB/s is left alone unless the mirror tells of a miss. Whether the peer had the image before
    the pull began is not told, so that without a line of the mirror the finding is possible only. Images beyond the
    fifty largest of a node are not listed.
    """
    for start in ctx.starts():
        phase = start.timeline.phase("pull")
        if phase is None or phase.min_s < SLOW_S or start.timeline.bottleneck != "pull":
            continue
        pull = max(start.timeline.pulls, key=_length)
        mirror = _mirror(ctx, start.pod.spec.node_name or "")
        holder = _holder(ctx, start.pod, pull)
        if mirror is not None and holder is not None and (_is_slow(pull) or _missed(ctx, mirror)):
            yield _finding(ctx, start, pull, mirror, holder)


def _length(pull: Pull) -> float:
    return pull.pulled.pull_s if pull.pulled is not None else float("inf")


def _is_slow(pull: Pull) -> bool:
    """Whether the pull went slower than a peer would serve; a large image takes its time."""
    facts = pull.pulled
    return facts is None or not facts.size_bytes or facts.size_bytes < PEER_BYTES_S * facts.pull_s


def _mirror(ctx: Context, node: str) -> Pod | None:
    """The ready pod of a mirror on a node."""
    for pod in ctx.snap.pods_on(node):
        images = [container.image or "" for container in pod.spec.containers or ()]
        ready = any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions or ())
        if ready and any(MIRROR.search(image) for image in images):
            return pod
    return None


def _holder(ctx: Context, pod: Pod, pull: Pull) -> Holder | None:
    """Another node with a ready mirror whose runtime has the image that the pod's container asks for."""
    image = {one.name: one.image for one in pod.spec.containers or ()}.get(pull.container)
    for node in ctx.snap.nodes():
        if node.name == pod.spec.node_name:
            continue
        for path, one in entries(node, "status.images"):
            names = one.get("names")
            if isinstance(names, list) and image in names and _mirror(ctx, node.name) is not None:
                return Holder(node, f"{path}.names[{names.index(image)}]")
    return None


def _finding(ctx: Context, start: Start, pull: Pull, mirror: Pod, holder: Holder) -> Finding:
    said = [ctx.cite_event(one) for one in (pull.pulling, pull.event) if one is not None][-1:]
    missed = _missed(ctx, mirror)
    version = ctx.cite_if(holder.node, "status.nodeInfo.containerRuntimeVersion")
    has = ctx.cite(holder.node, holder.path)
    took = f"took {show_age(pull.pulled.pull_s)}" if pull.pulled is not None else "is not done yet"
    words = (
        f"is ready on {start.pod.spec.node_name}, and the pull of {has.value} there {took} although "
        f"{holder.node.name} has the image"
    )
    proof: list[Evidence] = [*missed, ctx.cite(mirror, "spec.nodeName"), *([version] if version else [])]
    return Finding(
        subject=ctx.workload(mirror).ref,
        summary=words,
        evidence=as_proof((has, *said, *proof, *start.group.evidence)),
        accounts_for=(Because(start.group, f"the mirror {mirror.name} {words}", (has, *said, *proof)),),
        confidence=Confidence.LIKELY if missed else Confidence.POSSIBLE,
        since=start.group.since,
        remedies=(
            Remedy(
                text="look for requests of this node in the mirror's log",
                command=f"kubectl logs -n {mirror.namespace} {mirror.name} --all-containers",
                who="platform",
            ),
            Remedy(
                text="let containerd keep layers (discard_unpacked_layers = false) and read the mirror's hosts.toml "
                "(config_path)",
                who="platform",
                risk="disruptive",
            ),
        ),
    )


def _missed(ctx: Context, mirror: Pod) -> list[Evidence]:
    """The last line of the mirror that tells of content that no peer had."""
    for _, status in statuses(mirror):
        lines = ctx.snap.log(mirror, status.name or "")
        for number in range(len(lines), 0, -1):
            if MISSED.search(lines[number - 1][:2_000]):
                return [ctx.cite_log(mirror, status.name or "", number)]
    return []
