"""Logs of a gang in which a member failed: who ended first, and what the others still waited for, they tell.

The members that failed are read by the rules; here the others are asked for, so that they are read, too, and go into
what is saved of a cluster.
"""

from collections.abc import Iterable, Iterator

from diag.facts.gangs import together
from diag.facts.pods import PodClass, classify
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.groups import Group
from diag.trouble.relations.peers import GAVE_UP

MAX_MEMBERS = 8  # of a gang, beside those that failed


def want(snap: Snapshot, groups: Iterable[Group]) -> None:
    """Ask for the logs of the siblings of each failed member; what is not here is thereby wanted."""
    failed = {
        (pod.namespace, key): None
        for group in groups
        if group.symptom in GAVE_UP
        for pod in group.members
        if isinstance(pod, Pod) and (key := together(pod)) is not None
    }
    for namespace, key in failed:
        for pod in _members(snap, namespace, key):
            for status in pod.status.container_statuses or ():
                for previous in (True, False):
                    snap.log_lines(pod, status.name or "", previous=previous)


def _members(snap: Snapshot, namespace: str, key: tuple[str, ...]) -> Iterator[Pod]:
    """Those that did not fail, the ones in trouble first."""
    members = [pod for pod in snap.pods_by_namespace.get(namespace, ()) if together(pod) == key]
    others = [pod for pod in members if classify(pod) is not PodClass.FAILED]
    yield from sorted(others, key=lambda pod: classify(pod) is PodClass.HEALTHY)[:MAX_MEMBERS]
