"""DEV160 to DEV164: a change of a node's MIG devices that failed or stopped half-way."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.mig_configs import LABEL, MigConfigs
from diag.catalog.rule import Named, rule
from diag.facts.nodes import allocatable, ready
from diag.facts.pods import statuses
from diag.findings import Because, Confidence, Evidence, FieldEvidence, Finding, Proof, Question, Ref, Remedy, Severity
from diag.snapshot.cite import key
from diag.snapshot.kinds import Node, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.mig_change import change_began
from diag.trouble.relations.operands import on_node, operand_of
from diag.vocab.operands import CLUSTER_POLICY, DEPLOY, Stage

STATE = "nvidia.com/mig.config.state"
INSTANCES = "nvidia.com/mig-"
PROFILE = re.compile(r"\d+g\.\d+gb(?:\.me)?")  # in a name of mig-manager's own configurations: all-1g.10gb
PAUSED = "paused-for-mig-change"
PLACED = ("tolerations", "nodeName", "affinity")  # parts of a pod's spec that are about its node
PENDING_S = 10 * 60.0

# NVIDIA/mig-parted pkg/mig/reconfigure, cmd/nvidia-mig-parted; nvidia-smi --gpu-reset.
SIGNS = (
    ("mig-gpu-reset-blocked", re.compile(r"[Ii]n use by another client")),
    ("mig-gpu-reset-blocked", re.compile(r"could not be reset|error resetting all GPUs|in use by another process")),
    ("mig-gpu-reset-blocked", re.compile(r"(?:third-party gpu client pods|device-plugin pod) did not shutdown")),
    ("mig-config-name-unknown", re.compile(r"selected mig-config not present: ?[^\s\"]*")),
    (
        "mig-profile-name-mismatch",
        re.compile(
            r"(?:invalid|unknown|unsupported|no such) (?:MIG )?(?:profile|device type)[^\"]*"
            r"|cannot configure as a subset of any valid configuration|cannot set MIG mode on non MIG-capable GPU"
        ),
    ),
    ("mig-reboot-incomplete", re.compile(r"MIG mode change did not take effect after rebooting")),
)
TEXTS = {
    "mig-config-name-unknown": (
        "asks by its label for a MIG configuration that mig-manager's ConfigMap lacks",
        "set the label nvidia.com/mig.config to a name of the ConfigMap, or add the configuration for this GPU",
    ),
    "mig-gpu-reset-blocked": (
        "cannot reset its GPUs for the MIG change because something holds them",
        "stop what holds the GPUs (monitoring agents too), then set the label nvidia.com/mig.config again",
    ),
    "mig-profile-name-mismatch": (
        "asks for MIG devices that its GPU cannot be cut into",
        "use profiles of this GPU model in the MIG configuration, and no more of them than fit beside one another",
    ),
    "mig-reboot-incomplete": (
        "waits for a reboot that the MIG change needs",
        "reboot the node, or find out why it does not come back",
    ),
}


def _page(title: str, means: str, why: str, do: str) -> str:
    return f"""{title}

## What it means
{means}

## Why it happens
{why}

## Evidence
The node's labels {LABEL} and {STATE}, and the log of mig-manager on the node.

## What to do
{do}

