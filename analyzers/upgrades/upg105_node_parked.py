"""UPG105: k8s-shredder has parked nodes for their upgrade."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.drains import is_parked, is_to_be_moved
from diag.facts.times import iso
from diag.facts.words import count_of, listed
from diag.findings import Because, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node
from diag.vocab.drains import PARKED_BY, PARKED_UNTIL, PARKING

MAX_DIGITS = 10  # of a time in seconds


@rule(
    "UPG105",
    name="node-parked-for-upgrade",
    question=Question.PLACED,
    inputs=("Node", "Pod"),
    severity=Severity.INFO,
    refines=("nodes-cordoned", "untolerated-taint"),
    visits={"Node": 1},
)
def node_parked_for_upgrade(ctx: Context) -> Iterator[Finding]:
    """The node is parked on purpose until its upgrade.

    ## What it means
    k8s-shredder closed the node to new pods and moves what runs there off bit by bit: first by evictions, after half
    of the time by restarting the controllers' roll-outs, and when the time is over by force. That all pods of a node
    are started anew is the plan.

    ## Why it happens
    The node is drifted, or carries a label that stands for an outdated node.

    ## Evidence
    The label `shredder.ethos.adobe.net/upgrade-status=parked`, and until when the node is parked.

    ## What to do
    Nothing, or wait for new nodes. A pod with the label `allow-eviction=false` stays, and has to be ended by its owner.

    ## Known limits
    Labels under another name than the default are not known.
    """
    parked = sorted((node for node in ctx.snap.nodes() if is_parked(node)), key=lambda node: node.name)
    if parked:
        yield _finding(ctx, parked)


def _finding(ctx: Context, parked: list[Node]) -> Finding:
    first = parked[0]
    proof: list[Evidence] = [ctx.cite(first, f"metadata.labels{key(PARKING)}")]
    until = first.labels.get(PARKED_UNTIL, "")
    when = ""
    if until.isdecimal() and len(until) <= MAX_DIGITS:
        proof.append(ctx.cite(first, f"metadata.labels{key(PARKED_UNTIL)}"))
        when = f" until {iso(int(until))}"
    proof += [found for found in [ctx.cite_if(first, f"metadata.labels{key(PARKED_BY)}")] if found is not None]
    left = sum(is_to_be_moved(pod) for node in parked for pod in ctx.snap.pods_on(node.name))
    names = listed([node.name for node in parked])
    others = f"; {count_of(len(parked), 'node')} are: {names}" if len(parked) > 1 else ""
    return Finding(
        subject=first.ref,
        members=tuple(node.ref for node in parked[1:]),
        summary=f"is parked for its upgrade{when}{others}; {count_of(left, 'pod')} still to be moved",
        evidence=as_proof(proof),
        accounts_for=tuple(
            Because(
                one.group,
                f"{one.pods} of its pods would fit on {listed([node.name for node in one.nodes])}, parked for an "
                "upgrade",
                tuple(proof),
                members=one.pods,
            )
            for one in ctx.pools.charged_to(node.name for node in parked)
        ),
        remedies=(
            Remedy(
                text="see which nodes are parked, and until when",
                command=f"kubectl get nodes -l {PARKING}=parked -L {PARKED_UNTIL}",
                who="platform",
            ),
        ),
    )
