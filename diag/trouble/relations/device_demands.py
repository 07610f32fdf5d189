"""How many GPUs a pod asks for through claims (Dynamic Resource Allocation), and how many devices of unknown kind."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diag.facts.device_requests import Asked, claims_of, requests
from diag.facts.devices import CLAIM, CLASS, TEMPLATE, selectors
from diag.projection import Object, dicts, json_value
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.scene import Scene
from diag.trouble.shapes import shape_of
from diag.vocab.accelerators import GPU_CLASSES, GPU_DRIVER_PREFIX, OTHER_CLASSES, OTHER_DRIVERS

_DRIVER = re.compile(r"""device\.driver\s*==\s*['"]([^'"]{1,253})['"]""")


@dataclass(frozen=True, slots=True)
class Demand:
    """Devices that one pod asks for. `unknown` are at least so many of which nothing tells whether they are GPUs."""

    gpus: int = 0
    unknown: int = 0

    def times(self, count: int) -> "Demand":
        """The demand of so many pods."""
        return Demand(self.gpus * count, self.unknown * count)


def demand_of(scene: Scene, pod: Pod) -> Demand:
    """What the pod asks for by its requests and its claims; a claim that pods share counts for the first of them."""
    shape = shape_of(pod)
    gpus, unknown = shape.gpu_total, 0
    for name, template in _claims(pod) if shape.device_claims else ():
        if not template and not scene.is_first_of_claim(pod, name):
            continue
        known = _requests(scene.snap, pod.namespace, name, template)
        if known is None:
            unknown += 1  # a claim asks for one device at least
        for asked in known or ():
            is_gpu = _is_gpu(scene.snap, asked.device_class)
            gpus += asked.count if is_gpu else 0
            unknown += asked.count if is_gpu is None else 0
    return Demand(gpus, unknown)


def _claims(pod: Pod) -> Iterator[tuple[str, str]]:
    """Names of a pod's claims and of their templates. A pod that was only made up from a template has no whole."""
    if pod.whole:
        yield from ((name, template) for name, template, _ in claims_of(pod))
        return
    for one in dicts(json_value(bytes(pod.spec.resource_claims))):
        yield str(one.get("resourceClaimName") or ""), str(one.get("resourceClaimTemplateName") or "")


def _requests(snap: Snapshot, namespace: str, name: str, template: str) -> list[Asked] | None:
    """What a claim asks for, of alternatives the first; None where neither it nor its template was read."""
    claim = snap.get(CLAIM, namespace, name) if name else None
    if claim is not None:
        return [each[0] for each in requests(claim)]
    made_from = snap.get(TEMPLATE, namespace, template) if template else None
    return [each[0] for each in requests(made_from, "spec.spec")] if made_from is not None else None


def _is_gpu(snap: Snapshot, name: str) -> bool | None:
    """Whether the devices of a class are GPUs, by the driver that it selects or by its name; None where unknown."""
    known = snap.get(CLASS, "", name)
    drivers = set(_drivers(known)) if known is not None else set()
    if drivers and all(driver.startswith(GPU_DRIVER_PREFIX) for driver in drivers):
        return True
    if drivers:
        return False if drivers <= OTHER_DRIVERS else None
    if name.startswith(GPU_DRIVER_PREFIX) or name in GPU_CLASSES:
        return True
    return False if name in OTHER_CLASSES else None


def _drivers(known: Object) -> Iterator[str]:
    spec = known.whole.get("spec")
    for _, expression in selectors(spec if isinstance(spec, dict) else {}, "spec"):
        yield from _DRIVER.findall(expression)
