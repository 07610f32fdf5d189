"""Driver upgrades that wait although no node is being upgraded."""

from collections.abc import Iterator

from diag.facts.nodes import is_ready
from diag.facts.upgrade_policy import UpgradePolicy, upgrade_policy
from diag.findings import Evidence, Severity
from diag.snapshot.cite import cite, key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Complaint
from diag.trouble.relations.operands import operand_of
from diag.trouble.scene import Scene
from diag.vocab.drains import POLICY_KINDS, UPGRADE_ACTIVE, UPGRADE_REQUIRED, UPGRADE_STATES
from diag.vocab.operands import Stage

LABEL = UPGRADE_STATES[0]


def complaints(scene: Scene) -> Iterator[Complaint]:
    """The driver pods of nodes that wait for their turn while nobody has it: the nodes that may be away already are."""
    nodes = [node for node in scene.snap.nodes if LABEL in node.labels]
    waiting = [node for node in nodes if node.labels[LABEL] == UPGRADE_REQUIRED and is_available(node)]
    policy = policy_of(scene)
    if not waiting or policy is None or any(node.labels[LABEL] in UPGRADE_ACTIVE for node in nodes):
        return
    most = policy.unavailable(len(nodes))
    away = [node for node in nodes if not is_available(node)]
    if most is None or not away or len(away) < most:
        return
    for node in waiting:
        for pod in scene.snap.pods_by_node.get(node.name, ()):
            operand = operand_of(pod)
            if operand is not None and operand.stage is Stage.DRIVER:
                yield _complaint(scene, node, pod, away)


def is_available(node: Node) -> bool:
    """As the upgrade controller counts: a node that is NotReady or cordoned is unavailable."""
    return is_ready(node) is not False and not node.spec.unschedulable


def policy_of(scene: Scene) -> UpgradePolicy | None:
    """The first policy that is here."""
    items = (item for kind in POLICY_KINDS for _, item in sorted(scene.snap.all(kind).items()))
    return next((found for item in items if (found := upgrade_policy(item)) is not None), None)


def _complaint(scene: Scene, node: Node, pod: Pod, away: list[Node]) -> Complaint:
    evidence: tuple[Evidence, *tuple[Evidence, ...]] = (
        cite(node, f"metadata.labels{key(LABEL)}"),
        cite(pod, "spec.nodeName"),
    )
    names = ", ".join(one.name for one in away[:3])
    return Complaint(
        symptom="rollout-stuck",
        member=pod,
        workload=scene.root(pod),
        group_by=str(scene.root(pod)),
        reason=UPGRADE_REQUIRED,
        message=f"their nodes are in {UPGRADE_REQUIRED} and no node is being upgraded; unavailable: {names}",
        evidence=evidence,
        since=None,
        severity=Severity.ERROR,
    )
