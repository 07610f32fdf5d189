"""SCL421 to SCL425: why the cluster-autoscaler adds no machine, beside a full group or a cloud that refuses."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins import scale_ups
from diag.catalog.joins.scale_ups import MAX_TEXT
from diag.catalog.rule import Named, rule
from diag.facts import cluster_autoscaler as facts
from diag.facts.cluster_autoscaler import NodeGroup
from diag.facts.words import listed
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Ref, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.kinds import Event
from diag.trouble.groups import Group

# kubernetes/autoscaler cluster-autoscaler/core/scaleup/orchestrator: the reason that is counted for each node group.
ALL_OR_NOTHING = "not all pods would fit and scale-up is using all-or-nothing strategy"
TAINTED = re.compile(r"untolerated taint \{(?P<taint>[^}\s:]{1,317})")
LACKS = re.compile(r"\d{1,6} Insufficient (?P<resource>[a-z0-9.-]{1,253}/[\w.-]{1,63})")
# clusterstate/clusterstate.go (event of the status ConfigMap), cloudprovider.InstanceErrorInfo (`timeout`).
TIMED_OUT, TIMEOUT = "ScaleUpTimedOut", re.compile(r"^timeout\b|Scale-up timed out|failed to register within")
LATE = re.compile(r"Nodes added to group (?P<name>\S{1,500}) failed to register within (?P<time>\S{1,30})")
MANAGED_TAINTS = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
Where = tuple[Ref, Object | None]  # the status ConfigMap, whether it is here or not

GANG = """The gang cannot be added as a whole, so nothing is added.

## What it means
The pods ask to be scaled for together or not at all, and the node group may not grow by as many machines as all of
them need.

## Why it happens
A ProvisioningRequest of the atomic class, or an autoscaler that treats a gang as one, meets a maximum size that is
smaller than the gang.

## Evidence
The autoscaler's sentence about the pod, and the sizes in its status ConfigMap.

## What to do
Raise the maximum size of the node group, or make the gang smaller.

## Known limits
The sentence does not name the group.
"""
REGISTRATION = """New machines start, and never register as nodes.

## What it means
The autoscaler asked for a machine and got one, and no node came within its deadline (15 minutes unless set). It gives
the machine back and leaves the node group in back-off: some twenty minutes are lost with each attempt.

## Why it happens
The machine's kubelet cannot reach the API server, its image or start-up script fails, or it may not join.

## Evidence
The event `ScaleUpTimedOut` of the status ConfigMap or the group's `backoffInfo`, and the scale-up that was made for
the pod.

## What to do
Look at the console of a machine of the group while it starts: network, identity, start-up script.

## Known limits
Why the machine does not join is told by the machine only.
"""
TEMPLATE = """A node group at zero offers no GPU in the autoscaler's eyes.

## What it means
The pod selects nodes of which none is there. Of an empty node group the autoscaler only knows its template: labels and
taints fit the pod, and a GPU is not in it. So it never makes the first machine.

## Why it happens
The tags from which the template is made do not name the GPU (`k8s.io/cluster-autoscaler/node-template/resources/…` of
an AWS group, `k8s.io_cluster-autoscaler_node-template_resources_…` of an Azure scale set).

## Evidence
The autoscaler's sentence, which finds the resource lacking in a group, the groups at size 0, and that no node matches
what the pod selects.

## What to do
Add the tag with the number of GPUs to the node group, or keep one machine in it.

## Known limits
Only pods with a selector are looked at: else any group without GPUs is counted in the same words. The template itself
is not in the snapshot.
"""
BACKOFF = """The node group is in back-off after a failed scale-up.

## What it means
The autoscaler tried and failed, and does not try again for five to thirty minutes.

## Why it happens
The cloud refused, or a machine did not come; what it said is told in the status ConfigMap from version 1.30 on.

## Evidence
The autoscaler's sentence about the pod, and `backoffInfo` of the node group where there is one.

## What to do
Read the autoscaler's log around the failed scale-up.

