"""SCL413: the node group is at its maximum size."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import scale_ups
from diag.catalog.joins.scale_ups import MAX_TEXT
from diag.catalog.rule import rule
from diag.facts import cluster_autoscaler as facts
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.kinds import Event
from diag.trouble.groups import Group

NODES_REACHED = "MaxNodesTotalReached"  # an event of the status ConfigMap; it tells the number


@rule(
    "SCL413",
    name="ca-max-size-reached",
    question=Question.SCALED,
    inputs=("Pod", "Node", "Event", "ConfigMap"),
    basis=Basis.SAID,
)
def ca_max_size_reached(ctx: Context) -> Iterator[Finding]:
    """The node group or the cluster is at its maximum size.

    ## What it means
    The autoscaler may not add another machine: the group's `maxSize`, or a limit of the whole cluster, is reached.
    There are nodes on which the pod could run, were they not full.

    ## Why it happens
    Demand exceeds the size that somebody set.

    ## Evidence
    The autoscaler's sentence about the pod, and the sizes in its status ConfigMap.

    ## What to do
    Raise the maximum, or end what holds the machines.

    ## Known limits
    The sentence does not name the group. Where no node that is there could take the pod, a full group is not told:
    it may be of another kind. A limit of all nodes or of the wanted GPUs is told always.
    """
    for group in scale_ups.waiting(ctx):
        said = scale_ups.autoscaler_said(ctx, group)
        full = facts.FULL.search(said.text) if said is not None else None
        if said is None or full is None:
            continue
        # A limit of all nodes or of the very resource stands whatever group would take the pod.
        if _is_general(group, said, full) or _some_node_takes(ctx, group):
            yield _full(ctx, group, said)


def _is_general(group: Group, said: Event, full: re.Match[str]) -> bool:
    """Whether the limit is that of all nodes, or a quota of GPUs that the pods ask for."""
    if said.text.strip() == facts.NO_MORE_NODES:
        return True
    asked = group.shape.gpus if group.shape is not None else {}
    return any(name.strip() in asked for name in (full["resources"] or "").split(","))


def _full(ctx: Context, group: Group, said: Event) -> Finding:
    subject, status = scale_ups.status(ctx)
    groups = scale_ups.node_groups(status)
    full = [one for one in groups if one.most is not None and one.target is not None and one.target >= one.most]
    sizes = ", ".join(f"{one.short_name} {one.target} of {one.most}" for one in full[:3])
    evidence: list[Evidence] = [ctx.cite_event(said)]
    evidence += [ctx.cite(status, "data.status")] if status is not None and full else []
    evidence += [ctx.cite_event(event) for event in ctx.snap.events(subject) if event.reason == NODES_REACHED][:1]
    return Finding(
        subject=subject,
        summary=f"allows no other machine{' (' + sizes + ')' if sizes else ''}: {said.text[:MAX_TEXT]}",
        evidence=as_proof((*evidence, *group.evidence)),
        accounts_for=(Because(group, "the autoscaler may add no machine that would take it", tuple(evidence)),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text="look at the sizes of the node groups",
                command=f"kubectl get configmap {subject.name} -n {subject.namespace} -o yaml",
                who="platform",
            ),
            Remedy(text="raise the maximum size of the node group, or end what holds its machines", who="platform"),
        ),
    )


def _some_node_takes(ctx: Context, group: Group) -> bool:
    """Whether nodes are there that could hold the pod, were they not full: then their group is the one that counts."""
    shape = group.shape
    return shape is not None and any(not ctx.place.too_small(shape, node) for node in ctx.place.count(shape).open)