## Known limits
Needs the labels of the node; which of several reasons holds is told from mig-manager's log, and without it only that
the ConfigMap lacks the name.
"""


# A pod that asks for instances which the change would make waits for the change, not for another node.
REFINES = ("gpu-resource-not-offered",)
UNCHANGED = "The node keeps the MIG devices that it had, and what was wanted of it is not there."


@rule(
    "DEV160",
    name="mig-manager-wedged",
    question=Question.OFFERS,
    inputs=("Node", "Pod", "apps/DaemonSet", "ConfigMap", CLUSTER_POLICY),
    refines=REFINES,
    others=(
        Named(
            id="DEV161",
            name="mig-config-name-unknown",
            severity=Severity.WARNING,
            refines=REFINES,
            page=_page(
                "The node's label names a MIG configuration that does not exist.",
                UNCHANGED,
                "A name written for another GPU model, or a typing error.",
                "Name a configuration of the ConfigMap, or add one.",
            ),
        ),
        Named(
            id="DEV162",
            name="mig-gpu-reset-blocked",
            severity=Severity.WARNING,
            refines=REFINES,
            page=_page(
                "A GPU cannot be reset for a MIG change because a process holds it.",
                UNCHANGED,
                "mig-manager stops only the clients that it knows; agents of others go on and hold the GPU.",
                "Stop the agent on the node during the change, or give it a deploy label that mig-manager pauses.",
            ),
        ),
        Named(
            id="DEV163",
            name="mig-profile-name-mismatch",
            severity=Severity.WARNING,
            refines=REFINES,
            page=_page(
                "The node's GPU cannot be cut into the configured MIG devices.",
                UNCHANGED,
                "Profile names carry the memory size, which differs between models; some profiles do not fit beside "
                "one another; and not every GPU has MIG.",
                "Use the profile names of this model, and a set of them that NVIDIA's table of placements holds.",
            ),
        ),
        Named(
            id="DEV164",
            name="mig-reboot-incomplete",
            severity=Severity.WARNING,
            refines=REFINES,
            page=_page(
                "A MIG change waits for a reboot of the node.",
                "Some machines take a change of MIG mode only with a reboot, which has not happened.",
                "The reboot was refused, or the node did not come back.",
                "Reboot the node.",
            ),
        ),
    ),
    visits={"Node": 1, "ConfigMap": 1},
)
def mig_change_unfinished(ctx: Context) -> Iterator[Finding]:
    """A MIG change stopped half-way and left the node's GPU clients switched off.

    ## What it means
    mig-manager had paused device plugin and monitoring for the change, and does not go on: the labels still say
    `paused-for-mig-change`, so the plugin stays away and the node offers no GPU.

    ## Why it happens
    mig-manager was killed (out of memory, restarted) in the middle, and does not take an unfinished change up again.

    ## Evidence
    The deploy labels and `nvidia.com/mig.config.state=pending`, and the last end of mig-manager's container.

    ## What to do
    Set the node's mig.config label anew, or the paused labels back to `true`.

    ## Known limits
    A change that runs for less than ten minutes is taken to be under way.
    """
    configs = MigConfigs(ctx)
    for node in ctx.snap.nodes():
        state = node.labels.get(STATE)
        if state not in ("failed", "pending", "rebooting") or LABEL not in node.labels:
            continue
        manager = next(
            (pod for one, pod in on_node(ctx.snap.pods_on(node.name)) if one.stage is Stage.PARTITIONS), None
        )
        paused = sorted(label for label, value in node.labels.items() if label.startswith(DEPLOY) and PAUSED in value)
        halted = state == "pending" or (state == "rebooting" and manager is not None and _was_killed(manager))
        if paused and halted:
            if manager is not None and not _has_just_begun(ctx, manager):
                yield from _wedged(ctx, node, manager, paused)
        elif state == "failed" or (state == "rebooting" and _stands_still(ctx, node)):
            yield from _failed(ctx, node, manager, configs)


def _was_killed(manager: Pod) -> bool:
    """Whether mig-manager was killed for its memory; a reboot ends it, too, in other ways."""
    last = [status.last_state.terminated for _, status in statuses(manager) if status.last_state]
    return any(one is not None and one.reason == "OOMKilled" for one in last)


def _has_just_begun(ctx: Context, manager: Pod) -> bool:
    """Whether mig-manager itself says that it began the change some minutes ago."""
    began = [change_began(ctx.snap.log(manager, status.name or "")) for _, status in statuses(manager)]
    return any(time and not ctx.older(time, PENDING_S) for time in began)


def _stands_still(ctx: Context, node: Node) -> bool:
    """Whether a node that is to reboot has neither gone nor come back within the last minutes."""
    found = ready(node)
    changed = found.last_transition_time if found is not None else None
    return changed is None or ctx.older(changed, PENDING_S)


class _Told(NamedTuple):
    """What a line of mig-manager's log, or its ConfigMap, says, and the cause that it names."""

    name: str
    line: str
    evidence: Evidence


def _told(ctx: Context, manager: Pod | None) -> _Told | None:
    """The last line of mig-manager that names a cause."""
    if manager is None:
        return None
    for _, status in statuses(manager):
        for previous in (False, True):
            lines = ctx.snap.log(manager, status.name or "", previous=previous)
            for name, pattern in SIGNS:
                for number in range(len(lines), 0, -1):
                    if found := pattern.search(lines[number - 1]):
                        proof = ctx.cite_log(manager, status.name or "", number, previous=previous)
                        return _Told(name, found[0], proof)
    return None


def _failed(ctx: Context, node: Node, manager: Pod | None, configs: MigConfigs) -> Iterator[Finding]:
    state = node.labels[STATE]
    told, confidence = _told(ctx, manager), Confidence.LIKELY
    if told is None and state != "rebooting":
        unknown = configs.lacking(node, manager)
        if unknown is None:
            return
        told = _Told("mig-config-name-unknown", unknown.words, unknown.evidence)
        confidence = unknown.confidence
    name = told.name if told is not None and state == "failed" else "mig-reboot-incomplete"
    words, remedy = TEXTS[name]
    labels = [ctx.cite(node, f"metadata.labels{key(label)}") for label in (STATE, LABEL)]
    evidence: Proof = (labels[0], labels[1], *((told.evidence,) if told else ()))
    holder = _holder(ctx, node) if name == "mig-gpu-reset-blocked" else None
    if holder:  # the one to stop is known, so it is the object to change
        words = f"holds GPUs of {node.name}, which cannot be reset for the MIG change"
    said = f": {told.line}" if told else ""
    yield Finding(
        name=name,
        subject=holder[0] if holder else node.ref,
        summary=f"{words} ({LABEL}={node.labels[LABEL]}, state {state}){said}",
        evidence=(*evidence, holder[1]) if holder else evidence,
        accounts_for=(
            *(Because(group, words, evidence) for group in _without_gpus(ctx, node) if state == "rebooting"),
            *_waiting(ctx, node, f"its MIG change is not done: {words}", evidence),
        ),
        confidence=confidence,
        severity=Severity.WARNING,
        remedies=(Remedy(text=remedy, who="platform"),),
    )


