"""DEV291: the device plugin is to use a configuration that its ConfigMap lacks, and no log says so."""

from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.plugin_config import CONFIG, LABEL, MANAGER, config_map
from diag.catalog.rule import rule
from diag.facts.words import listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.vocab.operands import CLUSTER_POLICY

SAID = "specified config"  # the config-manager's own words, for which there is a row in the table of plugins
MAX_SHOWN = 6


class Asked(NamedTuple):
    """A configuration's name, the object that asks for it, and where."""

    name: str
    item: Object
    path: str
    words: str


@rule(
    "DEV291",
    name="device-plugin-config-missing",
    question=Question.STARTED,
    inputs=("Pod", "Node", "ConfigMap", CLUSTER_POLICY),
    refines=("device-plugin-crashing",),
)
def plugin_config_missing(ctx: Context) -> Iterator[Finding]:
    """The ConfigMap lacks the plugin configuration that a node asks for.

    ## What it means
    The config-manager beside the device plugin ends with an error, so the plugin does not start and the node offers no
    GPU.

    ## Why it happens
    A typing error in the label, or a key of the ConfigMap that was renamed while nodes still name the old one.

    ## Evidence
    The label `nvidia.com/device-plugin.config` or the ClusterPolicy's default, the ConfigMap without that key, and the
    config-manager's container that fails.

    ## What to do
    Name a key that exists, or add it to the ConfigMap.

    ## Known limits
    Silent where the ConfigMap was not collected, and where the log says it, which another rule reads.
    """
    for group in ctx.groups("init-container-failing", "container-crashing"):
        if not (group.container or "").startswith(MANAGER):
            continue
        found: dict[tuple[str, str], list[tuple[Asked, Object]]] = {}
        for pod in group.members:
            item = config_map(ctx, pod) if isinstance(pod, Pod) else None
            asked = _asked(ctx, pod) if isinstance(pod, Pod) else None
            if item is None or asked is None or not isinstance(pod, Pod):
                continue
            keys = item.whole.get("data")
            if isinstance(keys, dict) and keys and asked.name not in keys and not _says(ctx, pod, group):
                found.setdefault((asked.name, asked.path), []).append((asked, item))
        for there in found.values():
            yield _finding(ctx, group, there)


def _asked(ctx: Context, pod: Pod) -> Asked | None:
    """What the pod's node asks for by its label, else what the operator's default is."""
    node = ctx.snap.node(pod.spec.node_name or "")
    if node is None:
        return None  # its label is not known, and would win over the default
    if node.labels.get(LABEL):
        return Asked(node.labels[LABEL], node, f"metadata.labels{key(LABEL)}", f"its label {LABEL}")
    for policy in ctx.snap.all(CLUSTER_POLICY):
        name = value_at(policy.whole, f"{CONFIG}.default")
        if isinstance(name, str) and name:
            return Asked(name, policy, f"{CONFIG}.default", f"its {CONFIG}.default")
    return None


def _says(ctx: Context, pod: Pod, group: Group) -> bool:
    return any(SAID in text for _, _, text in ctx.logs(pod, group.container or ""))


def _finding(ctx: Context, group: Group, there: list[tuple[Asked, Object]]) -> Finding:
    asked, item = there[0]
    roots = list(dict.fromkeys(one.item.ref for one, _ in there))
    keys = listed(sorted(map(str, item.whole["data"])), MAX_SHOWN)
    words = (
        f"asks by {asked.words} for the plugin configuration {asked.name}, which ConfigMap "
        f"{item.namespace}/{item.name} lacks: it has {keys}"
    )
    signs: list[Evidence] = [
        ctx.cite(asked.item, asked.path),
        ctx.compute(f"keys of {item.name}", keys, [ctx.cite(item, "metadata.name")]),
        ctx.lack(item, f"data{key(asked.name)}"),
        *group.evidence,
    ]
    proof = as_proof(signs)
    return Finding(
        subject=roots[0],
        members=tuple(roots[1:]),
        summary=words,
        evidence=proof,
        accounts_for=(Because(group, words, proof, members=len(there) if len(there) < len(group.members) else None),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text=f"name a key that exists ({keys}) in place of {asked.name}, or add {asked.name} to the ConfigMap",
                command=f"kubectl get configmap -n {item.namespace} {item.name} -o yaml",
                who="platform",
            ),
        ),
    )
