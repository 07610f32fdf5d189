"""IMG120: the image has no build for the architecture of the node that pulls it."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import Text, first_text
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import MISSING, value_at
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group

# containerd; containers/image (CRI-O); Docker.
NO_PLATFORM = re.compile(
    r"(?s)(?:\"(?P<image>[^\"]{1,400})\".{0,2000}?)?(?:no match for platform in manifest"
    r"|no image found in (?:image index|manifest list) for architecture|no matching manifest for \w+/\w+)"
)
WRONG_FORMAT = re.compile(r"exec format error")
ARCHITECTURE = ("status.nodeInfo.architecture", 'metadata.labels["kubernetes.io/arch"]')
CRASHED = ("container-crashing", "init-container-failing", "pod-failed")


@rule(
    "IMG120",
    name="image-platform-mismatch",
    question=Question.STARTED,
    basis=Basis.SAID,
    inputs=("Pod", "Node", "Event"),
    refines=("image-not-found", "container-command-not-executable"),
    visits={"Node": 2},
)
def image_platform_mismatch(ctx: Context) -> Iterator[Finding]:
    """The image has no build for the node's architecture.

    ## What it means
    The registry holds the image, and none of its builds is for the architecture of the node. Another pull will not
    help.

    ## Why it happens
    An image that was built for amd64 only meets arm64 nodes (Grace Hopper, Graviton, Ampere), or the other way round. A
    tag without a manifest list is pulled all the same, and then fails with `exec format error`.

    ## Evidence
    The kubelet's `no match for platform in manifest`, and `status.nodeInfo.architecture` of the node. `exec format
    error` counts only where the cluster has nodes of several architectures.

    ## What to do
    Build the image for both architectures, or keep the pod on nodes of the right one with `kubernetes.io/arch`.

    ## Known limits
    For which architectures the image was built is not seen; `exec format error` may also come from a script without a
    first line.
    """
    for group in ctx.groups("container-not-started"):
        found = first_text(ctx, group, NO_PLATFORM, On.WAITING, On.EVENT)
        if found:
            yield _finding(ctx, group, found[0], image=found[1]["image"] or "")
    for group in ctx.groups(*CRASHED):
        found = first_text(ctx, group, WRONG_FORMAT, On.ENDED, On.LOG)
        if found and len({_architecture(node) for node in ctx.snap.nodes()} - {""}) > 1:
            yield _finding(ctx, group, found[0], image="", certain=False)


def _finding(ctx: Context, group: Group, text: Text, *, image: str, certain: bool = True) -> Finding:
    node = ctx.snap.node(text.member.spec.node_name) if isinstance(text.member, Pod) else None
    mine = _architecture(node) if node else ""
    what = image or text.container.partition(" ")[2] or "the image"
    where = f"{mine}, the architecture of {node.name}" if node and mine else "the node's architecture"
    summary = f"{what} has no build for {where}"
    if not certain:
        summary = f"{what} is of the wrong format (exec format error), probably not built for {where}"
    said = text.cite()
    evidence: tuple[Evidence, ...] = tuple(ctx.cite(node, path) for path in _paths(node)) if node else ()
    others = sorted({_architecture(other) for other in ctx.snap.nodes()} - {mine, ""})
    remedies = [Remedy(text=f"build and push the image for {mine or 'every architecture of the nodes'}")]
    if others:
        choice = "kubernetes.io/arch: " + others[0]
        remedies.append(
            Remedy(text=f"run it on other nodes of this cluster: nodeSelector {choice}", when="the image is for those")
        )
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=as_proof(list(dict.fromkeys((said, *evidence, *group.evidence)))),
        accounts_for=(Because(group, summary, (said, *evidence)),),
        confidence=None if certain else Confidence.LIKELY,
        since=group.since,
        remedies=tuple(remedies),
    )


def _architecture(node: Node) -> str:
    for path in _paths(node):
        return str(value_at(node.whole, path))
    return ""


def _paths(node: Node) -> list[str]:
    """Where the node says its architecture: the kubelet's word before the label."""
    return [path for path in ARCHITECTURE if value_at(node.whole, path) is not MISSING][:1]
