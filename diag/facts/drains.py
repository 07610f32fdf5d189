"""Which signs say that a node is being emptied, and which pods a drain has to move.

A cordon alone is no sign: people cordon nodes for many reasons.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.projection import Object, dicts
from diag.snapshot.cite import key
from diag.snapshot.kinds import Event, Node, Pod
from diag.vocab import drains
from diag.vocab.kubernetes import TAINT_UNSCHEDULABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One sign of a drain: where it is said, in which words, and whether it says that the drain does not get on."""

    item: Object
    path: str
    words: str
    failed: bool
    since: str | None = None


def cordoned_at(node: Node) -> str | None:
    """When the node was cordoned, as the node lifecycle controller noted it on the taint."""
    taints = (taint for taint in node.spec.taints or () if taint.key == TAINT_UNSCHEDULABLE)
    return next((taint.time_added for taint in taints if taint.time_added), None)


def is_parked(node: Node) -> bool:
    """Whether k8s-shredder keeps the node closed until its upgrade."""
    return node.labels.get(drains.PARKING) == drains.PARKED


def signs_on(node: Node) -> Iterator[Sign]:
    """What the node's own labels, taints and annotations say."""
    for label in drains.UPGRADE_STATES:
        state = node.labels.get(label, "")
        if state in (*drains.EMPTYING, drains.UPGRADE_FAILED):
            failed = state == drains.UPGRADE_FAILED
            yield Sign(item=node, path=f"metadata.labels{key(label)}", words=f"{label} is {state}", failed=failed)
    for index, taint in enumerate(node.spec.taints or ()):
        if taint.key in drains.DRAIN_TAINTS:
            words = f"it carries the taint {taint.key}"
            yield Sign(item=node, path=f"spec.taints[{index}].key", words=words, failed=False, since=taint.time_added)
    notes = node.annotations
    wanted, applied = notes.get(drains.MCO_DESIRED_DRAIN, ""), notes.get(drains.MCO_APPLIED_DRAIN, "")
    if wanted.startswith("drain-") and wanted != applied:
        path = f"metadata.annotations{key(drains.MCO_DESIRED_DRAIN)}"
        yield Sign(item=node, path=path, words="its machine configuration asks for a drain", failed=False)
    if drains.KURED_REBOOTING in notes:
        path = f"metadata.annotations{key(drains.KURED_REBOOTING)}"
        yield Sign(item=node, path=path, words="kured is about to reboot it", failed=False)


def sign_of_event(event: Event) -> Sign | None:
    """A refused or failed drain, told by an event on the node."""
    if event.reason == drains.FAILED_DRAINING or (event.type != "Normal" and drains.REFUSED.search(event.text[:4096])):
        path = event.text_path if event.text else "reason"
        words = event.text or event.reason or ""
        return Sign(item=event, path=path, words=words, failed=True, since=event.last_seen)
    return None


def drained_node(machine: Object) -> tuple[str, Sign] | None:
    """The node that a Machine of Cluster API is being drained of, with the sign; None while it is not."""
    status = machine.whole.get("status")
    reference = status.get("nodeRef") if isinstance(status, dict) else None
    name = reference.get("name") if isinstance(reference, dict) else None
    if not isinstance(name, str) or not machine.metadata.deletion_timestamp or not isinstance(status, dict):
        return None
    conditions = status.get("conditions")
    for index, found in enumerate(conditions if isinstance(conditions, list) else ()):
        if dicts([found]) and found.get("type") == drains.DELETING and found.get("reason") == drains.DRAINING_NODE:
            message = found.get("message")
            part = "message" if isinstance(message, str) and message else "reason"
            words = message if part == "message" else drains.DRAINING_NODE
            since = found.get("lastTransitionTime")
            return name, Sign(
                item=machine,
                path=f"status.conditions[{index}].{part}",
                words=str(words),
                failed="cannot evict pod" in str(words),
                since=since if isinstance(since, str) else None,
            )
    return None


def is_to_be_moved(pod: Pod) -> bool:
    """Whether a drain has to move the pod: it has not ended, is not going, and no DaemonSet or file puts it back."""
    if pod.status.phase in ("Succeeded", "Failed") or pod.metadata.deletion_timestamp:
        return False
    if drains.MIRROR_POD in pod.annotations:
        return False
    return all(owner.kind not in ("DaemonSet", "Node") for owner in pod.owners)
