"""IMG121: the node's disk is full, so its images and containers cannot be made."""

import re
from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import Text, texts
from diag.findings import Basis, Because, Evidence, Finding, Question, Ref, Remedy
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group

NO_SPACE = re.compile(r"no space left on device|disk quota exceeded")
# The kernel says the same of cgroups (too many, mostly of memory), of inotify and of memory-backed folders.
NO_DISK = re.compile(r"/sys/fs/cgroup/|cgroup configuration|inotify|/dev/shm\b")
# kubernetes/kubernetes pkg/kubelet/images/image_gc_manager.go and pkg/kubelet/eviction
COLLECTOR = ("FreeDiskSpaceFailed", "ImageGCFailed", "EvictionThresholdMet")


@rule(
    "IMG121",
    name="node-disk-full",
    question=Question.STARTED,
    basis=Basis.SAID,
    inputs=("Pod", "Node", "Event"),
    refines=("image-unpack-failed", "volume-mount-failed"),
)
def node_disk_full(ctx: Context) -> Iterator[Finding]:
    """The node's image disk is full, so pulls fail.

    ## What it means
    The node's runtime has no room for the layers of the image, and the kubelet could not free enough of it. Every pod
    with an image that the node does not hold yet fails there.

    ## Why it happens
    GPU images are tens of gigabytes, root disks of GPU machines often are not; weights in the container's own file
    system, logs and old images fill the same disk.

    ## Evidence
    `no space left on device` in the kubelet's words; the node's `DiskPressure` condition and the image collector's
    events, where they are there, are an independent second sign.

    ## What to do
    Free the disk (unused images, stopped containers, caches on host paths), give the pool a larger one, or lower the
    thresholds of the image collector.

    ## Known limits
    What fills the disk is not seen from the objects. A full volume of the pod is another cause (volume-full).
    """
    found: dict[str, list[tuple[Group, list[Text]]]] = defaultdict(list)
    for group in ctx.groups("container-not-started"):
        by_node: dict[str, dict[str, Text]] = defaultdict(dict)
        for text in (*texts(ctx, group, On.WAITING), *texts(ctx, group, On.EVENT)):
            if isinstance(text.member, Pod) and text.member.spec.node_name and _is_full(text.text):
                by_node[text.member.spec.node_name].setdefault(text.member.name, text)
        for name, said in by_node.items():
            found[name].append((group, list(said.values())))
    for name, groups in sorted(found.items()):
        yield _finding(ctx, name, groups)


def _is_full(text: str) -> bool:
    return NO_SPACE.search(text) is not None and NO_DISK.search(text) is None


def _finding(ctx: Context, name: str, groups: list[tuple[Group, list[Text]]]) -> Finding:
    node = ctx.snap.node(name)
    signs = _signs(ctx, node) if node else ()
    said = [text.cite() for _, texts_of_group in groups for text in texts_of_group]
    pressure = "the node reports DiskPressure" if signs else "no space left on device"
    accounts = tuple(
        Because(
            group,
            f"the disk of {name}, where it runs, is full",
            (*(text.cite() for text in of_group[:3]), *signs),
            members=len(of_group),
        )
        for group, of_group in groups
    )
    return Finding(
        subject=node.ref if node else Ref(ctx.cluster, "v1", "Node", "", name, seen=False),
        summary=f"its disk is full: {len(said)} pod(s) cannot start there; {pressure}",
        evidence=(said[0], *[*signs, *said[1:5]]),
        accounts_for=accounts,
        second_sign=bool(signs),
        since=min((group.since for group, _ in groups if group.since), default=None),
        remedies=(
            Remedy(
                text="remove unused images and what else fills the disk",
                command=f"kubectl describe node {name}",
                who="platform",
            ),
            Remedy(text="give the node pool a larger disk for images", who="platform"),
            Remedy(
                text="lower imageGCHighThresholdPercent of the kubelet, so that it frees space earlier", who="platform"
            ),
        ),
    )


def _signs(ctx: Context, node: Node) -> tuple[Evidence, ...]:
    """What the node itself says: its condition, and the collector's events."""
    signs: list[Evidence] = []
    for index, one in enumerate(node.status.conditions or ()):
        if one.type == "DiskPressure" and one.status == "True":
            signs += [ctx.cite(node, f"status.conditions[{index}].{part}") for part in ("type", "status")]
    for event in ctx.warnings(node, *COLLECTOR)[:2]:
        signs += [ctx.cite_event(event), ctx.cite(event, "reason")]
    return tuple(signs)
