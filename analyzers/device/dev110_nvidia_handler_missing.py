"""DEV110 to DEV112, DEV280: the container runtime of a node knows no handler `nvidia`."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.toolkit_paths import written_paths
from diag.catalog.rule import Named, rule
from diag.catalog.texts import MAX_MEMBERS
from diag.facts.entries import entries
from diag.facts.pods import condition, statuses
from diag.facts.times import age_s
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Event, Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.operands import on_node
from diag.vocab.operands import CLUSTER_POLICY, Stage

# containerd internal/cri/server/sandbox_run.go; cri-o internal/config (runtime handler maps).
MISSING = re.compile(r'no runtime for "nvidia[\w-]*" is configured|failed to find runtime handler nvidia[\w-]* from')
# Distributions by their mark in the kubelet's version, and words of the paths that their containerd reads.
DISTRIBUTIONS = {"+k0s": ("k0s",), "+k3s": ("k3s", "rancher"), "+rke2": ("rke2", "rancher")}
RESTARTS = ("Starting", "Rebooted")
VOLUMES = "spec.template.spec.volumes"
KUBELET = "status.nodeInfo.kubeletVersion"
MICROK8S = 'metadata.labels["microk8s.io/cluster"]'  # canonical/microk8s scripts/wrappers, set on each node
# NVIDIA/nvidia-container-toolkit cmd/nvidia-ctk-installer: the file that it writes beside containerd's configuration.
DROP_INS = "/etc/containerd/conf.d"
# In its log the path is the host's, or that in the operator's container (controllers/object_controls.go).
DROP_IN = re.compile(r"(?:/etc/containerd/conf\.d|/runtime/config-dir(?:\.d|/conf\.d))/[\w.-]{1,100}\.toml")
SETTLED_S = 60  # after the toolkit's start it writes its file and has the runtime read it

RESET = """The node's runtime configuration was written anew and lost its nvidia entry.

## What it means
GPU pods could start on the node before. Since the container toolkit last ran, kubelet and runtime were restarted with
another configuration, in which the handler `nvidia` is missing.

## Why it happens
An update of the node or of its distribution generates the runtime's configuration from a template.

## Evidence
The runtime's refusal, the time at which the toolkit's container started, and a later start of the node's kubelet.

## What to do
Restart the toolkit's pod on the node, so that it writes its entry again; keep the entry in the distribution's template.

## Known limits
The configuration itself is on the node; only the order of the starts speaks for this.
"""

NOT_CONFIGURED = """The container runtime of the node knows no handler for nvidia.

## What it means
The pod asks for the runtime class of NVIDIA, and containerd or CRI-O has no such runtime in the configuration that it
runs with.

## Why it happens
The container toolkit is not installed or not done yet, its drop-in is not imported, or the runtime was not restarted
since.

## Evidence
The kubelet's event about the pod's sandbox.

## What to do
Install the container toolkit on the node, and restart the container runtime.

## Known limits
Which of the reasons holds is in the node's configuration, which no object of the cluster shows.
"""

DROPPED = """containerd's main configuration does not import the toolkit's drop-in.

## What it means
The container toolkit has done its work and is ready: it wrote the runtime `nvidia` into a file of its own in
/etc/containerd/conf.d and had containerd read its configuration again. containerd reads only what `imports` of its main
file names, so it still knows no handler.

## Why it happens
The main configuration is a distribution's own without `imports`, lies at another place, or is of an older version than
the drop-in.

## Evidence
The runtime's refusal, later than the start of the toolkit's container, which is ready; the folder that it writes to,
from its log or the host paths of its DaemonSet; and the runtime's version.

## What to do
Add `imports = ["/etc/containerd/conf.d/*.toml"]` to the main configuration of containerd and restart it, or let the
toolkit write into the main file.

