"""APP201 to APP203 and NET102: nodes that are not Ready, and what they take with them."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import Named, rule
from diag.facts.folding import fold
from diag.facts.nodes import AUTOMATIC_TAINT_PREFIX, gpus, ready
from diag.facts.pods import condition
from diag.facts.times import age_s
from diag.facts.virtual_clusters import FAKE
from diag.findings import Because, Evidence, Finding, Question, Ref, Remedy, Severity
from diag.projection import Condition
from diag.snapshot.kinds import Lease, Node, Pod
from diag.trouble.groups import Group
from diag.vocab.network import PLUGINS

JOINING_S = 5 * 60
REPLACED_S = 10 * 60  # a replacement that no scheduler has looked at for longer waits for another reason
ALIVE_S = 60.0  # somebody else on the node has written so much later than the kubelet
SHUTDOWN = ("NodeShutdown", "Terminated", "Shutdown")  # status.reason of pods that the node's shutdown ended
BY_TAINT = "DeletionByTaintManager"  # reason of DisruptionTarget (kubernetes/kubernetes pkg/controller/tainteviction)
MAX_NODES = 8
LEASE_NAMESPACE = "kube-node-lease"
# What a kubelet says that has found a fault, not one that is still starting (kubernetes/kubernetes
# pkg/kubelet/kubelet.go, runtime.go and pkg/kubelet/pleg/generic.go).
RUNTIME_FAULTS = ("container runtime is down", "pleg was last seen active", "Failed to contact the container runtime")
# pkg/kubelet/runtime.go: the container runtime's NetworkReady condition is false.
NO_ROUTE = "NetworkUnavailable"  # a condition of the cloud's route controller and of network plugins
NO_NETWORK = ("NetworkPluginNotReady", "cni plugin not initialized", "cni config uninitialized")
STATED = (*RUNTIME_FAULTS, "node is shutting down", "Kubelet stopped posting node status")
# Conditions that the kubelet itself posts; any other comes from another process on the node.
KUBELET_CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")

RUNTIME = """The node's container runtime does not answer.

## What it means
The kubelet runs and reports that containerd or CRI-O is down or too slow to list its pods. Running containers may go
on, but none can be started, stopped or watched, so the node is not Ready.

## Why it happens
The runtime crashed or hangs: a full disk, too many pods, a broken configuration after an update, a restart that did
not end.

## Evidence
The node's Ready condition (False) with the kubelet's own words: `container runtime is down`, `PLEG is not healthy`.

## What to do
On the node, look at the runtime's service and its log, restart it, and drain the node if that does not help.

## Known limits
Why the runtime is down is in the node's own logs, which no object of the cluster holds.
"""

KUBELET = """The kubelet of a node does not run although the machine does.

## What it means
The kubelet stopped posting its status while something else on the same machine still writes to the node, so the
machine and its network are alive.

## Why it happens
The kubelet's service was stopped, crashes at start (a bad flag or certificate, swap, cgroups), or was killed for
memory.

## Evidence
The node's Ready condition (Unknown) with its last heartbeat, and a later heartbeat of a condition that another agent
posts.

## What to do
On the node, look at the kubelet's service and log, and start it again.

## Known limits
Where no other agent writes to the node, a dead kubelet cannot be told from a dead machine; then it is
`node-not-ready`.
"""

NETWORK = """The network plugin of a node is not ready, so the node is not Ready.

## What it means
The container runtime finds no configuration of a network plugin. No pod that needs a network of its own can start
there, and the node gets no new ones.

## Why it happens
The pod of the network plugin's DaemonSet does not run on this node: its image is not there, it crashes, it does not
tolerate the node's taints, or the node's files of it were removed.

## Evidence
The node's Ready condition (False) with the words of the runtime: `NetworkPluginNotReady`, `cni plugin not initialized`.
Where the plugin's own pod on the node is in trouble, that is the cause of this.

## What to do
Look at the pod of the network plugin on this node.

