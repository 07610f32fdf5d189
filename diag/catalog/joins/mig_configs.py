"""Which MIG configurations a node may ask for by its label, as mig-manager's ConfigMaps have them.

NVIDIA/gpu-operator: the ClusterPolicy names the ConfigMap, else it is the default one. NVIDIA/mig-parted: a newer
manager writes one for each node from what its hardware can do, into the same namespace.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from diag.facts.words import listed
from diag.findings import Confidence, Evidence
from diag.projection import Object
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Node, Pod
from diag.snapshot.sources.yaml_text import yaml_value
from diag.vocab.operands import CLUSTER_POLICY

if TYPE_CHECKING:
    from diag.catalog.context import Context

LABEL = "nvidia.com/mig.config"
DEFAULT = "default-mig-parted-config"
CONFIGS = "mig-configs"
MAX_TEXT = 200_000
MAX_SHOWN = 6


class Lacking(NamedTuple):
    """A name that no configuration has."""

    words: str
    evidence: Evidence
    confidence: Confidence


class MigConfigs:
    """The configurations of all mig-managers of a cluster, read when they are first asked for."""

    def __init__(self, ctx: "Context") -> None:
        """Read nothing yet."""
        self._ctx = ctx

    @cached_property
    def _maps(self) -> dict[tuple[str, str], tuple[Object, dict[str, str]]]:
        """ConfigMaps that hold configurations, by namespace and name, with the key that holds each."""
        found = ((item, dict(_configs(item))) for item in self._ctx.snap.all("ConfigMap"))
        return {(item.namespace, item.name): (item, configs) for item, configs in found if configs}

    @cached_property
    def _named(self) -> str:
        said = (value_at(policy.whole, "spec.migManager.config.name") for policy in self._ctx.snap.all(CLUSTER_POLICY))
        return next((name for name in said if isinstance(name, str) and name), DEFAULT)

    def lacking(self, node: Node, manager: Pod | None) -> Lacking | None:
        """What a node asks for and no ConfigMap of its mig-manager has; None where that is not known."""
        wanted = node.labels.get(LABEL)
        if not wanted or manager is None or (manager.namespace, self._named) not in self._maps:
            return None
        if any(wanted in mine for (place, _), (_, mine) in self._maps.items() if place == manager.namespace):
            return None
        item, mine = self._maps[manager.namespace, self._named]
        names, where = listed(sorted(mine), MAX_SHOWN), min(mine.values())
        return Lacking(
            words=f"ConfigMap {item.name} has no {wanted}, but {names}",
            evidence=self._ctx.compute(
                f"configurations in {item.name}", names, [self._ctx.cite(item, f"data{key(where)}")]
            ),
            # Without a ConfigMap of the user's own, the manager may have read one of its making.
            confidence=Confidence.LIKELY if self._named != DEFAULT else Confidence.POSSIBLE,
        )


def _configs(item: Object) -> Iterator[tuple[str, str]]:
    """The names of MIG configurations in a ConfigMap, each with the key that holds it."""
    data = item.whole.get("data")
    for name, text in data.items() if isinstance(data, dict) else ():
        if isinstance(text, str) and CONFIGS in text and len(text) < MAX_TEXT:
            value = yaml_value(text)
            configs = value.get(CONFIGS) if isinstance(value, dict) else None
            yield from ((config, name) for config in (configs if isinstance(configs, dict) else ()))