## Known limits
The configuration itself is on the node. That the runtime was not restarted at all looks alike.
"""


@rule(
    "DEV110",
    name="wrong-containerd-config-targeted",
    question=Question.STARTED,
    inputs=("Pod", "Node", "Event", "apps/DaemonSet", CLUSTER_POLICY),
    basis=Basis.SAID,
    others=(
        Named(id="DEV111", name="runtime-config-reset-by-distro", page=RESET, basis=Basis.SAID),
        Named(id="DEV112", name="nvidia-runtime-not-configured", page=NOT_CONFIGURED, basis=Basis.SAID),
        Named(id="DEV280", name="runtime-dropin-not-imported", page=DROPPED, basis=Basis.SAID),
    ),
)
def nvidia_handler_missing(ctx: Context) -> Iterator[Finding]:
    """The container toolkit configured a containerd that this node does not use.

    ## What it means
    The toolkit's pod is green, and the runtime still knows no handler `nvidia`: k0s, K3s and RKE2 run a containerd of
    their own with its configuration at a place of its own.

    ## Why it happens
    The toolkit writes to /etc/containerd unless it is told otherwise.

    ## Evidence
    The runtime's refusal, the distribution in `status.nodeInfo.kubeletVersion` or MicroK8s's label, and the paths of
    the host that the toolkit's DaemonSet, its variables or the ClusterPolicy name.

    ## What to do
    Set the toolkit's paths (CONTAINERD_CONFIG, CONTAINERD_SOCKET in spec.toolkit.env of the ClusterPolicy) to the
    distribution's.

    ## Known limits
    A distribution that neither version nor label tells is taken for a plain one.
    """
    by_node: dict[str, list[_Refused]] = defaultdict(list)
    for group in ctx.groups("container-not-started"):
        for refused in _refused(ctx, group):
            by_node[refused.pod.spec.node_name or ""].append(refused)
    for name, there in sorted(by_node.items()):
        node = ctx.snap.node(name)
        if node is not None:
            yield _finding(ctx, node, there)


class _Refused(NamedTuple):
    """A pod whose sandbox the runtime refused, and the event that says so."""

    group: Group
    pod: Pod
    event: Event


def _refused(ctx: Context, group: Group) -> Iterator[_Refused]:
    """The pod has not started, so what was said of its sandbox holds, however old."""
    for pod in group.members[:MAX_MEMBERS]:
        events = ctx.warnings(pod, "FailedCreatePodSandBox")
        said = next((event for event in events if MISSING.search(event.text)), None)
        if said is not None and isinstance(pod, Pod):
            yield _Refused(group, pod, said)


def _finding(ctx: Context, node: Node, refused: list[_Refused]) -> Finding:
    said = ctx.cite_event(refused[0].event)
    toolkit = next((pod for one, pod in on_node(ctx.snap.pods_on(node.name)) if one.stage is Stage.TOOLKIT), None)
    found = (
        _elsewhere(ctx, node, toolkit)
        or _reset(ctx, node, toolkit)
        or _not_imported(ctx, node, toolkit, refused[0].event)
    )
    if found is None:
        words = 'has a container runtime without the handler: no runtime for "nvidia" is configured'
        remedy = "install the NVIDIA container toolkit on the node, and restart its container runtime"
        found = ("nvidia-runtime-not-configured", node.ref, words, [], remedy)
    name, root, words, evidence, remedy = found
    groups = {one.group.key: one.group for one in refused}
    counts = {key: sum(one.group.key == key for one in refused) for key in groups}
    return Finding(
        name=name,
        subject=root,
        summary=words,
        evidence=(said, *evidence),
        accounts_for=tuple(
            Because(
                group,
                f"{node.name} cannot start its sandboxes: {words}",
                (said, *evidence),
                members=None if counts[key] >= min(len(group.members), MAX_MEMBERS) else counts[key],
            )
            for key, group in groups.items()
        ),
        second_sign=bool(evidence),
        confidence=Confidence.LIKELY,
        since=min((one.group.since for one in refused if one.group.since), default=None),
        remedies=(Remedy(text=remedy, who="platform"),),
    )


_Told = tuple[str, Ref, str, list[Evidence], str]


def _elsewhere(ctx: Context, node: Node, toolkit: Pod | None) -> _Told | None:
    """Whether the toolkit wrote to paths that the node's distribution does not read."""
    words, sign = _distribution(node)
    if not words or toolkit is None:
        return None
    owner = ctx.snap.owner_of(toolkit) or toolkit
    paths = written_paths(ctx, owner)
    if not paths or any(word in path for _, path in paths for word in words):
        return None
    evidence: list[Evidence] = [paths[0][0], ctx.cite(node, sign)]
    path = paths[0][1]
    words_of = f"writes the runtime's configuration to {path}, which the {words[0]} node {node.name} does not read"
    remedy = f"point the toolkit at {words[0]}'s containerd (CONTAINERD_CONFIG, CONTAINERD_SOCKET in spec.toolkit.env)"
    return ("wrong-containerd-config-targeted", owner.ref, words_of, evidence, remedy)


