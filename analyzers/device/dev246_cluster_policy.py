"""DEV246 to DEV248: what the GPU operator's own object says of a stack that it cannot set up."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.unseen_gpus import waiting_for_unseen
from diag.catalog.rule import Named, rule
from diag.facts.machine_types import gpu_machine_label
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Proof, Question, Remedy, Severity, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Controller
from diag.trouble.detect.nodes import is_upgrading
from diag.trouble.relations.operands import operand_of
from diag.vocab.accelerators import NVIDIA_GPU
from diag.vocab.operands import CLUSTER_POLICY

FEATURE = "feature.node.kubernetes.io/"
NO_LABELS = "NFDLabelsMissing"  # NVIDIA/gpu-operator internal/conditions
WORKERS = ("nfd-worker", "node-feature-discovery-worker")
# The same: a request of its own was refused, or the policy contradicts itself. Nothing goes on until it is mended.
REFUSED = "ReconcileFailed"
SETTLING_S = 30 * 60  # a first reconciliation builds drivers

IGNORED = """A second ClusterPolicy is ignored.

## What it means
The GPU operator follows one ClusterPolicy, the oldest. Whatever this one says has no effect.

## Why it happens
The chart was installed twice under two names, or a second object was meant for some of the nodes.

## Evidence
`status.state: ignored`, and the older ClusterPolicy.

## What to do
Move its settings into the other object and delete this one. For other drivers on some nodes use NVIDIADriver objects.

## Known limits
Whether its settings differ from the other's is not compared.
"""

NOT_READY = """The GPU operator's ClusterPolicy is not ready, and no operand says why.

## What it means
The operator could not bring the whole stack up. Which of its states fails first stands in the condition's message.

## Why it happens
A pod of the first state that is named fails or was never created, or the operator's own request was refused.

## Evidence
`status.state` and the condition that says why.

## What to do
Look at the operator's log and at the pods of the first state that it names.

