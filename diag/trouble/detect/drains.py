"""Nodes that are being emptied and do not become empty."""

from collections.abc import Iterator

from diag.facts.drains import Sign, cordoned_at, drained_node, is_to_be_moved, sign_of_event, signs_on
from diag.facts.gpus import is_gpu, pod_requests
from diag.facts.nodes import allocatable
from diag.facts.pods import occupies_node
from diag.findings import Evidence, Severity
from diag.snapshot.cite import cite
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Complaint
from diag.trouble.scene import RECENT_S, Scene
from diag.vocab.drains import MACHINE_KINDS

UNDER_WAY_S = 15 * 60  # a drain that nobody calls failed is given so long (EKS and AKS give a pod 15 and 30 minutes)
SHOWN_PODS = 3


def complaints(scene: Scene) -> Iterator[Complaint]:
    """Every node that is being emptied, still has pods to be moved, and either failed or takes too long."""
    machines = _machines(scene)
    for node in scene.snap.nodes:
        marks = list(signs_on(node)) if node.spec.unschedulable or node.spec.taints else []
        marks += [machines[node.name]] if node.name in machines else []
        if not marks and not node.spec.unschedulable:
            continue
        left = [pod for pod in scene.snap.pods_by_node.get(node.name, ()) if is_to_be_moved(pod)]
        signs = [*marks, *(sign for event in scene.snap.events(node) if (sign := sign_of_event(event)))]
        signs += _refusals(scene, left) if node.spec.unschedulable else []
        if signs and left:
            began = cordoned_at(node) or min((sign.since for sign in signs if sign.since), default=None)
            failed = any(_fails(sign, left) for sign in signs)
            if failed or scene.older(began, UNDER_WAY_S):
                yield _complaint(scene, node, signs, left, since=began, failed=failed)


def _fails(sign: Sign, left: list[Pod]) -> bool:
    """Whether a sign says that the drain failed. An upgrade also fails after its drain; then no GPU pods are left."""
    if isinstance(sign.item, Node) and sign.failed:
        return any(is_gpu(name) for pod in left for name in pod_requests(pod))
    return sign.failed


def _refusals(scene: Scene, left: list[Pod]) -> list[Sign]:
    """Evictions that were refused lately, told by events on the pods themselves."""
    found = (sign_of_event(event) for pod in left for event in scene.snap.events(pod) if event.type != "Normal")
    return [sign for sign in found if sign is not None and not scene.older(sign.since, RECENT_S)]


def _machines(scene: Scene) -> dict[str, Sign]:
    found = (drained_node(item) for kind in MACHINE_KINDS for _, item in sorted(scene.snap.all(kind).items()))
    return dict(one for one in found if one is not None)


def _complaint(
    scene: Scene, node: Node, signs: list[Sign], left: list[Pod], *, since: str | None, failed: bool
) -> Complaint:
    # The marks on the node say what is going on, the failures why it does not get on; the newest failure is enough.
    told = [sign for sign in signs if sign.item is node or sign.item.kind != "Event"]
    told += [sign for sign in signs if sign not in told][:1]
    evidence: list[Evidence] = [cite(sign.item, sign.path) for sign in told]
    if node.spec.unschedulable:
        evidence.append(cite(node, "spec.unschedulable"))
    evidence += [cite(pod, "spec.nodeName") for pod in left[:SHOWN_PODS]]
    names = ", ".join(f"{pod.namespace}/{pod.name}" for pod in left[:SHOWN_PODS])
    more = f" and {len(left) - SHOWN_PODS} more" if len(left) > SHOWN_PODS else ""
    said = "; ".join(sign.words for sign in told)
    return Complaint(
        symptom="drain-stuck",
        member=node,
        workload=node.ref,
        group_by=node.name,
        reason="failed" if failed else "takes too long",
        message=f"{said}; still on it: {names}{more}",
        evidence=(evidence[0], *evidence[1:]),
        since=since,
        gpus_lost=_free_gpus(scene, node),
        severity=Severity.ERROR if failed else Severity.WARNING,
    )


def _free_gpus(scene: Scene, node: Node) -> int:
    """GPUs of the node that nobody holds, and that nobody can get while it is closed."""
    used: dict[str, int] = {}
    for pod in scene.snap.pods_by_node.get(node.name, ()):
        if occupies_node(pod):
            for name, amount in pod_requests(pod).items():
                used[name] = used.get(name, 0) + amount
    free = (amount - used.get(name, 0) for name, amount in allocatable(node).items() if is_gpu(name))
    return sum(amount // 1000 for amount in free if amount > 0)
