"""DEV249 and DEV250: GPUs are to be shared, and the device plugin's configuration does not do it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diag.catalog.context import Context
from diag.catalog.joins.plugin_config import CONFIG, LABEL
from diag.catalog.joins.room import free_on, waits_for_room
from diag.catalog.rule import Named, rule
from diag.facts.nodes import allocatable
from diag.findings import Because, Confidence, Evidence, Finding, Proof, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import MISSING, key, value_at
from diag.snapshot.kinds import Node
from diag.snapshot.sources.yaml_text import yaml_value
from diag.vocab.accelerators import GPU_PRESENT_LABEL, NVIDIA_GPU
from diag.vocab.operands import CLUSTER_POLICY

STRATEGY = "nvidia.com/gpu.sharing-strategy"  # written by GPU feature discovery
STRATEGY_WORDS = ("time-slicing", "mps")
SHARED = "nvidia.com/gpu.shared"  # renameByDefault
ONE = 1000  # a GPU, in thousandths
MAX_TEXT = 100_000
MAX_KEYS = 50
# NVIDIA/k8s-device-plugin api/config/v1: which field stands under which.
STRATEGIES = ("timeSlicing", "mps")
OF_STRATEGY = ("renameByDefault", "failRequestsGreaterThanOne")
OF_RESOURCE = ("replicas",)

MISPLACED = """A field of the sharing configuration stands at the wrong place.

## What it means
The device plugin reads `sharing.timeSlicing.renameByDefault` and `…failRequestsGreaterThanOne` beside `resources`, and
`replicas` inside an entry of `resources`. Elsewhere the field has no effect, or the plugin refuses the whole file as
one with an unknown field.

## Why it happens
The indentation is off by one level, or the example was for another version of the plugin.

## Evidence
The key of the ConfigMap whose text has the field, and where it stands.

## What to do
Move the field to its place; the plugin's config-manager loads the file anew.

## Known limits
Only the fields of sharing are looked at, in ConfigMaps that a ClusterPolicy names or whose text is such a
configuration.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One named configuration: the ConfigMap, its key, and what the text says."""

    item: Object
    name: str
    value: dict[str, Any]

    @property
    def path(self) -> str:
        """Where it stands in the ConfigMap."""
        return f"data{key(self.name)}"


@rule(
    "DEV249",
    name="sharing-config-not-selected",
    question=Question.OFFERS,
    inputs=("ConfigMap", CLUSTER_POLICY, "Node", "Pod"),
    others=(Named(id="DEV250", name="sharing-config-misplaced-field", page=MISPLACED, severity=Severity.WARNING),),
    refines=("gpu-resource-not-offered", "gpu-capacity-exhausted"),
    severity=Severity.WARNING,
    visits={"ConfigMap": 1, "Node": 1},
)
def sharing_config(ctx: Context) -> Iterator[Finding]:
    """A sharing configuration exists, and the device plugin does not use it.

    ## What it means
    The ClusterPolicy names the ConfigMap, but no default of its keys, and no node names one by its label. So the plugin
    runs without a configuration, and each GPU is offered once.

    ## Why it happens
    `devicePlugin.config.default` was left out, or the nodes were to be labelled and were not.

    ## Evidence
    The ClusterPolicy's `spec.devicePlugin.config`, the ConfigMap's key, and no node with the label.

    ## What to do
    Set the default, or label the nodes that are to share their GPUs.

    ## Known limits
    Only with the GPU operator; a chart of the plugin alone says its default in arguments that are not read here.
    """
    policies = ctx.snap.all(CLUSTER_POLICY)
    maps = ctx.snap.all("ConfigMap")
    texts = [text for item in maps for text in _texts(item, named=any(_names(one, item) for one in policies))]
    for text in texts:
        stray = next(_strays(text.value), None)
        if stray is not None:
            yield _misplaced(ctx, text, stray)
    for policy in policies:
        mine = [text for text in texts if _names(policy, text.item) and _shares(text.value)]
        if mine and value_at(policy.whole, f"{CONFIG}.default") in (MISSING, None, ""):
            yield from _not_selected(ctx, policy, mine)


def _names(policy: Object, item: Object) -> bool:
    """Whether a ClusterPolicy names the ConfigMap, which lies in the operator's namespace."""
    if value_at(policy.whole, f"{CONFIG}.name") != item.name:
        return False
    return value_at(policy.whole, "status.namespace") in (MISSING, None, "", item.namespace)


def _texts(item: Object, *, named: bool) -> Iterator[Text]:
    """The plugin configurations in a ConfigMap: all of one that is named, else those that tell of sharing GPUs."""
    data = item.whole.get("data")
    for name, text in list(data.items())[:MAX_KEYS] if isinstance(data, dict) else ():
        if not isinstance(text, str) or len(text) > MAX_TEXT or not any(word in text for word in STRATEGIES):
            continue
        if not named and not ("nvidia.com/" in text and "sharing" in text and "version:" in text):
            continue
        value = yaml_value(text)
        if isinstance(value, dict):
            yield Text(item=item, name=name, value=value)


