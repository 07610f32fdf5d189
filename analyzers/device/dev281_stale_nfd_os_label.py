"""DEV281: node feature discovery's labels name another system than the one that the node runs."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.entries import text
from diag.facts.nodes import gpus
from diag.facts.pods import is_ready
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import json_value
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.operands import operand_of
from diag.vocab.operands import Stage

# kubernetes-sigs/node-feature-discovery source/system: the fields of /etc/os-release
OS_RELEASE = "feature.node.kubernetes.io/system-os_release."
ID, VERSION, OSTREE = f"{OS_RELEASE}ID", f"{OS_RELEASE}VERSION_ID", f"{OS_RELEASE}OSTREE_VERSION"
# The kubelet reports PRETTY_NAME of the same file. How distributions write ID and VERSION_ID in it:
PRETTY = (
    ("ubuntu", re.compile(r"^Ubuntu (\d{2}\.\d{2})\b")),
    ("rhel", re.compile(r"^Red Hat Enterprise Linux (\d{1,2}\.\d{1,2})\b")),
    ("rocky", re.compile(r"^Rocky Linux (\d{1,2}\.\d{1,2})\b")),
    ("debian", re.compile(r"^Debian GNU/Linux (\d{1,2})\b")),
    ("flatcar", re.compile(r"^Flatcar Container Linux by \w{1,30} (\d{1,6}\.\d{1,3}\.\d{1,3})\b")),
)
COREOS = re.compile(r"^Red Hat Enterprise Linux CoreOS (\d[\d.]{4,40}-\d{1,4})\b")
OS_IMAGE = "status.nodeInfo.osImage"
WORKER = re.compile(r"nfd-worker|node-feature-discovery-worker")
DRIVER_FAILS = ("container-not-started", "init-container-failing", "container-crashing", "container-not-ready")


class Stale(NamedTuple):
    """A node's label that tells of an earlier system, and the words in which images and selectors repeat it."""

    label: str
    value: str
    now: str
    marks: tuple[str, ...]


@rule(
    "DEV281",
    name="stale-nfd-os-label",
    question=Question.STARTED,
    inputs=("Node", "Pod"),
    refines=(
        "driver-image-not-published",
        "driver-toolkit-image-mismatch",
        "driver-package-repo-unreachable",
        "gpu-driver-install-failed",
        "kernel-headers-unavailable",
        "operand-image-pull-failed",
        "image-not-found",
    ),
    visits={"Node": 1},
)
def stale_nfd_os_label(ctx: Context) -> Iterator[Finding]:
    """An outdated NFD OS label selects the wrong driver image after an OS upgrade.

    ## What it means
    The GPU operator builds the tag of the driver's image, or chooses OpenShift's Driver Toolkit, by the node labels
    `feature.node.kubernetes.io/system-os_release.*`. They still name the system before the upgrade, so the driver is
    that of another system.

    ## Why it happens
    The worker of node feature discovery does not run on the node (a taint that it does not tolerate, a crash) or has
    not run since the upgrade: labels stay as they are while nobody writes them anew.

    ## Evidence
    The label, `status.nodeInfo.osImage`, which the kubelet writes at each start, and the driver's pod that goes by the
    label.

    ## What to do
    Bring nfd-worker back on the node, or restart it; the operator deploys the right driver once the labels are right.

    ## Known limits
    Only systems are compared whose name tells their version: Ubuntu, RHEL, RHEL CoreOS, Rocky, Debian, Flatcar. A
    driver that runs all the same makes this worth knowing only; one that runs so on another node of the same system, a
    possible cause.
    """
    for node in ctx.snap.nodes():
        stale = _stale(node)
        if stale is None:
            continue
        hit = [(group, pods) for group in ctx.groups(*DRIVER_FAILS) if (pods := _drivers(group, node, stale))]
        if hit or gpus(node):
            yield _finding(ctx, node, stale, hit)


