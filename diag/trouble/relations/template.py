"""The pod that a controller would make, for controllers that have none."""

from typing import Any

import msgspec

from diag.projection import JsonDict, Object
from diag.snapshot.kinds import Pod
from diag.snapshot.lenient import NotAnObject, decode


def template_of(item: Object, *path: str) -> JsonDict | None:
    """The pod template of a controller (`spec.template`), None when it has none. A number is a place in a list."""
    node: Any = item.whole
    for step in path or ("spec", "template"):
        if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        else:
            node = node.get(step) if isinstance(node, dict) else None
    return node if isinstance(node, dict) and isinstance(node.get("spec"), dict) else None


def template_pod(item: Object, *path: str) -> Pod | None:
    """The template as a pod of the controller's namespace; None where there is none or it cannot be one."""
    template = template_of(item, *path)
    if template is None:
        return None
    try:
        raw = msgspec.json.encode({"metadata": template.get("metadata") or {}, "spec": template["spec"]})
        pod, _ = decode(raw, Pod)
    except (NotAnObject, TypeError, ValueError):
        return None
    pod.cluster, pod.api_version, pod.kind = item.cluster, "v1", "Pod"
    pod.metadata.name, pod.metadata.namespace = item.name, item.namespace
    return pod
