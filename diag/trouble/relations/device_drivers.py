"""What keeps a driver of claimed devices (DRA) from its work, and the pods whose claims nobody prepares then."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from diag.findings import Because, Charge
from diag.snapshot.cite import cite
from diag.snapshot.kinds import Event, Pod
from diag.trouble.groups import Group
from diag.trouble.relations.operands import FAILING, is_dra_driver

if TYPE_CHECKING:
    from diag.trouble.trouble import Trouble

REFUSED = "FailedPrepareDynamicResources"  # kubernetes/kubernetes pkg/kubelet/kubelet.go
# kubernetes/kubernetes pkg/kubelet/cm/dra; NVIDIA/k8s-dra-driver-gpu cmd/compute-domain-kubelet-plugin: what is said of
# a driver, or of the domain's daemon, that is not there.
ABSENT = re.compile(
    r"is not registered|not found in the list of registered DRA plugins|code = Unavailable|code = DeadlineExceeded"
    r"|not ready in ComputeDomain|IMEX daemon not ready"
)
# NVIDIA/k8s-dra-driver-gpu cmd/gpu-kubelet-plugin/sharing.go: it makes a Deployment of that name for such a claim.
SHARING, SHARING_WAITS = "mps-control-daemon", re.compile(r"MPS control daemon is not yet ready")
MAX_MEMBERS = 8


def charges(trouble: "Trouble") -> list[Charge]:
    """Links from a driver's pod in trouble to the pods on its node that are refused for want of it."""
    waiting = [(group, *found) for group in trouble.of("container-not-started") for found in _refused(trouble, group)]
    return [charge for group, pod, said in waiting for charge in _charges(trouble, group, pod, said)]


def _refused(trouble: "Trouble", group: Group) -> Iterator[tuple[Pod, Event]]:
    """The first pod of a group whose claim the kubelet could not have prepared, and its words."""
    for pod in group.members[:MAX_MEMBERS]:
        said = next((event for event in trouble.snap.events(pod) if event.reason == REFUSED), None)
        if isinstance(pod, Pod) and said is not None:
            yield pod, said
            return


def _charges(trouble: "Trouble", group: Group, pod: Pod, said: Event) -> Iterator[Charge]:
    if not said.text:
        return
    proof = (cite(said, said.text_path),)
    if SHARING_WAITS.search(said.text):
        for source in trouble.of("pod-not-created"):
            if source.workload.name.startswith(SHARING):
                why = f"{pod.name} shares its GPU by MPS and waits for {source.workload.name}, which has no pod"
                yield Charge(source=source, because=Because(group, why, proof))
    elif ABSENT.search(said.text):
        for source in trouble.of(*FAILING):
            there = next((one for one in source.members if _serves(one, pod)), None)
            if there is not None and source is not group:
                why = (
                    f"{pod.name} waits for the device driver's pod {there.name} on the same node, {pod.spec.node_name}"
                )
                yield Charge(source=source, because=Because(group, why, (*proof, cite(there, "spec.nodeName"))))
                return


def _serves(pod: object, other: Pod) -> bool:
    return isinstance(pod, Pod) and pod.spec.node_name == other.spec.node_name and is_dra_driver(pod)