def _distribution(node: Node) -> tuple[tuple[str, ...], str]:
    """Words of the paths that a distribution's containerd reads, and the field that tells the distribution."""
    if value_at(node.whole, MICROK8S) == "true":
        return ("microk8s",), MICROK8S
    version = str(value_at(node.whole, KUBELET))
    return next((words for mark, words in DISTRIBUTIONS.items() if mark in version), ()), KUBELET


def _reset(ctx: Context, node: Node, toolkit: Pod | None) -> _Told | None:
    """Whether the node's kubelet was started after the toolkit had done its work."""
    if toolkit is None:
        return None
    for path, status in statuses(toolkit):
        running = status.state.running if status.state else None
        if path.startswith("status.init") or running is None or not running.started_at:
            continue
        for event in ctx.snap.events(node):
            if event.reason in RESTARTS and (event.last_seen or "") > running.started_at:
                evidence: list[Evidence] = [
                    ctx.cite_event(event),
                    ctx.cite(toolkit, f"{path}.state.running.startedAt"),
                    ctx.cite(node, "status.nodeInfo.containerRuntimeVersion"),
                ]
                words = (
                    f"was restarted ({event.text}) after the toolkit had configured its runtime at {running.started_at}"
                )
                remedy = f"restart the toolkit's pod {toolkit.name}, and keep its entry in the runtime's template"
                return ("runtime-config-reset-by-distro", node.ref, words, evidence, remedy)
    return None


def _not_imported(ctx: Context, node: Node, toolkit: Pod | None, refusal: Event) -> _Told | None:
    """Whether the toolkit, long done, wrote a drop-in, and containerd refuses all the same."""
    runtime = str(value_at(node.whole, "status.nodeInfo.containerRuntimeVersion"))
    ready = condition(toolkit, "Ready") if toolkit is not None else None
    if toolkit is None or ready is None or ready.status != "True" or not runtime.startswith("containerd://"):
        return None
    folder = _drop_in(ctx, toolkit)
    for path, status in statuses(toolkit):
        running = status.state.running if status.state else None
        lasted = age_s(running.started_at, refusal.last_seen) if running is not None else None
        if folder is not None and lasted is not None and lasted > SETTLED_S:
            evidence = [
                folder,
                ctx.cite(toolkit, f"{path}.state.running.startedAt"),
                ctx.cite(node, "status.nodeInfo.containerRuntimeVersion"),
            ]
            words = (
                f"has a container runtime that does not read the toolkit's drop-in ({DROP_INS}): the toolkit is ready, "
                f'and no runtime for "nvidia" is configured'
            )
            remedy = f'add imports = ["{DROP_INS}/*.toml"] to the main configuration of containerd, and restart it'
            return ("runtime-dropin-not-imported", node.ref, words, evidence, remedy)
    return None


def _drop_in(ctx: Context, toolkit: Pod) -> Evidence | None:
    """Where the toolkit says that it writes a drop-in: in its log, or by the host paths of its DaemonSet."""
    for _, status in statuses(toolkit):
        for previous, number, line in ctx.logs(toolkit, status.name or ""):
            if not previous and DROP_IN.search(line[:2_000]):
                return ctx.cite_log(toolkit, status.name or "", number)
    owner = ctx.snap.owner_of(toolkit)
    for place, volume in entries(owner, VOLUMES) if owner is not None else ():
        host = volume.get("hostPath")
        if owner is not None and isinstance(host, dict) and str(host.get("path")).rstrip("/") == DROP_INS:
            return ctx.cite(owner, f"{place}.hostPath.path")
    return None
