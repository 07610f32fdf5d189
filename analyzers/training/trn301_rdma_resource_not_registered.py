"""TRN301: pods wait for an RDMA resource that its device plugin offers on no node."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.nodes import allocatable
from diag.facts.pods import PodClass, classify, statuses
from diag.findings import Because, Confidence, Evidence, FieldEvidence, Finding, Question, Remedy, as_proof
from diag.projection import JsonDict, Object, dicts, json_value
from diag.snapshot.cite import key, value_at
from diag.snapshot.kinds import Controller, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.template import template_pod
from diag.trouble.shapes import request_path, shape_of

POLICY = "mellanox.com/NicClusterPolicy"
# Where Mellanox/network-operator keeps the configuration of its device plugins, a JSON text of pools.
PLUGINS = ("spec.rdmaSharedDevicePlugin.config", "spec.sriovDevicePlugin.config")
LISTS = ("configList", "resourceList")  # of k8s-rdma-shared-dev-plugin, of sriov-network-device-plugin
IMAGE = re.compile(r"k8s-rdma-shared-dev-plugin|sriov-network-device-plugin")
# Mellanox/k8s-rdma-shared-dev-plugin pkg/resources/resources_manager.go,
# k8snetworkplumbingwg/sriov-network-device-plugin cmd/sriovdp/manager.go
EMPTY = re.compile(
    r"no devices in device pool, (?:creating empty|skipping creating) resource server for (?P<name>[\w.-]{1,63})"
)
MAX_LINE = 2_000
MAX_NODES = 20  # that are cited


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool of a device plugin's configuration: the object and text that hold it, and what it selects, in words."""

    item: Object
    text: FieldEvidence
    selects: str


@rule(
    "TRN301",
    name="rdma-resource-not-registered",
    question=Question.PLACED,
    inputs=("Pod", "Node", "ConfigMap", "apps/DaemonSet", POLICY),
)
def rdma_resource_not_registered(ctx: Context) -> Iterator[Finding]:
    """No node offers the RDMA resource, as the pool of its plugin selects no device.

    ## What it means
    The device plugin of the network cards runs and is ready, and the pool that it keeps for this resource is empty. No
    node offers the resource, so pods that ask for it are placed nowhere, whatever GPUs are free.

    ## Why it happens
    The pool selects interfaces, device ids or link types that the nodes' cards do not have: names change with a driver,
    a kernel or another series of machines.

    ## Evidence
    The request, that no node lists the resource, the pool's selectors, and the plugin's line about its empty pool.

    ## What to do
    Select the cards that the nodes have, in the NicClusterPolicy where there is one.

    ## Known limits
    Only for pools that stand in a NicClusterPolicy or a ConfigMap. Without the plugin's line it is likely at most, and
    only possible where no plugin or not all nodes were collected. Silent where none of the plugins is well.
    """
    waiting: dict[str, list[Group]] = {}
    for group in ctx.groups("pod-unscheduled"):
        for resource in _unoffered(ctx, group):
            waiting.setdefault(resource, []).append(group)
    plugins = list(_plugins(ctx)) if waiting else []
    if plugins and not any(classify(pod) is PodClass.HEALTHY for pod in plugins):
        return
    for resource, groups in waiting.items():
        for pool in islice(_pools(ctx, *resource.split("/", 1)), 1):
            yield from (_finding(ctx, group, resource, pool, plugins) for group in groups)


def _unoffered(ctx: Context, group: Group) -> Iterator[str]:
    """Resources of some plugin that the scheduler finds nowhere and that no node lists."""
    requests, nodes = shape_of(group.first).requests if isinstance(group.first, Pod) else {}, ctx.place.snap.nodes
    for resource in sorted(requests):
        short = "/" in resource and re.search(rf"Insufficient {re.escape(resource)}(?![\w/-])", group.message)
        if short and nodes and not any(allocatable(node).get(resource) for node in nodes):
            yield resource


