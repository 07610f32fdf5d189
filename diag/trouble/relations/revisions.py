"""Pods that a roll-out has left behind: of a revision that their StatefulSet no longer wants.

A StatefulSet with OrderedReady waits for a broken pod to become ready before it replaces it, also when the template
that broke it has been taken back (kubernetes/kubernetes#67250): status.currentRevision equals status.updateRevision,
the pod carries another hash, and only deleting it by hand helps.
"""

from collections.abc import Iterator
from typing import Any

from diag.findings import Evidence
from diag.projection import JsonDict, dicts
from diag.snapshot.cite import cite, key
from diag.snapshot.kinds import Controller, Pod
from diag.trouble.relations.owners import owner_of
from diag.trouble.scene import Scene

REVISION = "controller-revision-hash"
MAX_WORDS = 4


def left_behind(scene: Scene, pod: Pod) -> tuple[Evidence, ...]:
    """Proof that a pod is of a revision that is no longer wanted, with what the template's command line no longer has.

    Empty where that is not so, where a roll-out is still on its way, or where the owner is not here.
    """
    owner = owner_of(scene.snap, pod)
    mine = pod.labels.get(REVISION)
    if not isinstance(owner, Controller) or owner.kind != "StatefulSet" or not mine:
        return ()
    wanted = owner.status.update_revision
    if not wanted or wanted != owner.status.current_revision or wanted == mine:
        return ()
    label = cite(pod, f"metadata.labels{key(REVISION)}")
    return (label, cite(owner, "status.updateRevision"), *_words(pod, owner))


def _words(pod: Pod, owner: Controller) -> Iterator[Evidence]:
    """Words of the pod's command lines that the owner's template no longer has."""
    spec = owner.whole.get("spec")
    template = spec.get("template") if isinstance(spec, dict) else None
    wanted = _containers(template.get("spec") if isinstance(template, dict) else None)
    found = 0
    for name, (index, container) in _containers(pod.whole.get("spec")).items():
        now = wanted.get(name, (0, {}))[1]
        for field in ("command", "args"):
            kept = _list(now.get(field))
            for place, word in enumerate(_list(container.get(field))):
                if isinstance(word, str) and word not in kept and found < MAX_WORDS:
                    found += 1
                    yield cite(pod, f"spec.containers[{index}].{field}[{place}]")


def _containers(spec: object) -> dict[str, tuple[int, JsonDict]]:
    listed = _list(spec.get("containers")) if isinstance(spec, dict) else []
    return {str(one.get("name")): (index, one) for index, one in enumerate(listed) if dicts([one])}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
