"""What the scheduler counts: room on nodes, and the sentence it prints where a pod fits nowhere.

Nodes are refused as kube-scheduler does it in its default profile: cordoned, untolerated taint, node selector, in this
order and only the first that fails; then all short resources of a node (kubernetes `pkg/scheduler/framework`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal

from diag.testing.meta import Object, name_of
from diag.testing.nodes import CORDON_TAINT_KEY

UNSCHEDULABLE = "node(s) were unschedulable"
UNTOLERATED = "node(s) had untolerated taint(s)"  # since 1.35 without the taint's name
UNSELECTED = "node(s) didn't match Pod's node affinity/selector"
NOT_HELPFUL = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"

# Thousandths in one unit of each suffix.
_UNITS: dict[str, int] = {"m": 1, "": 10**3, "k": 10**6, "M": 10**9, "G": 10**12, "T": 10**15}
_UNITS |= {f"{prefix}i": 1000 * 1024**power for power, prefix in enumerate("KMGT", start=1)}


def amount(quantity: str) -> int:
    """A quantity in thousandths, so that millicores stay whole."""
    number = quantity.rstrip("mkMGTi")
    return int(Decimal(number) * _UNITS[quantity[len(number) :]])


def requests(spec: Object) -> dict[str, int]:
    """What a pod asks for, in thousandths: the sum of its containers, or its largest init container if that is more."""
    total: Counter[str] = Counter()
    for container in spec["containers"]:
        for resource, quantity in container["resources"].get("requests", {}).items():
            total[resource] += amount(quantity)
    for container in spec.get("initContainers", ()):
        for resource, quantity in container["resources"].get("requests", {}).items():
            total[resource] = max(total[resource], amount(quantity))
    return {**total, "pods": 1000}


class Room:
    """What each node has left after the pods bound to it."""

    def __init__(self, nodes: Iterable[Object]) -> None:
        self.nodes = list(nodes)
        self._whole: dict[str, dict[str, int]] = {
            name_of(n): {r: amount(q) for r, q in n["status"]["allocatable"].items()} for n in self.nodes
        }
        self._left = {name: dict(resources) for name, resources in self._whole.items()}

    def take(self, node: str, spec: Object) -> None:
        """Binds a pod to a node, whether or not it fits."""
        left = self._left[node]
        for resource, wanted in requests(spec).items():
            left[resource] = left.get(resource, 0) - wanted

    def left(self, node: str, resource: str) -> int:
        """What is left of a resource on a node, in whole units."""
        return self._left[node].get(resource, 0) // 1000

    def refusals(self, spec: Object) -> tuple[Counter[str], Counter[str]]:
        """Why each node refuses the pod, and what preemption says of each; a node that fits is in neither."""
        wanted = requests(spec)
        reasons: Counter[str] = Counter()
        preemption: Counter[str] = Counter()
        for node in self.nodes:
            name = name_of(node)
            first = _first_filter(node, spec)
            if first:
                reasons[first] += 1
                preemption[NOT_HELPFUL] += 1
                continue
            short = [r for r, n in wanted.items() if n > self._left[name].get(r, 0)]
            if short:
                reasons.update("Too many pods" if r == "pods" else f"Insufficient {r}" for r in short)
                never = any(n > self._whole[name].get(r, 0) for r, n in wanted.items())
                preemption[NOT_HELPFUL if never else NO_VICTIMS] += 1
        return reasons, preemption

    def sentence(self, spec: Object) -> str:
        """The message of a pod that fits nowhere, as 1.36 prints it where no pod of lower priority runs.

        Raises ValueError where a node has room, as no scheduler would then have said this.
        """
        reasons, preemption = self.refusals(spec)
        if preemption.total() < len(self.nodes):
            raise ValueError("a node has room for this pod")
        head = f"0/{len(self.nodes)} nodes are available:"
        return f"{head} {join(reasons)}. no new claims to deallocate, preemption: {head} {join(preemption)}."


def tolerated(taint: Mapping[str, str], tolerations: Iterable[Mapping[str, str]]) -> bool:
    """Whether one of the tolerations covers the taint."""
    for toleration in tolerations:
        if toleration.get("effect") not in (None, taint["effect"]):
            continue
        if toleration.get("key") not in (None, taint["key"]):
            continue
        if toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get("value", ""):
            return True
    return False


def _first_filter(node: Object, spec: Object) -> str:
    """The first of the filters before resources that the node fails; empty if it passes them."""
    tolerations = spec.get("tolerations", ())
    cordon = {"key": CORDON_TAINT_KEY, "effect": "NoSchedule"}
    if node["spec"].get("unschedulable") and not tolerated(cordon, tolerations):
        return UNSCHEDULABLE
    hard = [t for t in node["spec"].get("taints", ()) if t["effect"] != "PreferNoSchedule"]
    if not all(tolerated(taint, tolerations) for taint in hard):
        return UNTOLERATED
    labels = node["metadata"]["labels"]
    if any(labels.get(key) != value for key, value in spec.get("nodeSelector", {}).items()):
        return UNSELECTED
    return ""


def join(counts: Counter[str]) -> str:
    """The counts as the scheduler lists them."""
    # The scheduler sorts the finished strings, so "10 …" stands before "2 …".
    return ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
