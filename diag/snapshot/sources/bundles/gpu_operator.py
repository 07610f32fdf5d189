"""NVIDIA GPU Operator's must-gather: YAML of its namespace, logs of its operands, and texts about the GPU nodes.

Origin: NVIDIA/gpu-operator hack/must-gather.sh. It holds no nodes as objects, only their labels and what `kubectl
describe` prints of those with GPUs, and nothing of other namespaces: no workload that waits for a GPU is in it.
"""

import re
from collections.abc import Mapping

from diag.snapshot.sources.bundles.described import nodes_of
from diag.snapshot.sources.bundles.tool import LogPlace, Notes, Scope, Tool
from diag.snapshot.sources.part import Problem

_LISTS = {"gpu_operand_pods.yaml": "Pod", "gpu_operand_ds.yaml": "apps/DaemonSet"}
_OPERAND = re.compile(r"gpu_operand_pod_(?P<pod>[^/]+?)(?P<run>\.previous)?\.log")
_OPERATOR = re.compile(r"gpu_operator_pod(?P<run>\.previous)?\.log")
OPERATOR = "gpu-operator"  # the label `app` of the operator's pod, and its container


def _scope(path: str) -> Scope | None:
    kind = _LISTS.get(path)
    return Scope(kind=kind, of_items=True) if kind else None


def _log(path: str) -> LogPlace | None:
    if found := _OPERAND.fullmatch(path):
        return LogPlace(namespace="", pod=found["pod"], previous=bool(found["run"]), marked="prefixes")
    if found := _OPERATOR.fullmatch(path):
        return LogPlace(namespace="", pod=f"{OPERATOR}-", container=OPERATOR, previous=bool(found["run"]))
    return None


def _told(path: str, text: bytes) -> list[bytes]:
    return nodes_of(text) if path.endswith("gpu_nodes.descr") else []


def _notes(texts: Mapping[str, bytes]) -> Notes:
    if any(_told(path, text) for path, text in texts.items()):
        return Notes()
    nodes = Problem(
        what="list Node",
        why="not-collected",
        detail="a GPU Operator's must-gather holds nodes as the text of `kubectl describe` only, and it tells none",
        fix="add them: kubectl get nodes -o json",
        kinds=("Node",),
    )
    return Notes(problems=(nodes,))


GPU_OPERATOR = Tool(
    name="GPU Operator must-gather",
    sign=re.compile(r"(?P<root>(?:.*/)?)gpu_operand_(?:pods|ds)\.yaml"),
    scope=_scope,
    log=_log,
    texts=re.compile(r"(?:.*/)?gpu_nodes\.(?:labels|descr)"),
    notes=_notes,
    told=_told,
)
