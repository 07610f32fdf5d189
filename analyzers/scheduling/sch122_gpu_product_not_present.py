"""SCH122, SCH124 and SCH127: the pod demands a GPU model by a label that no node has so."""

from collections.abc import Iterator, Sequence

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.gpu_models import same_model, words_of_model
from diag.facts.words import count_of
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.trouble.groups import Group
from diag.trouble.relations.gpu_demands import Model, model_demands, others_on
from diag.trouble.relations.unmet import Unmet, counted, unmatched, words_of

SPELLING = """The pod writes the GPU model in another spelling than the nodes carry.

## What it means
Nodes with that model are there, but their label has another value, and labels are compared letter by letter.

## Why it happens
GPU feature discovery appends `-SHARED` while GPUs are shared and `-MIG-…` while they are sliced; a driver
update may change the name; short names and other tools' names (`h100`, `nvidia-h100-80gb`) are no values of
`nvidia.com/gpu.product`.

## Evidence
The value in the pod, and the value of the same label on the nodes.

## What to do
Use the value that the nodes have, or a label that does not change with sharing (`nvidia.com/gpu.family`, memory).

## Known limits
That two names mean one model is concluded from their words and numbers; where one merely contains the other,
the finding is only likely.
"""

FOREIGN = """The pod selects its GPU by another platform's label.

## What it means
The label belongs to another cloud provider; the nodes of this cluster name their GPUs by other labels, so
nothing matches.

## Why it happens
The manifest, pipeline step or chart was written for another cloud.

## Evidence
The label in the pod, its absence from every node, and the labels by which the nodes name their GPUs.

## What to do
Select by the label that the nodes have; `nvidia.com/gpu.product` and `nvidia.com/gpu.family` are the same on
all platforms.

## Known limits
Which platform a node belongs to is read from its providerID and its labels.
"""


@rule(
    "SCH122",
    name="gpu-product-not-present",
    question=Question.PLACED,
    inputs=("Pod", "Node"),
    refines=("node-selector-no-match", "node-affinity-no-match"),
    others=(
        Named(id="SCH124", name="gpu-product-label-mismatch", page=SPELLING),
        Named(id="SCH127", name="gpu-label-provider-mismatch", page=FOREIGN),
    ),
    visits={"Node": 1},
)
def gpu_product_not_present(ctx: Context) -> Iterator[Finding]:
    """The pod selects a GPU model that no node of the cluster has.

    ## What it means
    Selector or affinity demand a model (or family) by its label, and the nodes have only others. Free GPUs of
    other models do not matter.

    ## Why it happens
    The manifest was written for another cluster, the nodes with that model were removed or never came, or the
    pool that has them is scaled to zero.

    ## Evidence
    The demanded values in the pod, and the values of the same label on all nodes.

    ## What to do
    Select a model that is there, or add nodes with the demanded one.

    ## Known limits
    Nodes that an autoscaler could add are not seen. Where the scheduler counts another number of nodes than the
    snapshot holds, the finding is only likely.
    """
    groups = ctx.groups("pod-unscheduled")
    if not groups:
        return
    nodes = ctx.snap.nodes()
    for group, blamed in unmatched(groups, ctx.place):
        models = model_demands(blamed, nodes)
        if models:
            yield _finding(ctx, group, blamed, models, nodes)


