"""All that is in trouble in one snapshot, before any rule runs."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property

from diag.findings import Charge, Gap, Severity
from diag.snapshot.kinds import Node, Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.charges import charges
from diag.trouble.detect import (
    claims,
    controllers,
    creation,
    custom_resources,
    drains,
    hearsay,
    machines,
    nodes,
    parents,
    podgroups,
    pods,
    queues,
    start_order,
    starts,
    upgrades,
)
from diag.trouble.detect.nodes import is_joining, is_upgrading, lost_gpus
from diag.trouble.groups import Complaint, Group, gather
from diag.trouble.relations.operands import Failing, failing
from diag.trouble.relations.timelines import Start, Timelines
from diag.trouble.room.placement import Placement
from diag.trouble.room.pools import FaultKind, LostNode, Pools, charge
from diag.trouble.scene import STUMBLES, Scene


class Trouble:
    """Groups, placement and pools of one snapshot, each made when first asked for."""

    def __init__(self, snap: Snapshot) -> None:
        self.snap = snap
        self.scene = Scene(snap)
        self.place = Placement(snap)
        self.timelines = Timelines(snap)
        self.gaps: list[Gap] = []

    @cached_property
    def groups(self) -> list[Group]:
        """Everything in trouble now; waiters whom nodes on their way will take are `info`."""
        return [
            replace(group, severity=Severity.INFO, young=False) if self._is_served(group) else group
            for group in self._stated
        ]

    def _is_served(self, group: Group) -> bool:
        nodes = self.pools.placed.get(group.key, {})
        if not nodes or self.pools.remaining(group) > 0:
            return False
        return all(self._on_its_way(self.pools.lost[name]) for name in nodes)

    def _on_its_way(self, lost: LostNode) -> bool:
        """Whether a node that is out of use is being made ready."""
        if lost.fault is FaultKind.WITHOUT_GPUS and is_joining(self.scene, lost.node):
            return True
        return is_upgrading(lost.node) and lost.node.name not in self._drains_stuck

    @cached_property
    def _drains_stuck(self) -> set[str]:
        """Nodes that are being emptied and do not become empty: nobody waits for those with reason."""
        return {group.first.name for group in self._stated if group.symptom == "drain-stuck"}

    @cached_property
    def _stated(self) -> list[Group]:
        """Everything that status and events state."""
        scene = self.scene
        found = self._run("pods", lambda: pods.complaints(scene))
        found += self._run("controllers without pods", lambda: creation.complaints(scene))
        found += self._run("queued workloads", lambda: queues.complaints(scene))
        found += self._run("PodGroups", lambda: podgroups.complaints(scene))
        found += self._run("events", lambda: hearsay.complaints(scene))
        waiting = _by_claim(found)
        found += self._run("claims", lambda: claims.complaints(scene, waiting))
        found += self._run("nodes", lambda: nodes.complaints(scene))
        found += self._run("drains", lambda: drains.complaints(scene))
        found += self._run("upgrades", lambda: upgrades.complaints(scene))
        members = list(found)
        found += self._run("start order", lambda: start_order.complaints(scene, members))
        explained = {str(one.workload) for one in found}
        found += self._run("controllers", lambda: controllers.complaints(scene, explained))
        told = list(found)
        found += self._run("custom resources", lambda: custom_resources.complaints(scene, told))
        complaining = {str(one.workload) for one in found}
        found += self._run("starts", lambda: starts.complaints(scene, self.timelines, complaining))
        groups = gather(machines.with_machines(scene, parents.with_parents(scene, found)))
        self.gaps += [*self._without_time(groups), *self._spoiled()]
        return groups

    def _spoiled(self) -> list[Gap]:
        """Objects that a detector could not read: what is wrong with them, if anything, is unknown."""
        fix = "look at the object where it came from: kubectl get … -o yaml"
        return [
            Gap(
                cluster=self.snap.cluster,
                what=f"read {item.ref}",
                why="unreadable",
                fix=fix,
                detail=detail,
                material=True,
            )
            for item, detail in self.scene.spoiled
        ]

    def _without_time(self, groups: list[Group]) -> list[Gap]:
        """Silent trouble whose age cannot be known may be new or may be old: a gap says so."""
        silent = [group for group in groups if group.state == "not looked at" and group.since is None]
        what = "how long pods have been waiting in silence: " + ", ".join(str(group.first.ref) for group in silent[:5])
        fix = "give the time of the capture with --now, or dump whole objects with their creationTimestamp"
        return (
            [Gap(cluster=self.snap.cluster, what=what, why="capture-time-unknown", fix=fix, material=True)]
            if silent
            else []
        )

    def of(self, *symptoms: str) -> list[Group]:
        """The groups of some kinds of symptom."""
        return [group for group in self.groups if group.symptom in symptoms]

    @cached_property
    def pools(self) -> Pools:
        """Waiters charged to the nodes that are out of use."""
        waiting = [group for group in self._stated if group.symptom == "pod-unscheduled" and group.state == "refused"]
        lost = {
            group.first.name: found[:2]
            for group in self._stated
            if group.symptom == "node-without-gpus"
            and isinstance(group.first, Node)
            and (found := lost_gpus(group.first)) is not None
        }
        return charge(self.place, waiting, lost)

    @cached_property
    def failing_operands(self) -> dict[str, list[Failing]]:
        """Operands of the GPU stack in trouble, by node, in the order of their chain."""
        return failing(self.groups)

    @cached_property
    def starts(self) -> list[Start]:
        """The starts behind the groups in trouble, with where their time went."""
        return self.timelines.starts(self.groups)

    @cached_property
    def charges(self) -> list[Charge]:
        """Symptoms that cause other symptoms."""
        return charges(self)

    def _run(self, what: str, detect: Callable[[], Iterator[Complaint]]) -> list[Complaint]:
        """Run one detector; should it fail on an object, what it found before stays and a gap says so."""
        found: list[Complaint] = []
        complaints = detect()
        try:
            found.extend(complaints)
        except STUMBLES as error:
            detail = f"{type(error).__name__}: {error}"
            self.gaps.append(
                Gap(
                    cluster=self.snap.cluster,
                    what=f"looking for trouble among {what}",
                    why="error",
                    detail=detail,
                    fix="report this with the object that it stopped at (run with -v)",
                    material=True,
                )
            )
        return found


def _by_claim(complaints: Iterable[Complaint]) -> dict[tuple[str, str], list[Pod]]:
    found: dict[tuple[str, str], list[Pod]] = defaultdict(list)
    for one in complaints:
        if isinstance(one.member, Pod) and one.shape is not None:
            for claim in one.shape.claims:
                found[one.member.namespace, claim].append(one.member)
    return dict(found)
