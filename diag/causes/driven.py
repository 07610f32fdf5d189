"""Whole GPUs that nodes offer through claims (Dynamic Resource Allocation), and who holds them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from diag.causes.rows import ref_row
from diag.document import RefRow
from diag.facts.devices import CLAIM, SLICE, TAINT_RULE, DeviceId, Offered, as_map, offered
from diag.projection import Object, dicts
from diag.snapshot.snapshot import Snapshot

# Drivers of GPUs are called so: gpu.nvidia.com, gpu.amd.com, gpu.intel.com (each in its own repository).
_PREFIX = "gpu."
# What is a part of a GPU (kubernetes-sigs/dra-driver-nvidia-gpu, attribute `type`); a whole one is counted instead.
_PARTS = ("mig", "vgpu")


@dataclass(slots=True, kw_only=True)
class Driven:
    """The GPUs of one model that one driver offers on one node; `tainted` ones are kept from new claims."""

    node: str
    driver: str
    model: str
    total: int = 0
    tainted: int = 0
    busy: int = 0
    held_by: dict[str, tuple[RefRow, int]] = field(default_factory=dict)  # pods

    def free(self, *, is_open: bool) -> int:
        """What a new claim could get, of a node that is open."""
        return self.total - self.tainted - self.busy if is_open else 0


def driven(snap: Snapshot) -> list[Driven]:
    """The GPUs of all slices, by node, driver and model. A GPU of which a part is allocated is busy."""
    every = [
        one
        for one in offered(snap.all(SLICE).values(), snap.all(TAINT_RULE).values())
        if one.node and one.id[0].startswith(_PREFIX)
    ]
    taken = dict(_allocated(snap))
    parts: dict[tuple[str, ...], list[Object]] = {}
    for one in every:
        for counter, _ in one.draws if one.id in taken else ():
            parts.setdefault(counter[:3], []).append(taken[one.id])
    found: dict[tuple[str, str, str], Driven] = {}
    for one in every:
        if _word(one, "type") in _PARTS:
            continue
        model = _word(one, "productName")
        row = found.setdefault((one.node, one.id[0], model), Driven(node=one.node, driver=one.id[0], model=model))
        claims = [taken[one.id]] if one.id in taken else []
        claims = claims or [claim for counter, _ in one.draws for claim in parts.get(counter[:3], ())]
        row.total += 1
        row.busy += bool(claims)
        row.tainted += bool(one.taints and not claims)
        for claim in claims[:1]:
            for pod in _holders(snap, claim):
                row.held_by[str(pod)] = (pod, row.held_by.get(str(pod), (pod, 0))[1] + 1)
    return list(found.values())


def _word(one: Offered, name: str) -> str:
    value = one.device.attributes.get((one.id[0], name))
    return value if isinstance(value, str) else ""


def _allocated(snap: Snapshot) -> Iterator[tuple[DeviceId, Object]]:
    """Each device that a claim has, with the claim; access for administrators takes nothing."""
    for claim in snap.all(CLAIM).values():
        devices = as_map(as_map(as_map(claim.whole, "status"), "allocation"), "devices")
        for one in dicts(devices.get("results")):
            name = (one.get("driver"), one.get("pool"), one.get("device"))
            if one.get("adminAccess") is not True and all(isinstance(each, str) for each in name):
                yield (str(name[0]), str(name[1]), str(name[2])), claim


def _holders(snap: Snapshot, claim: Object) -> Iterator[RefRow]:
    for one in dicts(as_map(claim.whole, "status").get("reservedFor")):
        pod = snap.get("Pod", claim.namespace, str(one.get("name"))) if one.get("resource") == "pods" else None
        if pod is not None:
            yield ref_row(pod.ref)
