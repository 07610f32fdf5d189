"""Dynamic Resource Allocation: what ResourceClaims ask for and hold, and which claims a pod has.

Reads resource.k8s.io v1 and v1beta2 (requests under `exactly`), v1beta1 and v1alpha3 (requests flat):
kubernetes/kubernetes staging/src/k8s.io/api/resource.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from diag.facts.devices import DeviceId, Name, Taint, as_map, qualified, selectors
from diag.facts.quantity import milli
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import value_at


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
    capacity: JsonDict  # what it asks of a device that claims share


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """What devices of requests must have in common (`matchAttribute`), or each for itself (`distinctAttribute`)."""

    path: str  # of the attribute's name in the claim
    attribute: str
    distinct: bool
    requests: tuple[str, ...]  # empty: all


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One device, or a share of one, that a claim holds."""

    claim: Object
    index: int  # in the claim's results
    device: DeviceId
    consumed: Mapping[Name, int]  # of its capacities where claims share it, in thousandths

    @property
    def path(self) -> str:
        """Where the claim names the device."""
        return f"status.allocation.devices.results[{self.index}].device"


def requests(claim: Object, at: str = "spec") -> list[tuple[Asked, ...]]:
    """What a claim asks for; each entry lists alternatives, of which one is enough.

    Requests for administration are left out: they get devices that others hold, too.
    """
    listed = as_map(value_at(claim.whole, at), "devices").get("requests")
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
        body = as_map(entry, "exactly") or entry
        if alternatives and body.get("adminAccess") is not True:
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
        capacity=as_map(as_map(body, "capacity"), "requests"),
    )


def constraints(claim: Object) -> Iterator[Alike]:
    """The constraints between the devices of a claim."""
    listed = value_at(claim.whole, "spec.devices.constraints")
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        named = as_map(one, "").get("requests")
        for field in ("matchAttribute", "distinctAttribute"):
            attribute = as_map(one, "").get(field)
            if isinstance(attribute, str):
                yield Alike(
                    path=f"spec.devices.constraints[{index}].{field}",
                    attribute=attribute,
                    distinct=field == "distinctAttribute",
                    requests=_requests_of(named),
                )


def _requests_of(named: object) -> tuple[str, ...]:
    """The requests that a constraint names; of `request/alternative` the first part."""
    names = named if isinstance(named, list) else ()
    return tuple(name.partition("/")[0] for name in names if isinstance(name, str))


def holdings(claims: Iterable[Object]) -> dict[DeviceId, list[Holding]]:
    """What claims hold, by device; what is held for administration does not count."""
    found: dict[DeviceId, list[Holding]] = {}
    for claim in claims:
        results = as_map(as_map(as_map(claim.whole, "status"), "allocation"), "devices").get("results")
        for index, one in enumerate(results if isinstance(results, list) else ()):
            if isinstance(one, dict) and not one.get("adminAccess"):
                driver = str(one.get("driver"))
                device = (driver, str(one.get("pool")), str(one.get("device")))
                amounts = {
                    qualified(driver, name): milli(value) for name, value in as_map(one, "consumedCapacity").items()
                }
                consumed = {name: value for name, value in amounts.items() if value is not None}
                found.setdefault(device, []).append(Holding(claim=claim, index=index, device=device, consumed=consumed))
    return found


def is_allocated(claim: Object) -> bool:
    """Whether a claim has its devices."""
    return bool(as_map(as_map(claim.whole, "status"), "allocation"))


def reserved_for(claim: Object) -> list[tuple[str, str, str]]:
    """Who may use an allocated claim, as (path of the name, pod's name, pod's uid); the name is empty for no pod."""
    listed = as_map(claim.whole, "status").get("reservedFor")
    return [
        (
            f"status.reservedFor[{index}].name",
            str(one.get("name") or "") if one.get("resource") == "pods" else "",
            str(one.get("uid") or ""),
        )
        for index, one in enumerate(listed if isinstance(listed, list) else ())
        if isinstance(one, dict)
    ]


def claims_of(pod: Object) -> Iterator[tuple[str, str, str | None]]:
    """A pod's claims as (its name, its template's name, path that names the template), empty where unknown."""
    made = {
        str(one.get("name")): one.get("resourceClaimName")
        for one in dicts(as_map(pod.whole, "status").get("resourceClaimStatuses"))
    }
    listed = as_map(pod.whole, "spec").get("resourceClaims")
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(one, dict):
            continue
        template = one.get("resourceClaimTemplateName")
        name = one.get("resourceClaimName") or made.get(str(one.get("name")))
        path = f"spec.resourceClaims[{index}].resourceClaimTemplateName" if isinstance(template, str) else None
        yield name if isinstance(name, str) else "", template if isinstance(template, str) else "", path


def tolerated(taint: Taint, tolerations: Iterable[JsonDict]) -> bool:
    """Whether a request tolerates a device's taint."""
    for one in tolerations:
        if one.get("effect") not in (None, "", taint.effect) or one.get("key") not in (None, "", taint.key):
            continue
        if one.get("operator") == "Exists" or (one.get("key") and (one.get("value") or "") == taint.value):
            return True
    return False
