"""DEV272: workers that share memory over NVLink run in several NVLink domains."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import first_text
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod

CLIQUE = "nvidia.com/gpu.clique"  # GPU feature discovery: <cluster uuid>.<clique>
# NVIDIA CUDA driver API (fabric handles) and NCCL's multi-node NVLink.
FAILS = re.compile(
    r"cuMemImportFromShareableHandle[^\n]{0,120}|CUDA_ERROR_NOT_PERMITTED|MNNVL[^\n]{0,120}(?:fail|error|not)"
    r"|Failed to import fabric handle|fabric handle[^\n]{0,60}(?:fail|error)",
    re.IGNORECASE,
)


@rule(
    "DEV272",
    name="nvlink-clique-split",
    question=Question.STARTED,
    inputs=("Pod", "Node"),
)
def nvlink_clique_split(ctx: Context) -> Iterator[Finding]:
    """Workers that need one NVLink domain were placed in several.

    ## What it means
    GPUs of different nodes can map each other's memory only inside one NVLink domain (a rack of GB200, for one). The
    workers of this job run in several domains, and the mapping is refused.

    ## Why it happens
    Nothing in the pod template asks for one domain, and the scheduler filled nodes of several.

    ## Evidence
    The process's own words, and the label `nvidia.com/gpu.clique` of the nodes of its workers.

    ## What to do
    Ask for one domain by pod affinity or a topology on `nvidia.com/gpu.clique`, or switch multi-node NVLink off.

    ## Known limits
    Domains of nodes without the label are not known.
    """
    for group in ctx.groups("container-crashing", "pod-failed", "job-failed"):
        hit = first_text(ctx, group, FAILS, On.LOG)
        if hit is None:
            continue
        nodes = _nodes(ctx, hit[0].member)
        cliques = {clique: node for node in nodes if (clique := node.labels.get(CLIQUE))}
        if len(cliques) < 2:  # noqa: PLR2004  one domain is what is wanted
            continue
        labels = [ctx.cite(node, f"metadata.labels{key(CLIQUE)}") for _, node in sorted(cliques.items())]
        count = ctx.compute("NVLink domains of the job's workers", len(cliques), labels)
        evidence: list[Evidence] = [hit[0].cite(), count]
        words = f"has workers in {len(cliques)} NVLink domains, and one cannot map another's memory: {hit[1][0][:200]}"
        yield Finding(
            subject=group.workload,
            summary=words,
            evidence=as_proof(evidence),
            accounts_for=(Because(group, words, as_proof(evidence)),),
            confidence=Confidence.LIKELY,
            second_sign=True,
            since=group.since,
            remedies=(
                Remedy(
                    text="see which node is in which domain",
                    command=f"kubectl get nodes -L {CLIQUE}",
                ),
                Remedy(text=f"place the workers in one domain: pod affinity with topologyKey {CLIQUE}"),
                Remedy(text="or switch multi-node NVLink off (NCCL_MNNVL_ENABLE=0), which is slower"),
            ),
        )


def _nodes(ctx: Context, member: object) -> list[Node]:
    """The nodes on which the pods of the member's workload run."""
    if not isinstance(member, Pod):
        return []
    top = ctx.workload(member).ref
    siblings = [pod for pod in ctx.snap.pods_in(member.namespace) if ctx.workload(pod).ref == top]
    found = {pod.spec.node_name: ctx.snap.node(pod.spec.node_name) for pod in siblings if pod.spec.node_name}
    return [node for _, node in sorted(found.items()) if node is not None]
