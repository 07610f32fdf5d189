"""Pods that were not collected, and of which kube-state-metrics says that they are in trouble: a gap, and no cause."""

import shlex
from collections import defaultdict

from diag.findings import Gap
from diag.snapshot.snapshot import Snapshot
from diag.snapshot.sources.part import ONLY_METRIC
from diag.snapshot.sources.words import first_of

_PHASE = "Pending"  # the least that is said of a pod that waits


def only_in_metrics(snap: Snapshot) -> list[Gap]:
    """One gap for each way in which such pods are; none for pods of which the dump could have told.

    Where the pods of a namespace were read, one that is not among them is gone.
    """
    said: dict[str, str] = {}
    for one in snap.side:
        if one.what != ONLY_METRIC or snap.coverage("Pod", one.pod.partition("/")[0]) != "none":
            continue
        if said.get(one.pod, _PHASE) == _PHASE:
            said[one.pod] = one.value
    pods = defaultdict[str, list[str]](list)
    for pod, word in sorted(said.items()):
        pods[word].append(pod)
    return [_gap(snap.cluster, word, found) for word, found in sorted(pods.items())]


def _gap(cluster: str, word: str, pods: list[str]) -> Gap:
    spaces = {pod.partition("/")[0] for pod in pods}
    where = f"-n {shlex.quote(spaces.pop())}" if len(spaces) == 1 else "-A"
    return Gap(
        cluster=cluster,
        what=f"pods that only kube-state-metrics tells of, {word}: {first_of(pods)}",
        why="not-collected",
        fix=f"add them and their events to the dump: kubectl get pods,events {where} -o json",
        material=True,
        pods=tuple(pods),
    )