def _holder(ctx: Context, node: Node) -> tuple[Ref, Evidence] | None:
    """The one client of GPUs on the node that is neither an operand nor asks for a GPU: an agent that looks at them."""
    found = {}
    for pod in ctx.snap.pods_on(node.name):
        owner = ctx.snap.owner_of(pod)
        if owner is None or owner.kind != "DaemonSet" or operand_of(pod) is not None or pod.status.phase != "Running":
            continue
        if any(word in _parts(pod.whole, *PLACED) for word in ("nvidia", "/dev/dri")) or _picks_gpu_nodes(owner.whole):
            found[owner.ref] = pod
    if len(found) != 1:
        return None
    ref, pod = next(iter(found.items()))
    return ref, ctx.cite(pod, "spec.nodeName")


def _picks_gpu_nodes(owner: dict[str, object]) -> bool:
    spec = owner.get("spec")
    template = spec.get("template") if isinstance(spec, dict) else None
    return isinstance(template, dict) and "nvidia.com/gpu" in _parts(template, "tolerations")


def _parts(whole: dict[str, object], *without: str) -> str:
    """A pod's spec without some parts. Who tolerates the taint of GPU nodes, or runs on one, need not touch a GPU."""
    spec = whole.get("spec")
    return str({part: said for part, said in spec.items() if part not in without} if isinstance(spec, dict) else spec)


def _wedged(ctx: Context, node: Node, manager: Pod, paused: list[str]) -> Iterator[Finding]:
    groups = _without_gpus(ctx, node)
    ended: list[FieldEvidence] = []
    for path, status in statuses(manager):
        last = status.last_state.terminated if status.last_state else None
        if last is not None and last.reason:
            ended.append(ctx.cite(manager, f"{path}.lastState.terminated.reason"))
    long_ago = ctx.older(manager.created, PENDING_S)
    if not ended and not (long_ago and groups):
        return
    labels: list[Evidence] = [ctx.cite(node, f"metadata.labels{key(label)}") for label in (paused[0], STATE, LABEL)]
    why = f"; mig-manager was restarted meanwhile ({ended[0].value})" if ended else ""
    words = f"{len(paused)} of its GPU clients are {PAUSED} and the change is still {node.labels[STATE]}{why}"
    labels += ended
    evidence: Proof = (labels[0], *labels[1:])
    yield Finding(
        name="mig-manager-wedged",
        subject=node.ref,
        summary=words,
        evidence=evidence,
        accounts_for=(
            *(Because(group, words, evidence) for group in groups),
            *_waiting(ctx, node, f"its MIG change is not done: {words}", evidence),
        ),
        confidence=None if ended else Confidence.LIKELY,
        remedies=(
            Remedy(
                text=f"take the label {LABEL} off the node: mig-manager acts on a change of it only, and not on the "
                "value that it has",
                command=f"kubectl label node {node.name} {LABEL}-",
                who="platform",
                risk="disruptive",
            ),
            Remedy(
                text="then set it anew, so that mig-manager does the change again; or set the paused labels back to "
                "true",
                command=f"kubectl label node {node.name} {LABEL}={node.labels[LABEL]} --overwrite",
                who="platform",
                risk="disruptive",
            ),
        ),
    )


def _without_gpus(ctx: Context, node: Node) -> list[Group]:
    return [group for group in ctx.groups("node-without-gpus") if group.first.name == node.name]


def _waiting(ctx: Context, node: Node, why: str, proof: Proof) -> Iterator[Because]:
    """Pods that ask for instances which no node offers, and which the wanted configuration would make."""
    wanted = node.labels[LABEL]
    offered = {resource for one in ctx.snap.nodes() for resource, count in allocatable(one).items() if count}
    for group in ctx.groups("pod-unscheduled"):
        for resource in group.shape.requests if group.shape else ():
            profile = resource.removeprefix(INSTANCES)
            named = PROFILE.search(wanted)
            if resource not in offered and resource != profile and (named is None or named[0] == profile):
                yield Because(group, f"{node.name} would offer {resource}, but {why}", proof)
