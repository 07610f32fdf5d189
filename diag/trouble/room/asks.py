"""A pod that need not exist: what somebody asks whether it would fit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from diag.facts.gpu_models import same_model
from diag.facts.gpus import is_gpu
from diag.facts.selection import required_terms
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.kinds import Node, Pod
from diag.snapshot.lenient import NotAnObject, decode
from diag.trouble.relations.template import template_of
from diag.vocab.accelerators import GPU_PRODUCT_LABEL, NVIDIA_GPU
from diag.vocab.gpu_labels import MODEL_LABELS

# Where kinds keep the template of their pods: the controllers, CronJob, LeaderWorkerSet.
TEMPLATES = (
    ("spec", "template"),
    ("spec", "jobTemplate", "spec", "template"),
    ("spec", "leaderWorkerTemplate", "workerTemplate"),
)
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What one pod asks for. None and empty: nothing, or what the pod that it is made like asks for."""

    gpus: int | None = None
    resource: str = NVIDIA_GPU
    cpu: str | None = None
    memory: str | None = None
    model: str | None = None  # of GPU, in any spelling that the nodes' labels answer to
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[Mapping[str, str]] = ()
    namespace: str = ""  # whose quotas and queues count; empty: that of the pod that it is made like
    queue: str = ""  # of Kueue or Volcano


def asked_pod(ask: Ask, nodes: Sequence[Node], like: Object | None = None) -> Pod | None:
    """A pod as asked for, made like an existing pod or the template of a controller.

    None where `like` has no template, or where its fields make no pod. What is asked for replaces what `like` asks of
    that resource; selector and tolerations are added.
    """
    spec = {} if like is None else _spec_of(like)
    if spec is None:
        return None
    spec = {key: value for key, value in spec.items() if key != "nodeName"}
    containers: list[JsonDict] = [dict(one) for one in dicts(spec.get("containers"))] or [{"name": "main"}]
    if ask.gpus is not None:
        _replace(containers, {ask.resource: str(ask.gpus)}, gpus=True)
    _replace(containers, {name: value for name in ("cpu", "memory") if (value := getattr(ask, name)) is not None})
    spec["containers"] = containers
    if ask.node_selector:
        selector = spec.get("nodeSelector")
        spec["nodeSelector"] = {**(selector if isinstance(selector, dict) else {}), **ask.node_selector}
    if ask.tolerations:
        spec["tolerations"] = [*dicts(spec.get("tolerations")), *map(dict, ask.tolerations)]
    if ask.model is not None:
        spec["affinity"] = _with_model(spec.get("affinity"), models(ask.model, nodes))
    metadata = {
        "name": "asked",
        "namespace": ask.namespace or (like.namespace if like else ""),
        "labels": like.labels if like else {},
        "annotations": like.annotations if like else {},
    }
    raw = msgspec.json.encode({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    try:
        pod, _ = decode(raw, Pod)
    except NotAnObject:
        return None
    pod.piece = msgspec.Raw(raw)
    return pod


def models(wanted: str, nodes: Sequence[Node]) -> dict[str, list[str]]:
    """Labels and values by which nodes carry the model: as written where any do, else in other spellings.

    Where no node carries it, the label of GPU feature discovery with the value as written.
    """
    present = {label: sorted({node.labels[label] for node in nodes if label in node.labels}) for label in MODEL_LABELS}
    written = _answering(present, lambda value: value.casefold() == wanted.casefold())
    return written or _answering(present, lambda value: same_model(wanted, value)) or {GPU_PRODUCT_LABEL: [wanted]}


def models_of(nodes: Sequence[Node]) -> list[str]:
    """Every value of a label that names a GPU model, each once."""
    return sorted({node.labels[label] for node in nodes for label in MODEL_LABELS if label in node.labels})


def _answering(present: Mapping[str, list[str]], answers: Callable[[str], bool]) -> dict[str, list[str]]:
    found = {label: [value for value in values if answers(value)] for label, values in present.items()}
    return {label: values for label, values in found.items() if values}


def _spec_of(item: Object) -> JsonDict | None:
    if isinstance(item, Pod):
        spec = item.whole.get("spec")
        return spec if isinstance(spec, dict) else None
    template = next(filter(None, (template_of(item, *path) for path in TEMPLATES)), None)
    return template["spec"] if template else None


def _replace(containers: list[JsonDict], wanted: Mapping[str, str], *, gpus: bool = False) -> None:
    """Ask for these amounts in the first container, and for none of the kind in any other; in place."""
    if not wanted:
        return
    for place, container in enumerate(containers):
        resources = container.get("resources")
        parts = resources if isinstance(resources, dict) else {}
        kept = {
            part: {
                name: value
                for name, value in (parts[part] if isinstance(parts.get(part), dict) else {}).items()
                if name not in wanted and not (gpus and is_gpu(name))
            }
            for part in ("limits", "requests")
        }
        kept["requests"].update({} if place else wanted)
        container["resources"] = kept


def _with_model(affinity: Any, labels: Mapping[str, list[str]]) -> JsonDict:
    """The affinity with a demand on the model in every term; the labels are alternatives."""
    affinity = affinity if isinstance(affinity, dict) else {}
    node = affinity.get("nodeAffinity")
    terms = dicts(required_terms(affinity)) or [{}]
    demands = [{"key": label, "operator": "In", "values": values} for label, values in labels.items()]
    both = [
        {**term, "matchExpressions": [*dicts(term.get("matchExpressions")), demand]}
        for term in terms
        for demand in demands
    ]
    node = {**(node if isinstance(node, dict) else {}), REQUIRED: {"nodeSelectorTerms": both}}
    return {**affinity, "nodeAffinity": node}
