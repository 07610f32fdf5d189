"""Dynamic Resource Allocation: what slices offer, what claims ask for, and what is allocated.

Reads resource.k8s.io v1, v1beta2 (requests under `exactly`) and v1beta1 (requests flat, devices under `basic`):
kubernetes/kubernetes staging/src/k8s.io/api/resource.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from diag.facts.cel import Device, Unknown, Value, version
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import key, value_at

SLICE, CLASS, CLAIM = "resource.k8s.io/ResourceSlice", "resource.k8s.io/DeviceClass", "resource.k8s.io/ResourceClaim"
TEMPLATE = "resource.k8s.io/ResourceClaimTemplate"
BLOCKING = ("NoSchedule", "NoExecute")

DeviceId = tuple[str, str, str]  # driver, pool, device


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One device of a slice. `node` is empty where the slice is not of one node only."""

    slice: Object
    path: str  # of the device in the slice
    id: DeviceId
    node: str
    device: Device
    taints: tuple[JsonDict, ...]  # those that keep new claims off
    shared: bool  # may be handed out in parts, so that counting devices says nothing

    def path_of(self, part: str, domain: str, name: str) -> str | None:
        """Where an attribute or a capacity stands in the slice, None where the device has none of that name."""
        names = (name, f"{domain}/{name}") if domain == self.id[0] else (f"{domain}/{name}",)
        held = _map(value_at(self.slice.whole, self.path), part)
        for one in names:
            scalar = next(iter(_map(held, one)), None)
            if scalar is not None:
                return f"{self.path}.{part}{key(one)}{key(scalar)}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of a claim, or one of its alternatives (`firstAvailable`)."""

    name: str
    path: str  # in the claim
    device_class: str
    count: int
    every: bool  # allocationMode All
    selectors: tuple[tuple[str, str], ...]  # path and expression
    tolerations: tuple[JsonDict, ...]


def offered(slices: Iterable[Object]) -> list[Offered]:
    """The devices of all slices of the newest generation of each pool."""
    newest: dict[tuple[str, str], int] = {}
    held = []
    for item in slices:
        spec = _map(item.whole, "spec")
        pool = _map(spec, "pool")
        driver, name = spec.get("driver"), pool.get("name")
        if isinstance(driver, str) and isinstance(name, str):
            generation = pool.get("generation")
            generation = generation if isinstance(generation, int) else 0
            newest[driver, name] = max(newest.get((driver, name), generation), generation)
            held.append((item, spec, driver, name, generation))
    return [
        device
        for item, spec, driver, name, generation in held
        if generation == newest[driver, name]
        for device in _devices(item, spec, driver, name)
    ]


def _devices(item: Object, spec: JsonDict, driver: str, pool: str) -> Iterator[Offered]:
    listed = spec.get("devices")
    node = spec.get("nodeName")
    for index, entry in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            continue
        basic = isinstance(entry.get("basic"), dict)
        body = _map(entry, "basic") if basic else entry
        yield Offered(
            slice=item,
            path=f"spec.devices[{index}]" + (".basic" if basic else ""),
            id=(driver, pool, entry["name"]),
            node=node if isinstance(node, str) else "",
            device=Device(
                driver=driver,
                attributes=dict(_named(driver, _map(body, "attributes"))),
                capacity={
                    name: str(held["value"])
                    for name, held in _qualified(driver, _map(body, "capacity"))
                    if isinstance(held.get("value"), str | int)
                },
            ),
            taints=tuple(taint for taint in dicts(body.get("taints")) if taint.get("effect") in BLOCKING),
            shared=bool(body.get("consumesCounters") or body.get("allowMultipleAllocations")),
        )


def _qualified(driver: str, held: JsonDict) -> Iterator[tuple[tuple[str, str], JsonDict]]:
    """Names with their domain: the driver's where none is written."""
    for name, value in held.items():
        domain, slash, word = name.rpartition("/")
        if isinstance(value, dict):
            yield (domain if slash else driver, word), value