## Known limits
Named only where no error that is known tells more.
"""


@rule(
    "SCL421",
    name="replacement-pool-capped",
    question=Question.SCALED,
    inputs=("Pod", "Node", "Event", "ConfigMap"),
    basis=Basis.SAID,
    refines=("ca-max-size-reached",),
    others=(
        Named(id="SCL422", name="ca-all-or-nothing-unmet", page=GANG, basis=Basis.SAID),
        Named(id="SCL423", name="ca-node-registration-timeout", page=REGISTRATION, basis=Basis.SAID),
        Named(id="SCL424", name="autoscaler-gpu-template-tag-missing", page=TEMPLATE, basis=Basis.SAID),
        Named(id="SCL425", name="ca-in-backoff", page=BACKOFF, basis=Basis.REMAINDER),
    ),
)
def ca_adds_no_machine(ctx: Context) -> Iterator[Finding]:
    """The old pool is tainted and the new one is at its maximum.

    ## What it means
    A pool is being replaced: its nodes are tainted so that pods leave, and the pool that takes over may not grow. What
    was moved fits nowhere.

    ## Why it happens
    The new pool's maximum was not raised before the old pool was tainted.

    ## Evidence
    Both reasons in the autoscaler's sentence about the pod, the tainted nodes that could have held it, and the sizes
    in the status ConfigMap.

    ## What to do
    Raise the maximum of the new pool, or take the taint off the old one until it has grown.

    ## Known limits
    The sentence does not name the groups.
    """
    told = [(group, scale_ups.autoscaler_said(ctx, group)) for group in scale_ups.waiting(ctx)]
    told = [(group, said) for group, said in told if said is not None or scale_ups.asked_for(ctx, group)]
    if not told:
        return
    where = scale_ups.status(ctx)
    for group, said in told:
        if said is None:
            late = _late(ctx, group, None, where)
            if late is not None:
                yield late
        elif facts.FULL.search(said.text) and (taint := _retired(ctx, group, said)):
            yield _capped(ctx, group, said, taint, where)
        elif ALL_OR_NOTHING in said.text:
            yield _gang(ctx, group, said, where)
        elif facts.BACKOFF in said.text:
            yield _late(ctx, group, said, where) or _backoff(ctx, group, said, where)
        elif (empty := _empty_groups(ctx, group, said, where)) is not None:
            yield _template(ctx, group, said, empty, where)


def _retired(ctx: Context, group: Group, said: Event) -> str:
    """The taint in the autoscaler's words that keeps the pod off nodes that could hold it."""
    found = TAINTED.search(said.text)
    if found is None or group.shape is None or found["taint"].startswith(MANAGED_TAINTS):
        return ""
    shape = group.shape
    tainted = [one for one in ctx.snap.nodes() if any(taint.key == found["taint"] for taint in one.spec.taints or ())]
    return found["taint"] if any(not ctx.place.too_small(shape, node) for node in tainted) else ""


def _capped(ctx: Context, group: Group, said: Event, taint: str, where: Where) -> Finding:
    subject, status = where
    full = [one for one in scale_ups.node_groups(status) if _is_full(one)]
    tainted = [one for one in ctx.snap.nodes() if any(each.key == taint for each in one.spec.taints or ())]
    sizes = listed([f"{one.short_name} {one.target} of {one.most}" for one in full], 3)
    proof: list[Evidence] = [ctx.cite_event(said)]
    for node in tainted[:3]:
        index = next(place for place, one in enumerate(node.spec.taints or ()) if one.key == taint)
        proof.append(ctx.cite(node, f"spec.taints[{index}].key"))
    proof += _text(ctx, status) if full else []
    return Finding(
        subject=subject,
        summary=f"{len(tainted)} nodes are being retired (taint {taint}), and the pool that takes over may not grow"
        f"{' (' + sizes + ')' if sizes else ''}: {said.text[:MAX_TEXT]}",
        evidence=as_proof((*proof, *group.evidence)),
        accounts_for=(
            Because(group, f"taint {taint} keeps it off the old pool, and the other pool is full", tuple(proof)),
        ),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            _look(subject.namespace, subject.name),
            Remedy(text="raise the maximum size of the pool that takes over", who="platform"),
            Remedy(text=f"or take the taint {taint} off a node until it has grown", who="platform"),
        ),
    )


def _text(ctx: Context, status: Object | None) -> list[Evidence]:
    return [ctx.cite(status, "data.status")] if status is not None else []


def _is_full(one: NodeGroup) -> bool:
    return one.most is not None and one.target is not None and one.target >= one.most


def _gang(ctx: Context, group: Group, said: Event, where: Where) -> Finding:
    subject, status = where
    sizes = [one for one in scale_ups.node_groups(status) if one.most is not None]
    proof: list[Evidence] = [ctx.cite_event(said)]
    proof += _text(ctx, status) if sizes else []
    room = listed([f"{one.short_name} {one.target} of {one.most}" for one in sizes], 3)
    return Finding(
        name="ca-all-or-nothing-unmet",
        subject=subject,
        summary=f"adds all machines of a gang or none, and not all of its pods would fit"
        f"{' (' + room + ')' if room else ''}: {said.text[:MAX_TEXT]}",
        evidence=as_proof((*proof, *group.evidence)),
        accounts_for=(Because(group, "not all pods of its gang would fit, so no machine is added", tuple(proof)),),
        since=group.since,
        remedies=(
            _look(subject.namespace, subject.name),
            Remedy(text="raise the maximum size of the node group to what the whole gang needs", who="platform"),
            Remedy(text="or let the gang have fewer members"),
        ),
    )


