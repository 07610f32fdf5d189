"""Through which ports a Service leads to a pod."""

from diag.facts.entries import entries
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod


def ports_behind(service: Object, port: int | None, pod: Pod) -> tuple[int | None, ...]:
    """The port that is asked and the one of the pod behind it, None for one that is not known.

    Which of both a network plugin compares with a policy differs.
    """
    entry = next((one for _, one in entries(service, "spec.ports") if one.get("port") == port), {})
    target = entry.get("targetPort", port)
    if isinstance(target, str):
        target = next((number for name, number in _declared(pod) if name == target), None)
    return (port, target if isinstance(target, int) else None)


def _declared(pod: Pod) -> list[tuple[object, object]]:
    """Names and numbers of the ports that a pod's containers declare."""
    listed = value_at(pod.whole, "spec.containers")
    return [
        (one.get("name"), one.get("containerPort"))
        for index in range(len(listed) if isinstance(listed, list) else 0)
        for _, one in entries(pod, f"spec.containers[{index}].ports")
    ]
