"""DEV106: two device plugins offer the GPUs of one node."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Because, Confidence, Evidence, FieldEvidence, Finding, Proof, Question, Ref, Remedy
from diag.projection import Object
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Pod
from diag.trouble.relations.operands import on_node
from diag.vocab.operands import Stage

UNKNOWN = "unknown device"
SAID = (UNKNOWN, "no healthy devices present", "cannot allocate unhealthy devices")
# Node images with a plugin that is a service of the system: bottlerocket-os/bottlerocket variants *-nvidia and EKS Auto
# Mode's `Bottlerocket (EKS Auto, Nvidia)`; AKS labels nodes whose GPUs it manages.
OS_IMAGE = "status.nodeInfo.osImage"
BRINGS_ONE = re.compile(r"^Bottlerocket\b.{0,80}\bnvidia\b", re.IGNORECASE)
AKS_MANAGED = "kubernetes.azure.com/dcgm-exporter"
MANAGED_BY = "app.kubernetes.io/managed-by"


@rule(
    "DEV106",
    name="duplicate-device-plugin",
    question=Question.KEPT,
    inputs=("Node", "Pod", "apps/DaemonSet"),
    refines=("stale-device-allocation", "admission-before-plugin-registered"),
)
def duplicate_device_plugin(ctx: Context) -> Iterator[Finding]:
    """Two device plugins register the same GPUs on one node.

    ## What it means
    The plugin that registered last answers the kubelet, which still holds the device names of the other; so it is
    asked for devices that it does not know, and the pod is turned away.

    ## Why it happens
    A plugin was installed by hand where the GPU operator or the node image brings one along.

    ## Evidence
    Two plugin pods of different DaemonSets on the node, or one on a node whose image runs a plugin as a service, and
    the kubelet's message about the pod.

    ## What to do
    Remove one of the two, as a rule the one that nothing else manages.

    ## Known limits
    A plugin that is part of the node image has no pod; it is known of Bottlerocket and of AKS's managed GPUs alone.
    """
    for group in ctx.groups("pod-failed", "container-not-started"):
        pod = group.first
        if not isinstance(pod, Pod) or not any(words in group.message for words in SAID):
            continue
        owners = _plugins(ctx, pod.spec.node_name or "")
        if len(owners) > 1:
            yield _finding(ctx, owners, Because(group, _words(owners, pod), group.evidence), group.since)
        elif owners and UNKNOWN in group.message and (own := _of_the_image(ctx, pod.spec.node_name or "")):
            words = _words(owners, pod, also=f"the node image ({own.value})")
            yield _finding(ctx, owners, Because(group, words, (own, *group.evidence)), group.since)


def _plugins(ctx: Context, node: str) -> dict[Ref, tuple[Object, Pod]]:
    """The DaemonSets whose plugin pods run on the node; those that an operator manages come last."""
    found = {}
    for operand, pod in on_node(ctx.snap.pods_on(node)):
        owner = ctx.snap.owner_of(pod)
        if operand.stage is Stage.PLUGIN and owner is not None and pod.status.phase == "Running":
            found[owner.ref] = (owner, pod)
    return dict(sorted(found.items(), key=lambda one: (MANAGED_BY in one[1][0].labels, bool(one[1][0].owners), one[0])))


def _of_the_image(ctx: Context, name: str) -> FieldEvidence | None:
    """What says that the node's image runs a plugin of its own."""
    node = ctx.snap.node(name)
    if node is None:
        return None
    if BRINGS_ONE.search(str(value_at(node.whole, OS_IMAGE))):
        return ctx.cite(node, OS_IMAGE)
    return ctx.cite(node, f"metadata.labels{key(AKS_MANAGED)}") if AKS_MANAGED in node.labels else None


def _words(owners: dict[Ref, tuple[Object, Pod]], pod: Pod, also: str = "") -> str:
    names = " and ".join([*(f"{ref.namespace}/{ref.name}" for ref in owners), *([also] if also else [])])
    return f"{names} both offer the GPUs of {pod.spec.node_name}, and the kubelet asks for a device that is unknown"


def _finding(ctx: Context, owners: dict[Ref, tuple[Object, Pod]], because: Because, since: str | None) -> Finding:
    root = next(iter(owners))
    signs: list[Evidence] = [ctx.cite(pod, "spec.nodeName") for _, pod in owners.values()]
    signs += because.evidence
    evidence: Proof = (signs[0], *signs[1:])
    return Finding(
        subject=root,
        summary=because.why,
        evidence=evidence,
        accounts_for=(because,),
        confidence=Confidence.LIKELY,
        since=since,
        remedies=(
            Remedy(
                text=f"remove one of the two device plugins, as a rule {root.namespace}/{root.name}, and restart "
                f"the other",
                who="platform",
                risk="disruptive",
            ),
        ),
    )
