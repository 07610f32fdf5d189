"""TRN302: a training pod runs without the RDMA device that its node offers, so NCCL falls back to TCP."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.gangs import together
from diag.facts.gpus import gpus_of, pod_requests
from diag.facts.nodes import allocatable
from diag.facts.pods import occupies_node
from diag.findings import Confidence, Evidence, Finding, LogEvidence, Question, Remedy, Severity, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod

# Mellanox/k8s-rdma-shared-dev-plugin and network-operator (rdma/…, …_rdma), aws/aws-efa-k8s-device-plugin, and the
# names that sriov-network-device-plugin is commonly given.
RDMA = re.compile(r"^rdma/|/efa$|rdma|infiniband|roce|/ib[_-]?\w*$", re.IGNORECASE)
# NVIDIA/nccl src/transport/net_ib.cc, src/init.cc: the second line says what is used instead.
NO_DEVICE, SOCKET = "NET/IB : No device found", "Using network Socket"
MAX_LINES = 20_000


@rule(
    "TRN302",
    name="rdma-not-available",
    question=Question.READY,
    severity=Severity.WARNING,
    inputs=("Pod", "Node"),
    visits={"Node": 1, "Pod": 1},
)
def rdma_not_available(ctx: Context) -> Iterator[Finding]:
    """NCCL falls back to TCP because the pod has no RDMA device.

    ## What it means
    The members exchange gradients over ordinary sockets instead of InfiniBand or RoCE. The job works, at a fraction of
    the speed, while its GPUs count as busy.

    ## Why it happens
    The pod does not ask for the resource with which the node's plugin hands out RDMA devices.

    ## Evidence
    NCCL's own line, the resource that the node offers, and that the pod asks for none.

    ## What to do
    Ask for the node's RDMA resource in the pod (and IPC_LOCK), and start the job anew.

    ## Known limits
    Needs a log with NCCL_DEBUG=INFO. Silent on nodes that offer no RDMA resource, and for pods with the host's network,
    which need none.
    """
    told: set[object] = set()
    for node in ctx.snap.nodes():
        offered = sorted(name for name, amount in allocatable(node).items() if amount > 0 and RDMA.search(name))
        for pod in ctx.snap.pods_on(node.name) if offered else ():
            line = _line(ctx, pod) if _is_bare(pod, offered) else None
            owner = ctx.workload(pod).ref
            if line is not None and owner not in told:
                told.add(owner)
                yield _finding(ctx, node, pod, offered[0], line)


def _is_bare(pod: Pod, offered: list[str]) -> bool:
    """Whether it is a member of a job on GPUs that asks for no RDMA device."""
    asked = pod_requests(pod)
    return (
        occupies_node(pod)
        and bool(gpus_of(asked))
        and together(pod) is not None
        and not pod.spec.host_network
        and not any(name in asked for name in offered)
    )


def _line(ctx: Context, pod: Pod) -> LogEvidence | None:
    """The first line in which NCCL finds no device, where it uses sockets."""
    for container in pod.spec.containers or ():
        lines = ctx.snap.log(pod, container.name or "")[:MAX_LINES]
        if not any(SOCKET in line for line in lines):
            continue
        for number, text in enumerate(lines, 1):
            if NO_DEVICE in text:
                return ctx.cite_log(pod, container.name or "", number)
    return None


def _finding(ctx: Context, node: Node, pod: Pod, resource: str, line: LogEvidence) -> Finding:
    owner = ctx.workload(pod)
    proof: list[Evidence] = [line, ctx.cite(node, f"status.allocatable{key(resource)}")]
    proof.append(ctx.lack(pod, f"spec.containers[0].resources.limits{key(resource)}"))
    return Finding(
        subject=owner.ref,
        summary=f"talks over TCP ({SOCKET}): node {node.name} offers {resource}, and {pod.name} asks for none",
        evidence=as_proof(proof),
        confidence=Confidence.LIKELY,
        remedies=(Remedy(text=f"ask for {resource} in the pods of {owner.name}, and start it anew"),),
    )
