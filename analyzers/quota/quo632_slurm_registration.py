"""QUO632, QUO633: Slurm does not take a worker as it is configured, or does not see it at all."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.gpus import gpus_of, pod_requests
from diag.facts.pods import condition, condition_path
from diag.findings import Basis, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Condition, Object
from diag.snapshot.kinds import Pod

NODE_SET = "slinky.slurm.net/NodeSet"
# SlinkyProject/slurm-operator: conditions named after Slurm's states, and an event of the NodeSet.
INVALID, UNREGISTERED = "SlurmNodeStateInvalidReg", "SlurmNodeNotRegistered"
RECENT_S = 3600

REGISTER = """The Slurm daemon of the worker cannot register.

## What it means
The worker's pod runs and is Ready, and Slurm's controller has never heard of it. The operator deletes the pod and makes
it anew, again and again.

## Why it happens
The daemon has another key than the controller, or does not find or reach the controller's address.

## Evidence
The event SlurmNodeNotRegistered of the NodeSet.

## What to do
Read the log of slurmd in the worker; compare its key and the controller's address.

## Known limits
Events live for an hour.
"""


@rule(
    "QUO632",
    name="slurm-gres-mismatch",
    question=Question.OFFERS,
    severity=Severity.WARNING,
    inputs=("Pod", "Node", NODE_SET, "Event"),
    others=(
        Named(id="QUO633", name="slurm-node-unregistered", page=REGISTER, severity=Severity.WARNING, basis=Basis.SAID),
    ),
)
def slurm_registration(ctx: Context) -> Iterator[Finding]:
    """The node reports other GPUs than Slurm's configuration says.

    ## What it means
    slurmd counts the GPUs, CPUs and memory that it finds, and Slurm refuses a node that has less than slurm.conf or
    gres.conf says (state INVALID_REG). The worker's pod runs and is Ready, and gets no job.

    ## Why it happens
    A GPU of the node is gone, or the configuration was written for another kind of node.

    ## Evidence
    The condition SlurmNodeStateInvalidReg of the worker with Slurm's reason, and what its node offers.

    ## What to do
    Compare the GPUs in the worker with gres.conf; repair the node, or correct the configuration.

    ## Known limits
    Which of both is right is not told.
    """
    for item in ctx.snap.all(NODE_SET):
        for pod in ctx.snap.pods_of(item):
            told = condition(pod, INVALID)
            if told is not None and told.status == "True" and not pod.metadata.deletion_timestamp:
                yield _invalid(ctx, pod, told)
        said = ctx.warnings(item, UNREGISTERED, within_s=RECENT_S)
        if said:
            yield _unregistered(item, said[0].text, ctx.cite_event(said[0]))


def _invalid(ctx: Context, pod: Pod, told: Condition) -> Finding:
    message = told.message or ""
    node = ctx.snap.node(pod.spec.node_name)
    proof: list[Evidence] = [ctx.cite(pod, condition_path(pod, INVALID, "message" if message else "type"))]
    gpus = gpus_of(pod_requests(pod))
    proof += [ctx.cite_or_lack(node, f'status.allocatable["{name}"]') for name in gpus if node is not None]
    return Finding(
        subject=node.ref if node is not None else pod.ref,
        summary=f"worker {pod.name} reports other hardware to Slurm than its configuration says"
        f"{': ' + message if message else ''}",
        evidence=as_proof(proof),
        since=told.last_transition_time,
        gpus_lost=sum(gpus.values()),
        remedies=(
            Remedy(text="see which GPUs the worker has", who="platform",
                   command=f"kubectl -n {pod.namespace} get pod {pod.name} -o yaml"),
            Remedy(text="repair the node, or correct gres.conf and slurm.conf for nodes of its kind", who="platform"),
        ),
    )  # fmt: skip


def _unregistered(item: Object, text: str, said: Evidence) -> Finding:
    return Finding(
        name="slurm-node-unregistered",
        subject=item.ref,
        summary="its workers run, and Slurm's controller does not know them, so that the operator makes them anew: "
        f"{text}",
        evidence=(said,),
        remedies=(
            Remedy(text="look at the workers and the events of the NodeSet", who="platform",
                   command=f"kubectl -n {item.namespace} describe nodesets.slinky.slurm.net {item.name}"),
            Remedy(text="compare the key of slurmd with the controller's, and the controller's address",
                   who="platform"),
        ),
    )  # fmt: skip