def _late(ctx: Context, group: Group, said: Event | None, where: Where) -> Finding | None:
    """A machine was asked for and did not join: by the autoscaler's event, or by the error of its back-off."""
    subject, status = where
    asked = scale_ups.asked_for(ctx, group)
    begun = min((event.last_seen or "" for event in asked.values()), default="")
    told = [(found, event) for event in ctx.snap.events(subject) if event.reason == TIMED_OUT
            and (found := LATE.search(event.text)) and (found["name"] in asked or not asked)
            and (event.last_seen or "~") >= begun]  # fmt: skip
    waiting = [one for one in scale_ups.node_groups(status) if one.backoff and TIMEOUT.search(one.error)]
    mine = [one for one in waiting if one.name in asked or (not asked and len(waiting) == 1)]
    if not (told or mine) or (said is None and not asked):
        return None
    name = told[0][0]["name"] if told else mine[0].name
    proof: list[Evidence] = [ctx.cite_event(told[0][1])] if told else []
    proof += _text(ctx, status) if mine else []
    proof += [ctx.cite_event(asked[name])] if name in asked else []
    proof += [ctx.cite_event(said)] if said is not None else []
    short, within = name.rpartition("/")[2], f" within {told[0][0]['time']}" if told else ""
    return Finding(
        name="ca-node-registration-timeout",
        subject=subject,
        summary=f"a machine of {short} was started for it and did not register as a node{within}",
        evidence=as_proof((*proof, *group.evidence)),
        accounts_for=(Because(group, f"the machine of {short} that it waits for did not join", tuple(proof)),),
        confidence=None if name in asked else Confidence.POSSIBLE,
        second_sign=name in asked,
        since=group.since,
        remedies=(
            _look(subject.namespace, subject.name),
            Remedy(text=f"look at the console and start-up log of a machine of {short}: network, identity, image",
                   who="platform"),
        ),
    )  # fmt: skip


def _backoff(ctx: Context, group: Group, said: Event, where: Where) -> Finding:
    subject, status = where
    asked = scale_ups.asked_for(ctx, group)
    waiting = [one for one in scale_ups.node_groups(status) if one.backoff]
    mine = [one for one in waiting if one.name in asked] or waiting
    proof: list[Evidence] = [ctx.cite_event(said)]
    proof += _text(ctx, status) if mine else []
    names = listed([f"{one.short_name}{': ' + one.error[:200] if one.error else ''}" for one in mine], 3)
    return Finding(
        name="ca-in-backoff",
        subject=subject,
        summary=f"waits after a failed scale-up{' (' + names + ')' if names else ''}: {said.text[:MAX_TEXT]}",
        evidence=as_proof((*proof, *group.evidence)),
        accounts_for=(Because(group, "its node group is in back-off after a failed scale-up", tuple(proof)),),
        since=group.since,
        remedies=(
            _look(subject.namespace, subject.name),
            Remedy(text="read the autoscaler's log around the failed scale-up", who="platform"),
        ),
    )


def _empty_groups(ctx: Context, group: Group, said: Event, where: Where) -> list[NodeGroup] | None:
    """Node groups at size 0, where the autoscaler misses a GPU in a group that no node of today stands for."""
    shape, lacks = group.shape, LACKS.search(said.text)
    if shape is None or lacks is None or lacks["resource"] not in shape.gpus:
        return None
    # A pod that selects nothing is shown every group, those without GPUs too: it selects the nodes that are there.
    if not ctx.snap.nodes() or ctx.place.selected(shape):
        return None
    _, status = where
    empty = [one for one in scale_ups.node_groups(status) if one.target == 0 and one.most]
    return empty or None


def _template(ctx: Context, group: Group, said: Event, empty: list[NodeGroup], where: Where) -> Finding:
    subject, status = where
    resource = next(iter(LACKS.findall(said.text)), "GPU")
    names = listed([f"{one.short_name} (0 of {one.most})" for one in empty], 4)
    proof: list[Evidence] = [ctx.cite_event(said), *_text(ctx, status)]
    return Finding(
        name="autoscaler-gpu-template-tag-missing",
        subject=subject,
        summary=f"finds no {resource} in the template of an empty node group that the pod selects; at size 0: {names}",
        evidence=as_proof((*proof, *group.evidence)),
        accounts_for=(Because(group, f"the autoscaler believes that the empty group has no {resource}", tuple(proof)),),
        confidence=Confidence.LIKELY if len(empty) == 1 else Confidence.POSSIBLE,
        since=group.since,
        remedies=(
            _look(subject.namespace, subject.name),
            Remedy(text=f"tag the node group with the number of {resource} of its machines", who="platform"),
            Remedy(text="or keep one machine in the group, from which the autoscaler learns", who="platform"),
        ),
    )


def _look(namespace: str, name: str) -> Remedy:
    return Remedy(
        text="look at the node groups",
        command=f"kubectl get configmap {name} -n {namespace} -o yaml",
        who="platform",
    )
