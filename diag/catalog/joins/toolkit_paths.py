"""Where NVIDIA's container toolkit writes the configuration of a node's container runtime."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.facts.entries import entries
from diag.findings import Evidence
from diag.projection import Object
from diag.snapshot.cite import value_at
from diag.vocab.operands import CLUSTER_POLICY

# NVIDIA/nvidia-container-toolkit cmd/nvidia-ctk-installer: variables that name a configuration or a socket.
VARIABLES = ("CONTAINERD_CONFIG", "CONTAINERD_SOCKET", "RUNTIME_CONFIG", "RUNTIME_SOCKET", "RUNTIME_DROP_IN_CONFIG")
MOUNTED = "/runtime/"  # NVIDIA/gpu-operator mounts the host's folders there: not a path of the host

Path = tuple[Evidence, str]


def written_paths(ctx: Context, toolkit: Object) -> list[Path]:
    """Paths of the host that a toolkit's DaemonSet (or pod) or its ClusterPolicy names, each with its evidence."""
    spec = "spec.template.spec" if toolkit.kind == "DaemonSet" else "spec"
    paths = [*_volumes(ctx, toolkit, f"{spec}.volumes"), *_containers(ctx, toolkit, f"{spec}.containers")]
    for policy in ctx.snap.all(CLUSTER_POLICY):
        paths += _variables(ctx, policy, "spec.toolkit.env")
    return paths


def _volumes(ctx: Context, item: Object, at: str) -> Iterator[Path]:
    for path, _ in entries(item, at):
        found = value_at(item.whole, f"{path}.hostPath.path")
        if isinstance(found, str) and "containerd" in found:
            yield ctx.cite(item, f"{path}.hostPath.path"), found


def _containers(ctx: Context, item: Object, at: str) -> Iterator[Path]:
    for path, _ in entries(item, at):
        yield from _variables(ctx, item, f"{path}.env")


def _variables(ctx: Context, item: Object, at: str) -> Iterator[Path]:
    for path, variable in entries(item, at):
        found = variable.get("value")
        if variable.get("name") in VARIABLES and isinstance(found, str) and not found.startswith(MOUNTED):
            yield ctx.cite(item, f"{path}.value"), found
