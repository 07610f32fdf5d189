"""How far the sums of a snapshot may be trusted: whose pods were read, and whether the scheduler counted the same."""

from collections.abc import Iterable, Iterator

from diag.facts.budgets import BUDGET
from diag.facts.gangs import gang_of
from diag.facts.words import listed
from diag.findings import Confidence
from diag.snapshot.snapshot import Snapshot
from diag.trouble.groups import Group
from diag.trouble.room.agreement import agreement
from diag.trouble.room.placement import Placement

SYSTEM = "kube-system"  # every cluster has pods there: where none are seen, not all namespaces were read

Doubt = tuple[Confidence, str]  # how sure an answer can be at most, and why


def doubts_of_sums(place: Placement, waiting: Iterable[Group], resources: Iterable[str]) -> list[Doubt]:
    """Every reason why what is free may not be what the snapshot says. Empty: the source says that it is complete."""
    return [*_unread(place.snap), *_disagreements(place, waiting, sorted(resources))]


def doubts_of_moves(snap: Snapshot) -> list[Doubt]:
    """Why pods that look movable may not be."""
    if not snap.holds(BUDGET):
        return [(Confidence.LIKELY, "no PodDisruptionBudgets were read: a pod that should move may be protected")]
    return []


def _unread(snap: Snapshot) -> Iterator[Doubt]:
    spaces = sorted({pod.namespace for pod in snap.pods})
    for kind in ("Node", "Pod"):
        if snap.damaged(kind):
            yield Confidence.POSSIBLE, f"a {kind} cannot be read: what it has or holds is not counted"
    assumed = [] if snap.coverage("Node") == "complete" else ["all nodes"]
    if not spaces:
        yield Confidence.POSSIBLE, "no pods were read: every node counts as empty"
    elif snap.coverage("Pod") != "complete":
        if SYSTEM in spaces:
            assumed.append("the pods of all namespaces")
        else:
            only = f"only pods of {listed(spaces)} were read"
            yield Confidence.POSSIBLE, f"{only}: what pods of other namespaces hold is not counted"
    if assumed:
        yield Confidence.LIKELY, f"it is assumed that the files hold {' and '.join(assumed)}"


def _disagreements(place: Placement, waiting: Iterable[Group], resources: list[str]) -> Iterator[Doubt]:
    """One doubt for each resource (and one for the nodes) of which the scheduler told other numbers."""
    told = set[str]()
    for group in waiting:
        for resource in resources:
            # Members of a gang are tried together, so the scheduler counts what the others would take as well.
            if group.shape is None or not group.shape.requests.get(resource) or gang_of(group.first):
                continue
            found = agreement(place, group, resource)
            about = "nodes" if found.nodes is False else resource if found.sums is False else None
            if about and about not in told:
                told.add(about)
                counted = "other nodes" if about == "nodes" else f"other nodes short of {about}"
                yield Confidence.LIKELY, f"the scheduler counted {counted} than the files show: its words may be older"
