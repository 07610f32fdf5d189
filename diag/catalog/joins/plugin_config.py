"""Which configuration NVIDIA's device plugin asks for, by what, and which ones its ConfigMap has.

NVIDIA/k8s-device-plugin cmd/config-manager: the node's label, else the default, names a file of the folder that holds
the ConfigMap. NVIDIA/gpu-operator: the ClusterPolicy names the ConfigMap and the default.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from diag.catalog.signature import Found, Look
from diag.facts.words import listed, nearest
from diag.findings import Evidence
from diag.projection import Object, dicts
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Pod
from diag.vocab.operands import CLUSTER_POLICY

if TYPE_CHECKING:
    from diag.catalog.context import Context
    from diag.catalog.texts import Text

CONFIG = "spec.devicePlugin.config"
LABEL = "nvidia.com/device-plugin.config"
MANAGER = "config-manager"  # also `config-manager-init`: beside the plugin and GPU feature discovery
FOLDER, DEFAULT = "CONFIG_FILE_SRCDIR", "DEFAULT_CONFIG"  # its variables
MAX_KEYS = 8
ANY = 0.0  # a key is the nearest one however far it is


def _configs(ctx: "Context", text: "Text", said: Mapping[str, str]) -> Found:
    """By what the configuration is asked for, and the keys that the ConfigMap has."""
    pod, config = text.member, said["config"]
    if not isinstance(pod, Pod):
        return Found()
    by, where, asked = _asker(ctx, pod, config)
    item = config_map(ctx, pod)
    data = item.whole.get("data") if item is not None else None
    if item is None or not isinstance(data, dict) or not data:
        return Found(words={"by": by, "where": where}, evidence=asked)
    name, keys = f"ConfigMap {item.namespace}/{item.name}", sorted(map(str, data))
    if config in data:
        return Found(words={"by": by, "where": where, "keys": f" ({name} has it by now)"}, evidence=asked)
    near = nearest(config, keys, cutoff=ANY) or keys[0]
    shown = listed(keys, MAX_KEYS)
    cited: tuple[Evidence, ...] = (
        ctx.compute(f"keys of {name}", shown, [ctx.cite(item, "metadata.name")]),
        ctx.lack(item, f"data{key(config)}"),
    )
    has = f"has {shown}" + (f"; the nearest is {near}" if len(keys) > 1 else "")
    return Found(
        words={"by": by, "where": where, "keys": f" ({name} {has})", "to": f"a key of {name}, such as {near}"},
        evidence=(*asked, *cited),
    )


def _asker(ctx: "Context", pod: Pod, config: str) -> tuple[str, str, tuple[Evidence, ...]]:
    """What names the configuration: in words, as the place to change, and cited. The label wins over any default."""
    node = ctx.snap.node(pod.spec.node_name)
    label = f"the node's label {LABEL}"
    if node is not None and node.labels.get(LABEL) == config:
        return "its label", label, ()
    for policy in ctx.snap.all(CLUSTER_POLICY):
        if value_at(policy.whole, f"{CONFIG}.default") == config:
            place = f"{CONFIG}.default of ClusterPolicy {policy.name}"
            return f"the default of ClusterPolicy {policy.name}", place, (ctx.cite(policy, f"{CONFIG}.default"),)
    for path, value in _variables(pod, DEFAULT):
        if value == config:
            return f"the default ({DEFAULT})", f"the variable {DEFAULT} of the plugin", (ctx.cite(pod, path),)
    return "label or default", label, ()


def config_map(ctx: "Context", pod: Pod) -> Object | None:
    """The ConfigMap whose keys are the configurations, None where it is not here or several could be it.

    It is the one that is mounted where they are read; where no variable says where, the one that the config-manager
    mounts; else the one that a ClusterPolicy names.
    """
    folders = {value.rstrip("/") for _, value in _variables(pod, FOLDER)}
    named = (value_at(policy.whole, f"{CONFIG}.name") for policy in ctx.snap.all(CLUSTER_POLICY))
    names = [*_mounted(pod, folders)] or [name for name in named if isinstance(name, str) and name]
    return ctx.snap.get("ConfigMap", pod.namespace, names[0]) if len(set(names)) == 1 else None


def _mounted(pod: Pod, folders: set[str]) -> Iterator[str]:
    """Names of ConfigMaps that are mounted at these places; if there are none, of those that the manager mounts."""
    mounts = {
        str(mount.get("name"))
        for _, container in _containers(pod)
        for mount in dicts(container.get("volumeMounts"))
        if (
            str(mount.get("mountPath")).rstrip("/") in folders
            if folders
            else str(container.get("name")).startswith(MANAGER)
        )
    }
    for volume in dicts(value_at(pod.whole, "spec.volumes")):
        name = value_at(volume, "configMap.name")
        if volume.get("name") in mounts and isinstance(name, str):
            yield name


def _variables(pod: Pod, name: str) -> Iterator[tuple[str, str]]:
    """The values of a variable of any container, each with its path."""
    for path, container in _containers(pod):
        env = container.get("env")
        for place, entry in enumerate(env if isinstance(env, list) else ()):
            if dicts([entry]) and entry.get("name") == name and isinstance(entry.get("value"), str):
                yield f"{path}.env[{place}].value", entry["value"]


def _containers(pod: Pod) -> Iterator[tuple[str, dict[str, object]]]:
    for part in ("initContainers", "containers"):
        found = value_at(pod.whole, f"spec.{part}")
        for place, one in enumerate(found if isinstance(found, list) else ()):
            if isinstance(one, dict):
                yield f"spec.{part}[{place}]", one


CONFIGS = Look(
    about="what asks for the configuration (the node's label, or a default), and the keys of the ConfigMap",
    fills=("by", "where", "keys", "to"),
    find=_configs,
    blank={"by": "label or default", "where": f"the node's label {LABEL}", "to": "a key of the ConfigMap"},
)