def _shares(value: dict[str, Any]) -> bool:
    sharing = value.get("sharing")
    return isinstance(sharing, dict) and any(isinstance(sharing.get(one), dict) for one in STRATEGIES)


def _strays(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields that stand where the plugin does not look, each with where it belongs."""
    yield from ((one, f"sharing.{one}") for one in STRATEGIES if one in value)
    yield from ((one, f"sharing.timeSlicing.{one}") for one in OF_STRATEGY if one in value)
    sharing = value.get("sharing")
    if isinstance(sharing, dict):
        yield from ((f"sharing.{one}", f"sharing.timeSlicing.{one}") for one in OF_STRATEGY if one in sharing)
        for strategy in STRATEGIES:
            rules = sharing.get(strategy)
            if isinstance(rules, dict):
                yield from _in_strategy(f"sharing.{strategy}", rules)


def _in_strategy(where: str, rules: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((f"{where}.{one}", f"{where}.resources[].{one}") for one in OF_RESOURCE if one in rules)
    listed = rules.get("resources")
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(one, dict):
            yield from (
                (f"{where}.resources[{index}].{word}", f"{where}.{word}") for word in OF_STRATEGY if word in one
            )


def _misplaced(ctx: Context, text: Text, stray: tuple[str, str]) -> Finding:
    place, right = stray
    cited = ctx.compute(f"where {place.rpartition('.')[2]} stands", place, [ctx.cite(text.item, text.path)])
    return Finding(
        name="sharing-config-misplaced-field",
        subject=text.item.ref,
        summary=f"has {place} in its key {text.name}, where the device plugin does not read it: it belongs at {right}",
        evidence=(cited,),
        confidence=Confidence.LIKELY,
        remedies=(
            _look(text),
            Remedy(text=f"move it to {right}, and see that the plugin loads the file", who="platform"),
        ),
    )


def _not_selected(ctx: Context, policy: Object, mine: list[Text]) -> Iterator[Finding]:
    nodes = ctx.snap.nodes()
    sharing = [node for node in nodes if GPU_PRESENT_LABEL in node.labels]
    if not sharing or any(LABEL in node.labels or node.labels.get(STRATEGY) in STRATEGY_WORDS for node in nodes):
        return
    text = mine[0]
    lacks: list[Evidence] = [ctx.lack(node, f"metadata.labels{key(LABEL)}") for node in sharing]
    proof = as_proof(
        [
            ctx.cite_or_lack(policy, f"{CONFIG}.default"),
            ctx.cite(policy, f"{CONFIG}.name"),
            ctx.compute(f"nodes with the label {LABEL}", 0, lacks),
        ]
    )
    words = f"is not in use: {policy.name} names it without a default, and no node selects a key by {LABEL}"
    yield Finding(
        subject=text.item.ref,
        summary=words,
        evidence=(*proof, ctx.cite(text.item, "metadata.name")),
        accounts_for=tuple(
            _waiting(ctx, sharing, f"the GPUs are not shared: ConfigMap {text.item.name} {words}", proof)
        ),
        confidence=Confidence.LIKELY,
        remedies=(
            _look(text),
            Remedy(
                text=f"set spec.devicePlugin.config.default of {policy.name} to {text.name}, or label nodes with it",
                command=f"kubectl label node {sharing[0].name} {LABEL}={text.name}",
                who="platform",
                risk="disruptive",
            ),
        ),
    )


def _waiting(ctx: Context, nodes: list[Node], why: str, proof: Proof) -> Iterator[Because]:
    """Pods that ask for a share, or for one GPU of a node whose GPUs are all taken: shared, it would have more."""
    for group in ctx.groups("pod-unscheduled"):
        wanted = group.shape.requests if group.shape is not None else {}
        if SHARED in wanted:
            yield Because(group, why, proof)
        elif group.shape is not None and wanted.get(NVIDIA_GPU) == ONE and waits_for_room(ctx, group):
            fitting = [node for node in ctx.place.selected(group.shape) if node in nodes]
            taken = [node for node in fitting if allocatable(node).get(NVIDIA_GPU)]
            if taken and all(ctx.place.free.get(node.name, {}).get(NVIDIA_GPU, 0) < ONE for node in taken):
                yield Because(group, why, (free_on(ctx, taken[0], NVIDIA_GPU), *proof))


def _look(text: Text) -> Remedy:
    return Remedy(
        text="look at the configuration",
        command=f"kubectl get configmap -n {text.item.namespace} {text.item.name} -o yaml",
        who="platform",
    )
