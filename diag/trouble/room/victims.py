"""Whom a preemption would evict, as kubernetes/kubernetes pkg/scheduler/framework/preemption without budgets and ports.

The scheduler takes only pods of lower priority. It evicts none for a pod whose preemptionPolicy is Never.
"""

from diag.facts.gpus import Amounts, add, pod_requests
from diag.facts.pods import occupies_node
from diag.snapshot.kinds import Node, Pod
from diag.trouble.room.placement import Placement
from diag.trouble.shapes import Shape


def victims(place: Placement, shape: Shape, node: Node) -> tuple[Pod, ...]:
    """The pods of lower priority that hold what a node is short of, where their end would make room for one more.

    The lowest priority comes first. Empty where even all of them would not be enough.
    """
    short = place.short(shape, node)
    left: Amounts = {name: place.free[node.name].get(name, 0) for name in short}
    found = []
    for pod in sorted(place.snap.pods_by_node.get(node.name, ()), key=lambda one: (one.spec.priority or 0, one.name)):
        asks = pod_requests(pod)
        lower = (pod.spec.priority or 0) < shape.priority
        if occupies_node(pod) and lower and any(asks.get(name, 0) > 0 for name in short):
            add(left, asks)
            found.append(pod)
        if all(left[name] >= shape.requests[name] for name in short):
            return tuple(found)
    return ()