## Known limits
A symptom: silent where a pod of the stack or a node is in trouble, as that tells more, and while
drivers are upgraded. What the operator could not do at all (ReconcileFailed) is told in any case.
"""


@rule(
    "DEV246",
    name="nfd-not-deployed",
    question=Question.OFFERS,
    inputs=(CLUSTER_POLICY, "Node", "Pod", "apps/DaemonSet"),
    refines=("device-plugin-not-deployed", "gpu-resource-never-registered", "nfd-pci-label-format-changed"),
    others=(
        Named(
            id="DEV247",
            name="clusterpolicy-duplicate-ignored",
            page=IGNORED,
            basis=Basis.SAID,
            severity=Severity.WARNING,
        ),
        Named(
            id="DEV248",
            name="gpu-operator-not-ready",
            page=NOT_READY,
            basis=Basis.REMAINDER,
            severity=Severity.WARNING,
            refines=("device-plugin-not-deployed", "gpu-resource-never-registered"),
        ),
    ),
    severity=Severity.WARNING,
    visits={"Node": 4, "apps/DaemonSet": 1},
)
def cluster_policy(ctx: Context) -> Iterator[Finding]:
    """Node feature discovery does not run, so no node is known as a GPU node.

    ## What it means
    The GPU operator takes a node for one with GPUs by a label that node feature discovery (NFD) writes. Without any
    such label it deploys nothing at all, and calls itself ready.

    ## Why it happens
    The chart was installed with `nfd.enabled=false` and no other NFD is there, or NFD's workers cannot run.

    ## Evidence
    The operator's condition NFDLabelsMissing, no node with a label of NFD, and its DaemonSet, if there is one.

    ## What to do
    Install NFD (`nfd.enabled=true`), or let its workers run on the GPU nodes.

    ## Known limits
    Older operators write no conditions; then the labels of the nodes decide, and the finding is likely at most.
    """
    policies = sorted(ctx.snap.all(CLUSTER_POLICY), key=lambda one: (one.created or "", one.name))
    followed = [one for one in policies if _state(one) != "ignored"]
    for policy in policies:
        if policy not in followed:
            yield _ignored(ctx, policy, followed)
    for policy in followed:
        found = _undiscovered(ctx, policy) or _not_ready(ctx, policy)
        if found is not None:
            yield found


def _state(policy: Object) -> object:
    return value_at(policy.whole, "status.state")


def _conditions(policy: Object) -> list[dict[str, object]]:
    return dicts(value_at(policy.whole, "status.conditions"))


def _ignored(ctx: Context, policy: Object, followed: list[Object]) -> Finding:
    others = [ctx.cite(one, "metadata.name") for one in followed]
    instead = f"; {followed[0].name} is the one that counts" if followed else ""
    return Finding(
        name="clusterpolicy-duplicate-ignored",
        subject=policy.ref,
        summary=f"is ignored by the GPU operator, which follows one ClusterPolicy{instead}",
        evidence=(ctx.cite(policy, "status.state"), *others),
        remedies=(
            Remedy(
                text="see which ClusterPolicies there are, and what differs",
                command="kubectl get clusterpolicies.nvidia.com",
                who="platform",
            ),
            Remedy(
                text=f"move what it sets to the other ClusterPolicy, and delete {policy.name}",
                command=f"kubectl delete clusterpolicies.nvidia.com {policy.name}",
                who="platform",
                risk="disruptive",
            ),
        ),
    )


def _undiscovered(ctx: Context, policy: Object) -> Finding | None:
    """Whether no node carries a label of NFD, though the operator waits for them."""
    conditions = _conditions(policy)
    place = next((index for index, one in enumerate(conditions) if one.get("reason") == NO_LABELS), None)
    if (place is None and conditions) or not ctx.older(policy.created, SETTLING_S):
        return None
    nodes = ctx.snap.nodes()
    if any(label.startswith(FEATURE) for node in nodes for label in node.labels) or (place is None and not nodes):
        return None
    sets = (item for item in ctx.snap.all("apps/DaemonSet") if isinstance(item, Controller))
    workers = next((item for item in sets if any(name in item.name for name in WORKERS)), None)
    if workers is not None and workers.status.number_ready:
        return None
    if place is not None:
        evidence: list[Evidence] = [ctx.cite(policy, f"status.conditions[{place}].reason")]
    else:
        names = [ctx.cite(node, "metadata.name") for node in nodes]
        evidence = [ctx.compute("nodes with a label of node feature discovery", 0, names)]
    words = "finds no label of node feature discovery on any node, so it deploys nothing"
    if workers is not None:
        wanted = workers.status.desired_number_scheduled
        evidence.append(ctx.cite_or_lack(workers, "status.numberReady"))
        words = f"has no ready pod of the {wanted} wanted, so no node is labelled and the GPU operator deploys nothing"
    proof = as_proof(evidence)
    return Finding(
        subject=(workers or policy).ref,
        summary=words,
        evidence=proof,
        accounts_for=tuple(_silent_nodes(ctx, words, proof)),
        confidence=Confidence.LIKELY,
        remedies=(
            Remedy(
                text="see whether node feature discovery runs",
                command="kubectl get daemonsets -A -l app.kubernetes.io/name=node-feature-discovery",
                who="platform",
            ),
            Remedy(
                text="install node feature discovery (nfd.enabled=true of the operator's chart), or let its workers "
                "run on the GPU nodes",
                who="platform",
            ),
        ),
    )


def _silent_nodes(ctx: Context, words: str, proof: Proof) -> Iterator[Because]:
    for group in ctx.groups("node-without-gpus"):
        if group.reason.endswith(NVIDIA_GPU):
            yield Because(group, f"the GPU operator does not know it: it {words}", proof)
    machines = [node for node in ctx.snap.nodes() if gpu_machine_label(node)]
    yield from waiting_for_unseen(ctx, machines, f"the GPU operator {words}", proof)


def _not_ready(ctx: Context, policy: Object) -> Finding | None:
    """A policy that is not ready for long, while no pod of the stack and no node complains."""
    if _state(policy) != "notReady" or not ctx.older(policy.created, SETTLING_S):
        return None
    refused = any(one.get("reason") == REFUSED for one in _conditions(policy) if _says_error(one))
    if not refused and any(
        one.symptom == "node-without-gpus" or operand_of(one.first) is not None for one in ctx.groups()
    ):
        return None
    if any(is_upgrading(node) for node in ctx.snap.nodes()):
        return None
    places = [index for index, one in enumerate(_conditions(policy)) if _says_error(one)]
    if any(not ctx.older(_changed(policy, index), SETTLING_S) for index in places):
        return None
    said = [ctx.cite_or_lack(policy, f"status.conditions[{index}].message") for index in places]
    message = next((str(_conditions(policy)[index].get("message") or "") for index in places), "")
    words = "is refused by the GPU operator" if refused else "is not ready, and no pod of the stack says why"
    proof: Proof = (ctx.cite(policy, "status.state"), *said)
    return Finding(
        name="gpu-operator-not-ready",
        subject=policy.ref,
        summary=f"{words}{': ' if message else ''}{message[:300]}",
        evidence=proof,
        accounts_for=tuple(
            _unserved(ctx, f"ClusterPolicy {policy.name} {words}: {message[:200]}", proof) if refused else ()
        ),
        confidence=Confidence.LIKELY if refused else Confidence.POSSIBLE,
        remedies=(
            Remedy(
                text="look at the pods and the log of the GPU operator",
                command="kubectl get pods -A -l app.kubernetes.io/managed-by=gpu-operator",
                who="platform",
            ),
        ),
    )


def _unserved(ctx: Context, why: str, proof: Proof) -> Iterator[Because]:
    """Nodes without their GPUs on which no operand fails: the operator has made none for them."""
    for group in ctx.groups("node-without-gpus"):
        if group.reason.endswith(NVIDIA_GPU) and not ctx.failing_operands(group.first.name):
            yield Because(group, why, proof)


def _says_error(one: dict[str, object]) -> bool:
    return one.get("type") == "Error" and one.get("status") == "True"


def _changed(policy: Object, index: int) -> str | None:
    found = _conditions(policy)[index].get("lastTransitionTime")
    return found if isinstance(found, str) else policy.created