## Known limits
A node younger than five minutes is taken to be joining: the plugin's pod itself starts only after the node is there.
"""


@rule(
    "APP201",
    name="node-not-ready",
    question=Question.PLACED,
    inputs=("Pod", "Node", "coordination.k8s.io/Lease"),
    refines=("gpu-capacity-exhausted", "untolerated-taint"),
    others=(
        Named(
            id="APP202",
            name="container-runtime-down",
            page=RUNTIME,
            refines=("gpu-capacity-exhausted", "untolerated-taint"),
        ),
        Named(id="APP203", name="kubelet-down", page=KUBELET, refines=("gpu-capacity-exhausted", "untolerated-taint")),
        Named(id="NET102", name="cni-not-ready", page=NETWORK, refines=("gpu-capacity-exhausted", "untolerated-taint")),
    ),
    visits={"Node": 1},
)
def node_not_ready(ctx: Context) -> Iterator[Finding]:
    """A node is not Ready, so its pods are lost and its room cannot be used.

    ## What it means
    The control plane takes the node for broken or unreachable. Nothing new is placed there, its pods count as not
    ready, and after five minutes they are evicted.

    ## Why it happens
    The kubelet itself names a fault (Ready is False), or the control plane hears nothing from it (Ready is Unknown):
    the machine is off, the network is cut, the kubelet is dead. Many nodes at once point at the network or at the
    control plane's address.

    ## Evidence
    The Ready condition's status, reason and message, the taint that belongs to it, and the age of the node's Lease.

    ## What to do
    Look at the machine: is it on, does it answer, what do kubelet and runtime log. Replace it where it does not come
    back.

    ## Known limits
    A node younger than five minutes that states no fault is taken to be joining. Of silent nodes nothing tells the
    machine from its network.
    """
    same: dict[tuple[str, str], list[tuple[Node, Condition]]] = defaultdict(list)
    for node in ctx.snap.nodes():
        found = ready(node)
        if node.metadata.deletion_timestamp or FAKE in node.labels:  # it goes, or has no machine
            continue
        if found is None or found.status not in ("False", "Unknown"):
            cut = _without_network(ctx, node)
            if cut is not None:
                same["cni-not-ready", fold(f"{cut.reason} {cut.message}")].append((node, cut))
            continue
        if not _is_joining(ctx, node, found):
            words = fold(f"{found.status} {found.reason} {found.message}")
            same[_name(node, found), words].append((node, found))
    for (name, _), nodes in sorted(same.items()):
        yield _finding(ctx, name, nodes)


def _without_network(ctx: Context, node: Node) -> Condition | None:
    """What a Ready node says of a network that it lacks, once its network plugin has had the time to set it up."""
    said = [one for one in node.status.conditions or () if one.type == NO_ROUTE and one.status == "True"]
    return said[0] if said and ctx.older(node.created, JOINING_S) else None


def _is_joining(ctx: Context, node: Node, found: Condition) -> bool:
    age = ctx.age(node.created)
    return age is not None and age <= JOINING_S and not any(words in (found.message or "") for words in STATED)


def _name(node: Node, found: Condition) -> str:
    if found.status == "False" and any(words in (found.message or "") for words in RUNTIME_FAULTS):
        return "container-runtime-down"
    if found.status == "False" and any(words in (found.message or "") for words in NO_NETWORK):
        return "cni-not-ready"
    if found.status == "Unknown" and _other_heartbeat(node, found) is not None:
        return "kubelet-down"
    return "node-not-ready"


def _other_heartbeat(node: Node, found: Condition) -> int | None:
    """The place of a condition that another process on the node posted clearly after the kubelet fell silent."""
    for index, other in enumerate(node.status.conditions or ()):
        if other.type in KUBELET_CONDITIONS or other.status == "Unknown":
            continue
        later = age_s(found.last_heartbeat_time, other.last_heartbeat_time)
        if later is not None and later > ALIVE_S:
            return index
    return None


def _finding(ctx: Context, name: str, nodes: list[tuple[Node, Condition]]) -> Finding:
    first, found = nodes[0]
    names = frozenset(node.name for node, _ in nodes)
    cut = found.type == NO_ROUTE  # the machine is well, and so is what runs there
    lost = 0 if cut else sum(gpus(node) for node, _ in nodes)
    evidence = _evidence(ctx, first, found)
    held = 0 if cut else sum(1 for node, _ in nodes for pod in ctx.snap.pods_on(node.name) if _is_ready(pod))
    waiting = _kept_off(ctx, names, evidence[0])
    accounts_for = tuple(waiting if cut else (*waiting, *_consequences(ctx, names, evidence[0])))
    said = (
        f"{found.reason or 'no reason given'}: {found.message}" if found.message else found.reason or "no reason given"
    )
    many = f", like {len(nodes) - 1} more nodes" if len(nodes) > 1 else ""
    counts = [f"{lost} GPUs are lost"] if lost else []
    counts += [f"{held} pods there still count as ready and are held by it"] if held else []
    state = f"has no network ({NO_ROUTE})" if cut else f"is not Ready ({found.status})"
    summary = "; ".join((f"{state}{many}: {said.rstrip('.')}", *counts))
    return Finding(
        name=name,
        subject=first.ref,
        members=tuple(node.ref for node, _ in nodes[1:]),
        summary=summary,
        evidence=evidence,
        accounts_for=accounts_for,
        severity=Severity.ERROR if accounts_for or lost or held else Severity.WARNING,
        since=min((one.last_transition_time for _, one in nodes if one.last_transition_time), default=None),
        gpus_lost=lost,
        needs=_network_plugins(ctx, names) if name == "cni-not-ready" else (),
        remedies=_remedies(name, first),
    )


def _network_plugins(ctx: Context, names: frozenset[str]) -> tuple[Ref, ...]:
    """The workloads whose pods should set up the network of these nodes, and are not ready there."""
    there = [pod for name in sorted(names)[:MAX_NODES] for pod in ctx.snap.pods_on(name)]
    return tuple(
        dict.fromkeys(ctx.workload(pod).ref for pod in there if PLUGINS.search(pod.name) and not _is_ready(pod))
    )


def _is_ready(pod: Pod) -> bool:
    found = condition(pod, "Ready")
    return pod.status.phase == "Running" and found is not None and found.status == "True"


def _evidence(ctx: Context, node: Node, found: Condition) -> tuple[Evidence, *tuple[Evidence, ...]]:
    place = next(index for index, one in enumerate(node.status.conditions or ()) if one is found)
    path = f"status.conditions[{place}]"
    parts = [part for part in ("reason", "message", "lastHeartbeatTime") if _part(found, part)]
    more: list[Evidence] = [ctx.cite(node, f"{path}.{part}") for part in parts]
    for index, taint in enumerate(node.spec.taints or ()):
        if taint.key and taint.key.startswith(AUTOMATIC_TAINT_PREFIX):
            more.append(ctx.cite(node, f"spec.taints[{index}].key"))
    other = _other_heartbeat(node, found) if found.status == "Unknown" else None
    if other is not None:
        more.append(ctx.cite(node, f"status.conditions[{other}].lastHeartbeatTime"))
    lease = ctx.snap.get("coordination.k8s.io/Lease", LEASE_NAMESPACE, node.name)
    if found.status == "Unknown" and isinstance(lease, Lease) and isinstance(lease.spec.renew_time, str):
        more.append(ctx.cite(lease, "spec.renewTime"))
    return (ctx.cite(node, f"{path}.status"), *more)


def _part(found: Condition, part: str) -> str | None:
    """A text of a condition by its name in the object."""
    return {"reason": found.reason, "message": found.message, "lastHeartbeatTime": found.last_heartbeat_time}[part]


def _consequences(ctx: Context, names: frozenset[str], proof: Evidence) -> Iterator[Because]:
    for group in ctx.groups("container-not-ready", "pod-stuck-terminating"):
        there = [pod for pod in group.members if isinstance(pod, Pod) and pod.spec.node_name in names]
        if there:
            yield _because(ctx, group, there, proof)
    for group in ctx.groups("pod-evicted"):
        evicted = [pod for pod in group.members if isinstance(pod, Pod) and _was_taken_off(pod, names)]
        if evicted:
            yield _because(ctx, group, evicted, proof)
    for group in ctx.groups("pod-unscheduled"):
        replaced = _replaced(ctx, group, names) if group.state == "not looked at" else None
        if replaced is not None:
            yield replaced


def _kept_off(ctx: Context, names: frozenset[str], proof: Evidence) -> Iterator[Because]:
    """Pods that wait, and would fit there."""
    for charged in ctx.pools.charged_to(names):
        some = ", ".join(node.name for node in charged.nodes[:3])
        why = f"{charged.pods} of {charged.group.size} pods would fit on {some} if it were well"
        yield Because(charged.group, why, (proof,), members=charged.pods)


def _was_taken_off(pod: Pod, names: frozenset[str]) -> bool:
    """Whether a pod was evicted for the taint that its node has for not being Ready, or ended as the node shut down."""
    target = condition(pod, "DisruptionTarget")
    taken = target is not None and target.reason == BY_TAINT
    return pod.spec.node_name in names and (taken or pod.status.reason in SHUTDOWN)


def _because(ctx: Context, group: Group, there: list[Pod], proof: Evidence) -> Because:
    where = f"{len({pod.spec.node_name for pod in there})} nodes that are not Ready"
    verb = "ran" if there[0].status.phase == "Failed" else "run"
    why = f"{len(there)} pods {verb} on {where}, {there[0].name} on {there[0].spec.node_name}"
    members = None if len(there) == len(group.members) else len(there)
    return Because(group, why, (ctx.cite(there[0], "spec.nodeName"), proof), members=members)


def _replaced(ctx: Context, group: Group, names: frozenset[str]) -> Because | None:
    """New pods that stand in for some that were taken off these nodes moments ago."""
    owner = ctx.snap.owner_of(group.first)
    if owner is None or ctx.older(group.first.created, REPLACED_S):
        return None
    gone = [pod for pod in ctx.snap.pods_of(owner) if pod.metadata.deletion_timestamp and pod.spec.node_name in names]
    if not gone:
        return None
    evidence = (ctx.cite(gone[0], "metadata.deletionTimestamp"), ctx.cite(gone[0], "spec.nodeName"))
    return Because(group, f"it replaces {gone[0].name}, which is being removed from {gone[0].spec.node_name}", evidence)


def _remedies(name: str, node: Node) -> tuple[Remedy, ...]:
    describe = Remedy(
        text=f"look at what the node and its events say of {node.name}",
        command=f"kubectl describe node {node.name}",
        who="platform",
    )
    by_name = {
        "container-runtime-down": "on the node, look at the container runtime's service and log and restart it",
        "cni-not-ready": "see why the pod of the network plugin's DaemonSet does not run on the node",
        "kubelet-down": "on the node, look at the kubelet's service and log and start it again",
        "node-not-ready": "restart or replace the machine, if it is off or unreachable and does not come back",
    }
    return (describe, Remedy(text=by_name[name], who="platform", risk="disruptive"))
