"""DEV284: a restart of NFD's worker took a node's labels away, and the GPU stack on the node with them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.entries import entries
from diag.facts.times import age_s
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.kinds import Node, Pod
from diag.trouble.relations.operands import on_node

WORKER = re.compile(r"nfd-worker|node-feature-discovery-worker")
FEATURES = "nfd.k8s-sigs.io/NodeFeature"
# kubernetes-sigs/node-feature-discovery api/nfd/v1alpha1: the node of a NodeFeature
NODE_NAME = "nfd.node.kubernetes.io/node-name"
FOLLOWS_S = 5 * 60  # NFD writes every minute; operands end and are made anew after that
SETTLED_S = 20 * 60  # a node that is as old was complete before
LEAST = 2  # operands that came anew: one alone has reasons of its own
LONG_AGO_S = 2 * 3600


class Flap(NamedTuple):
    """The worker that came anew on a node, and the operands that came after it."""

    worker: Pod
    operands: list[Pod]


@rule(
    "DEV284",
    name="nfd-worker-restart-label-flap",
    question=Question.OFFERS,
    inputs=("Node", "Pod", FEATURES),
)
def nfd_worker_restart_label_flap(ctx: Context) -> Iterator[Finding]:
    """A restart of NFD's worker removes all labels of its node for a while.

    ## What it means
    The NodeFeature with what NFD found on a node belongs to the worker's pod there, and is deleted with it. NFD's
    master then takes all labels off the node, `pci-10de.present` among them, the GPU operator takes its operands away,
    and all of it comes back in the next minutes: the node offers no GPU until driver, toolkit and plugin are up again.

    ## Why it happens
    The worker's DaemonSet was updated, or its pod deleted or evicted.

    ## Evidence
    The owner of the node's NodeFeature, when the worker's pod was made, and the operands of that node that were made in
    the minutes after it.

    ## What to do
    Wait until the operands are up. Let NodeFeatures outlive the pod (NFD's `core.ownerRefs`, or a newer release), and
    update the workers while no work depends on the GPUs.

    ## Known limits
    An update of the whole GPU stack looks alike where the worker belongs to it; silent where the operands of other
    nodes came at the same time.
    """
    for group in ctx.groups("node-without-gpus"):
        node = group.first
        if not isinstance(node, Node) or not ctx.older(node.created, SETTLED_S):
            continue
        flap = _flap(ctx, node)
        if flap is None:
            continue
        owned = _owned(ctx, node)
        if owned is None or _everywhere(ctx, flap):
            continue
        worker, operands = flap
        made = ctx.cite(worker, "metadata.creationTimestamp")
        again = [ctx.cite(pod, "metadata.creationTimestamp") for pod in operands]
        words = (
            f"was made anew at {made.value}, which took all labels of NFD off {node.name}; {len(operands)} operands of "
            f"the GPU stack there were made anew after it ({again[0].value})"
        )
        yield Finding(
            subject=worker.ref,
            summary=words,
            evidence=as_proof((made, *again, owned)),
            accounts_for=(Because(group, f"{worker.name} {words}", (made, *again[:2], owned)),),
            confidence=Confidence.LIKELY,
            since=worker.created,
            remedies=(
                Remedy(
                    text="see whether the operands of the node are up again",
                    command=f"kubectl get pods -A --field-selector spec.nodeName={node.name}",
                    who="platform",
                ),
                Remedy(text="let NodeFeatures outlive the worker's pod (core.ownerRefs of nfd-worker)", who="platform"),
            ),
        )


def _flap(ctx: Context, node: Node) -> Flap | None:
    """The worker that was made lately, and the operands of its node that were made in the minutes after it."""
    there = ctx.snap.pods_on(node.name)
    worker = next((pod for pod in there if WORKER.search(pod.name)), None)
    if worker is None or ctx.older(worker.created, LONG_AGO_S):
        return None
    ages = [(pod, age_s(worker.created, pod.created)) for operand, pod in on_node(there) if operand.serves]
    after = [pod for pod, age in ages if age is not None and 0 <= age <= FOLLOWS_S]
    return Flap(worker, after) if len(after) >= LEAST else None


def _owned(ctx: Context, node: Node) -> Evidence | None:
    """That the node's NodeFeature belongs to a pod."""
    for item in ctx.snap.all(FEATURES):
        if item.labels.get(NODE_NAME, item.name) == node.name:
            for path, owner in entries(item, "metadata.ownerReferences"):
                if owner.get("kind") == "Pod":
                    return ctx.cite(item, f"{path}.kind")
    return None


def _everywhere(ctx: Context, flap: Flap) -> bool:
    """Whether a sibling of an operand on another node was made just as lately: then all of them were rolled out."""
    first = flap.operands[0]
    owner = ctx.snap.owner_of(first)
    siblings = ctx.snap.pods_of(owner) if owner is not None else []
    return any(_is_as_young(one, first) for one in siblings if one.spec.node_name != first.spec.node_name)


def _is_as_young(one: Object, other: Object) -> bool:
    age = age_s(one.created, other.created)
    return age is not None and abs(age) <= FOLLOWS_S