def _named(driver: str, held: JsonDict) -> Iterator[tuple[tuple[str, str], Value]]:
    for name, value in _qualified(driver, held):
        for kind in ("string", "int", "bool"):
            if isinstance(value.get(kind), str | int):
                yield name, value[kind]
        if isinstance(value.get("version"), str):
            try:
                yield name, version(value["version"])
            except Unknown:
                continue


def requests(claim: Object, at: str = "spec") -> list[tuple[Asked, ...]]:
    """What a claim asks for; each entry lists alternatives, of which one is enough."""
    listed = _map(value_at(claim.whole, at), "devices").get("requests")
    found = []
    for index, entry in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(entry, dict):
            continue
        path = f"{at}.devices.requests[{index}]"
        name = str(entry.get("name") or "")
        several = entry.get("firstAvailable")
        if isinstance(several, list):
            alternatives = tuple(
                _asked(one, name, f"{path}.firstAvailable[{place}]")
                for place, one in enumerate(several)
                if isinstance(one, dict)
            )
        elif isinstance(entry.get("exactly"), dict):
            alternatives = (_asked(entry["exactly"], name, f"{path}.exactly"),)
        else:
            alternatives = (_asked(entry, name, path),)
        if alternatives and not any(
            _map(value_at(claim.whole, one.path), "").get("adminAccess") for one in alternatives
        ):
            found.append(alternatives)
    return found


def _asked(body: JsonDict, name: str, path: str) -> Asked:
    count = body.get("count")
    return Asked(
        name=name,
        path=path,
        device_class=str(body.get("deviceClassName") or ""),
        count=count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 1,
        every=body.get("allocationMode") == "All",
        selectors=tuple(selectors(body, path)),
        tolerations=tuple(dicts(body.get("tolerations"))),
    )


def selectors(body: JsonDict, path: str) -> Iterator[tuple[str, str]]:
    """The CEL expressions of a request or a class, each with its place."""
    listed = body.get("selectors")
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        expression = _map(one, "cel").get("expression")
        if isinstance(expression, str):
            yield f"{path}.selectors[{index}].cel.expression", expression


def allocated(claim: Object) -> Iterator[tuple[int, DeviceId]]:
    """The devices that a claim holds, with their places in its results; those for administration do not count."""
    results = _map(_map(_map(claim.whole, "status"), "allocation"), "devices").get("results")
    for index, one in enumerate(results if isinstance(results, list) else ()):
        if isinstance(one, dict) and not one.get("adminAccess"):
            yield index, (str(one.get("driver")), str(one.get("pool")), str(one.get("device")))


def is_allocated(claim: Object) -> bool:
    """Whether a claim has its devices."""
    return bool(_map(_map(claim.whole, "status"), "allocation"))


def claims_of(pod: Object) -> Iterator[tuple[str, str, str | None]]:
    """A pod's claims as (its name, its template's name, path that names the template), empty where unknown."""
    made = {
        str(one.get("name")): one.get("resourceClaimName")
        for one in dicts(_map(pod.whole, "status").get("resourceClaimStatuses"))
    }
    listed = _map(pod.whole, "spec").get("resourceClaims")
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(one, dict):
            continue
        template = one.get("resourceClaimTemplateName")
        name = one.get("resourceClaimName") or made.get(str(one.get("name")))
        path = f"spec.resourceClaims[{index}].resourceClaimTemplateName" if isinstance(template, str) else None
        yield name if isinstance(name, str) else "", template if isinstance(template, str) else "", path


def tolerated(taint: JsonDict, tolerations: Iterable[JsonDict]) -> bool:
    """Whether a request tolerates a device's taint."""
    for one in tolerations:
        if one.get("effect") not in (None, "", taint.get("effect")) or one.get("key") not in (
            None,
            "",
            taint.get("key"),
        ):
            continue
        if one.get("operator") == "Exists" or (
            one.get("key") and (one.get("value") or "") == (taint.get("value") or "")
        ):
            return True
    return False


def _map(value: object, name: str) -> JsonDict:
    """A map within a map, empty where there is none; the value itself for an empty name."""
    found = (value if not name else value.get(name)) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
