"""Counts for the report: what was looked at and how many GPUs there are."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from diag.document import CauseRow
from diag.facts.gpus import is_gpu
from diag.facts.nodes import allocatable, capacity, is_ready

if TYPE_CHECKING:
    from diag.causes.diagnose import Diagnosis


def families(diagnoses: Sequence["Diagnosis"]) -> dict[str, int]:
    """How many rules were asked, by family: what a family without a cause was looked through with."""
    asked = {rule for diagnosis in diagnoses for rule in diagnosis.ran.asked}
    return dict(sorted(Counter(rule[:3] for rule in asked).items()))


def stats(diagnoses: Sequence["Diagnosis"], causes: Sequence[CauseRow]) -> dict[str, int]:
    """Counts over all clusters."""
    found = {"clusters": len(diagnoses), "objects": 0, "pods": 0, "nodes": 0, "groups": 0, "rules": 0}
    found |= {"gpus": 0, "gpus_allocated": 0, "gpus_free": 0}
    for diagnosis in diagnoses:
        snap, place = diagnosis.snap, diagnosis.trouble.place
        found["objects"] += sum(len(table) for table in snap.tables.values())
        found["pods"] += len(snap.pods)
        found["nodes"] += len(snap.nodes)
        found["groups"] += len(diagnosis.trouble.groups)
        found["rules"] = max(found["rules"], len(diagnosis.ran.asked))
        for node in snap.nodes:
            # What a node does not give out is not free: `diag gpus` and `diag clusters` count the same.
            is_open = is_ready(node) is not False and not node.spec.unschedulable
            used = place.used.get(node.name, {})
            for resource, amount in capacity(node).items():
                if is_gpu(resource):
                    offered = allocatable(node).get(resource, 0)
                    taken = min(used.get(resource, 0), offered)
                    found["gpus"] += amount // 1000
                    found["gpus_allocated"] += taken // 1000
                    found["gpus_free"] += max(offered - taken, 0) // 1000 if is_open else 0
    for severity in ("error", "warning", "info"):
        found[f"{severity}s" if severity != "info" else "infos"] = sum(cause.severity == severity for cause in causes)
    return found