def _pools(ctx: Context, prefix: str, name: str) -> Iterator[Pool]:
    """The pools of that name, the policies' first: what an operator makes of them is not changed by hand."""
    for item in ctx.snap.all(POLICY):
        for path in PLUGINS:
            yield from _pool(ctx, item, path, prefix, name)
    for item in ctx.snap.all("ConfigMap"):
        data = item.whole.get("data")
        for entry in data if isinstance(data, dict) else ():
            yield from _pool(ctx, item, f"data{key(entry)}", prefix, name)


def _pool(ctx: Context, item: Object, path: str, prefix: str, name: str) -> Iterator[Pool]:
    text = value_at(item.whole, path)
    held = json_value(text.encode()) if isinstance(text, str) and name in text else None
    for one in (one for part in LISTS for one in dicts(held.get(part) if isinstance(held, dict) else None)):
        if one.get("resourceName") == name and one.get("resourcePrefix") in (None, "", prefix):
            yield Pool(item=item, text=ctx.cite(item, path), selects=_words(one))


def _words(pool: JsonDict) -> str:
    """What a pool selects: `selectors` is a map or a list of maps, `devices` the older form (names of interfaces)."""
    selectors = pool.get("selectors")
    chosen = dicts(selectors if isinstance(selectors, list) else [selectors, {"devices": pool.get("devices")}])
    parts = [
        f"{name} {', '.join(str(value) for value in values[:8])}"
        for one in chosen
        for name, values in sorted(one.items())
        if isinstance(values, list) and values
    ]
    return "; ".join(parts) or "nothing"


def _plugins(ctx: Context) -> Iterator[Pod]:
    for item in ctx.snap.all("apps/DaemonSet"):
        pod = template_pod(item) if isinstance(item, Controller) else None
        if pod is not None and any(IMAGE.search(container.image or "") for container in pod.spec.containers or ()):
            yield from ctx.snap.pods_of(item)


def _heard(ctx: Context, plugins: list[Pod], name: str) -> Evidence | None:
    """A plugin's line about the empty pool."""
    for pod in plugins:
        for _, status in statuses(pod):
            for previous, number, text in ctx.logs(pod, status.name or ""):
                hit = EMPTY.search(text[:MAX_LINE])
                if hit and hit["name"] == name:
                    return ctx.cite_log(pod, status.name or "", number, previous=previous)
    return None


def _finding(ctx: Context, group: Group, resource: str, pool: Pool, plugins: list[Pod]) -> Finding:
    line = _heard(ctx, plugins, resource.partition("/")[2])
    request = request_path(group.first, resource)
    nodes = ctx.place.snap.nodes[:MAX_NODES]
    lists = [ctx.cite_or_lack(node, f"status.allocatable{key(resource)}") for node in nodes]
    proof = as_proof([
        pool.text,
        *([line] if line else []),
        ctx.compute(f"nodes that offer {resource}", 0, lists),
        *([ctx.cite(group.first, request)] if request else []),
    ])  # fmt: skip
    says = ", as its device plugin says" if line else ""
    summary = f"its pool for {resource} selects no device that a node has ({pool.selects}), so no node offers it{says}"
    what = f"{pool.item.kind} {pool.item.name}"
    return Finding(
        subject=pool.item.ref,
        summary=summary,
        evidence=as_proof((*proof, *group.evidence)),
        accounts_for=(Because(group, f"{what}: {summary}", proof),),
        confidence=_confidence(plugins, line, complete=bool(ctx.agreement(group).nodes)),
        since=group.since,
        remedies=(
            Remedy(
                text="see what the nodes offer, and which cards the plugin finds on them",
                command="kubectl get nodes -o custom-columns=NAME:.metadata.name,OFFERS:.status.allocatable",
                who="platform",
            ),
            Remedy(
                text=f"let the pool of {resource} in {what} select the cards that are there, best by deviceIDs and "
                "linkTypes: they do not change with a driver, as names do",
                who="platform",
                risk="disruptive",
            ),
        ),
    )


def _confidence(plugins: list[Pod], line: Evidence | None, *, complete: bool) -> Confidence | None:
    """How sure; `complete` says that the scheduler has counted as many nodes as were collected."""
    if line is None:
        return Confidence.LIKELY if plugins and complete else Confidence.POSSIBLE
    return None if complete else Confidence.LIKELY