def _finding(ctx: Context, group: Group, blamed: list[Unmet], models: list[Model], nodes: Sequence[Node]) -> Finding:
    spelt = next((model for model in models if model.spelling), None)
    foreign = next((model for model in models if model.foreign), None)
    wanted = " or ".join(dict.fromkeys(one.words for one in blamed))
    sure = ctx.agreement(group).nodes
    if spelt is not None and spelt.spelling is not None:
        name, model = "gpu-product-label-mismatch", spelt
        mine, theirs = spelt.spelling
        holders = spelt.present[theirs]
        head = f"selects {wanted}, and no node has that value; {_who(holders)} spells it {theirs}"
        sure = sure and _surely_same(mine, theirs)
        fix = f"use {model.demand.label}={theirs}"
    elif foreign is not None:
        name, model = "gpu-label-provider-mismatch", foreign
        head = f"selects {wanted}, a label of {foreign.foreign} that no node has; {_named_by(foreign, nodes)}"
        fix = f"select by {_best_label(foreign, nodes)} instead"
    else:
        name, model = "gpu-product-not-present", models[0]
        head = f"selects {wanted}, and no node has it; {_instead(model, nodes)}"
        fix = "select a model that the nodes have"
    first, *rest = _evidence(ctx, group, models, nodes)
    return Finding(
        name=name,
        subject=group.workload,
        summary=head,
        evidence=(first, *[*rest, *group.evidence]),
        accounts_for=(Because(group, head, (first, *rest[:7])),),
        confidence=None if sure else Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(text="look at that label on all nodes", command=f"kubectl get nodes -L {_best_label(model, nodes)}"),
            Remedy(text=fix),
            *(() if name != "gpu-product-not-present" else _more_nodes(wanted)),
        ),
    )


def _more_nodes(wanted: str) -> tuple[Remedy, ...]:
    return (Remedy(text=f"add nodes with {wanted}", who="platform", when="the workload needs that model"),)


def _surely_same(mine: str, theirs: str) -> bool:
    """Whether the names differ by no more than what sharing, slicing or another vendor prefix adds."""
    differing = words_of_model(mine) ^ words_of_model(theirs)
    return differing <= {"shared"} or any(word.startswith("mig") for word in differing)


def _instead(model: Model, nodes: Sequence[Node]) -> str:
    """What the nodes have: other values of the label, or no GPU label at all; and the model under another label."""
    label = model.demand.label
    if not model.present:
        return f"no node has {label} at all"
    words = [f"for {label} the nodes have {counted(model.present)}"]
    words += [
        f"{other}={value} is on {_who(holders)}"
        for other, values in others_on(nodes, label).items()
        for value, holders in values.items()
        if any(same_model(wanted, value) for wanted in model.demand.values)
    ]
    return "; ".join(words)


def _named_by(model: Model, nodes: Sequence[Node]) -> str:
    others = others_on(nodes, model.demand.label)
    parts = [
        f"{label}={value} ({_who(holders)})"
        for label, values in others.items()
        for value, holders in list(values.items())[:3]
    ]
    return f"its nodes name their GPUs by {', '.join(parts[:6])}"


def _who(nodes: list[Node]) -> str:
    """A node by its name, with the number of the others like it."""
    return nodes[0].name if len(nodes) == 1 else f"{nodes[0].name} (and {count_of(len(nodes) - 1, 'more node')})"


def _best_label(model: Model, nodes: Sequence[Node]) -> str:
    """The label to go by: the same one where nodes have it, else the one that most nodes have."""
    if model.present:
        return model.demand.label
    others = others_on(nodes, model.demand.label)
    return max(others, key=lambda label: sum(map(len, others[label].values())), default=model.demand.label)


def _evidence(ctx: Context, group: Group, models: list[Model], nodes: Sequence[Node]) -> list[Evidence]:
    counts: list[Evidence] = []
    pieces: list[Evidence] = []
    for model in models:
        path = f"metadata.labels{key(model.demand.label)}"
        speakers = [holders[0] for holders in model.present.values()] or list(nodes)
        parts = [ctx.cite_or_lack(node, path) for node in speakers]
        counts.append(ctx.compute(f"nodes with {words_of(model.demand)}", 0, parts))
        pieces += [ctx.cite(group.first, place) for place in model.demand.paths]
        if model.foreign:
            pieces += [
                ctx.cite(holders[0], f"metadata.labels{key(label)}")
                for label, values in others_on(nodes, model.demand.label).items()
                for holders in list(values.values())[:3]
            ]
    return [*counts[:1], *pieces, *counts[1:]]