def _stale(node: Node) -> Stale | None:
    info, labels = json_value(bytes(node.status.node_info)), node.labels
    image = text(info.get("osImage")) if isinstance(info, dict) else ""
    coreos = COREOS.match(image)
    if coreos is not None:
        said = labels.get(OSTREE, "")
        return Stale(OSTREE, said, coreos[1], (said,)) if said and said != coreos[1] else None
    system = next(((name, found[1]) for name, pattern in PRETTY if (found := pattern.match(image))), None)
    if system is None or ID not in labels or VERSION not in labels:
        return None
    mark = f"{labels[ID]}{labels[VERSION]}"
    if (labels[ID], labels[VERSION]) == system:
        return None
    label = VERSION if labels[ID] == system[0] else ID
    return Stale(label, labels[label], " ".join(system), (mark,))


def _drivers(group: Group, node: Node, stale: Stale) -> list[Pod]:
    """Pods of the driver on the node whose image or selector goes by the stale label."""
    return [
        pod
        for pod in group.members
        if isinstance(pod, Pod) and pod.spec.node_name == node.name and _is_driver(pod) and _path(pod, stale)
    ]


def _is_driver(pod: Pod) -> bool:
    operand = operand_of(pod)
    return operand is not None and operand.stage is Stage.DRIVER


def _path(pod: Pod, stale: Stale) -> str:
    """Where a pod repeats what the stale label says: in an image's tag, or in its node selector."""
    selector = f"spec.nodeSelector{key(stale.label)}"
    if value_at(pod.whole, selector) == stale.value:
        return selector
    for part, listed in (("initContainers", pod.spec.init_containers), ("containers", pod.spec.containers)):
        for index, one in enumerate(listed or ()):
            if (one.image or "").partition("@")[0].endswith(stale.marks):
                return f"spec.{part}[{index}].image"
    return ""


def _finding(ctx: Context, node: Node, stale: Stale, hit: list[tuple[Group, list[Pod]]]) -> Finding:
    image = ctx.cite(node, OS_IMAGE)
    label = ctx.cite(node, f"metadata.labels{key(stale.label)}")
    uses: list[Evidence] = [ctx.cite(pods[0], _path(pods[0], stale)) for _, pods in hit]
    worker, where = _worker(ctx, node)
    words = f"runs {image.value}, and its label {stale.label.rpartition('.')[2]} of NFD still says {stale.value}{where}"
    elsewhere = any(_runs_elsewhere(ctx, pods[0], node, stale) for _, pods in hit)
    sure = Confidence.POSSIBLE if elsewhere else None if hit else Confidence.LIKELY
    return Finding(
        subject=node.ref,
        summary=words,
        evidence=as_proof((label, image, *uses, *worker)),
        accounts_for=tuple(
            Because(
                group,
                f"the driver's pod {pods[0].name} is made for {stale.value}: {node.name} {words}",
                (label, image, use),
                members=None if len(pods) == len(group.members) else len(pods),
                weak=elsewhere,
            )
            for (group, pods), use in zip(hit, uses, strict=True)
        ),
        severity=None if hit else Severity.INFO,
        confidence=sure,
        remedies=(
            Remedy(
                text="see whether nfd-worker runs on the node, and what it says",
                command=f"kubectl get pods -A --field-selector spec.nodeName={node.name}",
                who="platform",
            ),
            Remedy(text="restart nfd-worker there (or let it tolerate the node's taints)", who="platform"),
        ),
    )


def _runs_elsewhere(ctx: Context, pod: Pod, node: Node, stale: Stale) -> bool:
    """Whether a driver made for the old system is ready on another node of the new one: this one may fail otherwise."""
    owner = ctx.snap.owner_of(pod)
    for other in ctx.snap.pods_of(owner) if owner is not None else ():
        there = ctx.snap.node(other.spec.node_name) if is_ready(other) and _path(other, stale) else None
        if there is not None and value_at(there.whole, OS_IMAGE) == value_at(node.whole, OS_IMAGE):
            return True
    return False


def _worker(ctx: Context, node: Node) -> tuple[list[Evidence], str]:
    """What becomes of NFD's worker on the node, where its pods are known."""
    there = ctx.snap.pods_on(node.name)
    found = next((pod for pod in there if WORKER.search(pod.name)), None)
    if found is None:
        return [], "; no nfd-worker runs on it" if there else ""
    proof = ctx.cite_if(found, "status.phase")
    return ([proof] if proof is not None else []), f" (nfd-worker: {found.name})"
