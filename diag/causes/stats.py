"""Counts for the report: what was looked at and how many GPUs there are."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from diag.causes.devices import OPEN, devices_of, node_state
from diag.causes.driven import driven
from diag.document import CauseRow

if TYPE_CHECKING:
    from diag.causes.diagnose import Diagnosis


def families(diagnoses: Sequence["Diagnosis"]) -> dict[str, int]:
    """How many rules were asked, by family: what a family without a cause was looked through with."""
    asked = {rule for diagnosis in diagnoses for rule in diagnosis.ran.asked}
    return dict(sorted(Counter(rule[:3] for rule in asked).items()))


def stats(diagnoses: Sequence["Diagnosis"], causes: Sequence[CauseRow]) -> dict[str, int]:
    """Counts over all clusters; of GPUs the same that `diag gpus` and `diag clusters` count."""
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
            for one in devices_of(place, node):
                found["gpus"] += one.there or 0
                found["gpus_allocated"] += one.busy
                found["gpus_free"] += one.free
        states = {node.name: node_state(node) for node in snap.nodes}
        for row in driven(snap):
            found["gpus"] += row.total
            found["gpus_allocated"] += row.busy
            found["gpus_free"] += row.free(is_open=states.get(row.node, OPEN) == OPEN)
    for severity in ("error", "warning", "info"):
        found[f"{severity}s" if severity != "info" else "infos"] = sum(cause.severity == severity for cause in causes)
    return found
