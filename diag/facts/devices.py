"""Dynamic Resource Allocation: what ResourceSlices offer, with the taints that slices and DeviceTaintRules put on it.

Reads resource.k8s.io v1 and v1beta2, v1beta1 (devices under `basic`) and v1alpha3 of Kubernetes 1.31 (plain quantities
as capacity): kubernetes/kubernetes staging/src/k8s.io/api/resource.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from diag.facts.cel import Device, Unknown, Value, parse, version
from diag.facts.quantity import milli
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import key, value_at

SLICE, CLASS, CLAIM = "resource.k8s.io/ResourceSlice", "resource.k8s.io/DeviceClass", "resource.k8s.io/ResourceClaim"
TEMPLATE, TAINT_RULE = "resource.k8s.io/ResourceClaimTemplate", "resource.k8s.io/DeviceTaintRule"
BLOCKING = ("NoSchedule", "NoExecute")  # the effect None only informs

DeviceId = tuple[str, str, str]  # driver, pool, device
CounterId = tuple[str, str, str, str]  # driver, pool, counter set, counter
Name = tuple[str, str]  # domain, name


@dataclass(frozen=True, slots=True, kw_only=True)
class Taint:
    """A taint that keeps new claims off a device, and the object that puts it there: the slice, or a rule."""

    item: Object
    path: str  # in that object
    key: str
    value: str
    effect: str

    @property
    def label(self) -> str:
        """As people write it: `key=value:effect`."""
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """One of the shared counters that the partitions of a device draw on (KEP-4815)."""

    item: Object
    path: str  # of its value
    total: int  # thousandths


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One capacity of a device that several claims may share (KEP-5075)."""

    total: int  # thousandths
    policy: JsonDict  # how much a claim takes that asks for less, or for nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One device of a slice. `node` is empty where it is not of one node only."""

    slice: Object
    path: str  # of the device in the slice
    id: DeviceId
    node: str
    device: Device
    taints: tuple[Taint, ...]
    draws: tuple[tuple[CounterId, int], ...]  # what it takes of shared counters once it is allocated, in thousandths
    sizes: Mapping[Name, Size] | None  # where several claims may hold it at once, None where one claim holds it whole

    def path_of(self, part: str, domain: str, name: str) -> str | None:
        """Where an attribute or a capacity stands in the slice, None where the device has none of that name."""
        names = (name, f"{domain}/{name}") if domain == self.id[0] else (f"{domain}/{name}",)
        held = as_map(value_at(self.slice.whole, self.path), part)
        for one in names:
            if isinstance(held.get(one), str):  # v1alpha3
                return f"{self.path}.{part}{key(one)}"
            scalar = next((kind for kind, value in as_map(held, one).items() if not isinstance(value, dict)), None)
            if scalar is not None:
                return f"{self.path}.{part}{key(one)}{key(scalar)}"
        return None


def offered(slices: Iterable[Object], rules: Iterable[Object] = ()) -> list[Offered]:
    """The devices of all slices of the newest generation of each pool, with the taints of DeviceTaintRules."""
    rules = list(rules)
    return [
        device for item, spec, driver, pool in _newest(slices) for device in _devices(item, spec, driver, pool, rules)
    ]


def counters(slices: Iterable[Object]) -> dict[CounterId, Counter]:
    """The shared counters of all pools. From Kubernetes 1.35 on they stand in a slice of their own."""
    found = {}
    for item, spec, driver, pool in _newest(slices):
        listed = spec.get("sharedCounters")
        for index, entry in enumerate(listed if isinstance(listed, list) else ()):
            for name, held in as_map(entry, "counters").items():
                total = milli(as_map(held, "").get("value"))
                if total is not None:
                    path = f"spec.sharedCounters[{index}].counters{key(name)}.value"
                    counter = Counter(item=item, path=path, total=total)
                    found[driver, pool, str(entry.get("name")), name] = counter
    return found


def _newest(slices: Iterable[Object]) -> list[tuple[Object, JsonDict, str, str]]:
    """The slices of the newest generation of each pool, with spec, driver and pool."""
    newest: dict[tuple[str, str], int] = {}
    held = []
    for item in slices:
        spec = as_map(item.whole, "spec")
        pool = as_map(spec, "pool")
        driver, name = spec.get("driver"), pool.get("name")
        if isinstance(driver, str) and isinstance(name, str):
            generation = pool.get("generation")
            generation = generation if isinstance(generation, int) else 0
            newest[driver, name] = max(newest.get((driver, name), generation), generation)
            held.append((item, spec, driver, name, generation))
    return [
        (item, spec, driver, name)
        for item, spec, driver, name, generation in held
        if generation == newest[driver, name]
    ]


def _devices(item: Object, spec: JsonDict, driver: str, pool: str, rules: list[Object]) -> Iterator[Offered]:
    listed = spec.get("devices")
    for index, entry in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            continue
        basic = isinstance(entry.get("basic"), dict)
        body = as_map(entry, "basic") if basic else entry
        path = f"spec.devices[{index}]" + (".basic" if basic else "")
        node = body.get("nodeName", spec.get("nodeName"))
        shared = body.get("allowMultipleAllocations") is True
        device = Device(
            driver=driver,
            attributes=dict(_named(driver, as_map(body, "attributes"))),
            capacity=dict(_capacity(driver, as_map(body, "capacity"))),
            shared=shared,
        )
        name = (driver, pool, entry["name"])
        yield Offered(
            slice=item,
            path=path,
            id=name,
            node=node if isinstance(node, str) else "",
            device=device,
            taints=(
                *_taints(item, body.get("taints"), path),
                *[taint for one in rules if _selects(one, name, device) for taint in _rule_taint(one)],
            ),
            draws=tuple(_draws(driver, pool, body.get("consumesCounters"))),
            sizes=dict(_sizes(driver, as_map(body, "capacity"))) if shared else None,
        )


def _taints(item: Object, listed: object, path: str) -> Iterator[Taint]:
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        yield from _taint(item, one, f"{path}.taints[{index}]")


def _rule_taint(rule: Object) -> Iterator[Taint]:
    yield from _taint(rule, as_map(as_map(rule.whole, "spec"), "taint"), "spec.taint")


def _taint(item: Object, body: object, path: str) -> Iterator[Taint]:
    if isinstance(body, dict) and body.get("effect") in BLOCKING and isinstance(body.get("key"), str):
        value = body.get("value")
        yield Taint(
            item=item,
            path=path,
            key=body["key"],
            value=value if isinstance(value, str) else "",
            effect=body["effect"],
        )


def _selects(rule: Object, name: DeviceId, device: Device) -> bool:
    """Whether a DeviceTaintRule is about a device: all that its selector names must be so, and it must have one."""
    selector = as_map(rule.whole, "spec").get("deviceSelector")
    if not isinstance(selector, dict) or selector.get("deviceClassName"):
        return False  # up to 1.34 a class could be named; whether its selectors match is not asked here
    named = zip(("driver", "pool", "device"), name, strict=True)
    if any(selector.get(field) not in (None, its) for field, its in named):
        return False
    return all(parse(text).matches(device) for _, text in selectors(selector, ""))


def _draws(driver: str, pool: str, listed: object) -> Iterator[tuple[CounterId, int]]:
    for one in dicts(listed):
        for name, held in as_map(one, "counters").items():
            drawn = milli(as_map(held, "").get("value"))
            if drawn is not None:
                yield (driver, pool, str(one.get("counterSet")), name), drawn


def qualified(driver: str, name: str) -> Name:
    """A name with its domain: the driver's where none is written."""
    domain, slash, word = name.rpartition("/")
    return (domain if slash else driver, word)


def _capacity(driver: str, held: JsonDict) -> Iterator[tuple[Name, str]]:
    for name, entry in held.items():
        value = entry.get("value") if isinstance(entry, dict) else entry
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield qualified(driver, name), str(value)


def _sizes(driver: str, held: JsonDict) -> Iterator[tuple[Name, Size]]:
    for name, value in _capacity(driver, held):
        total = milli(value)
        if total is not None:
            entry = next(entry for written, entry in held.items() if qualified(driver, written) == name)
            yield name, Size(total=total, policy=as_map(entry, "requestPolicy"))


def _named(driver: str, held: JsonDict) -> Iterator[tuple[Name, Value]]:
    for written, value in held.items():
        if not isinstance(value, dict):
            continue
        name = qualified(driver, written)
        for kind in ("string", "int", "bool"):
            if isinstance(value.get(kind), str | int):
                yield name, value[kind]
        if isinstance(value.get("version"), str):
            try:
                yield name, version(value["version"])
            except Unknown:
                continue


def selectors(body: JsonDict, path: str) -> Iterator[tuple[str, str]]:
    """The CEL expressions of a request, a class or a rule, each with its place."""
    listed = body.get("selectors")
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        expression = as_map(one, "cel").get("expression")
        if isinstance(expression, str):
            yield f"{path}.selectors[{index}].cel.expression", expression


def as_map(value: object, name: str) -> JsonDict:
    """A map within a map, empty where there is none; the value itself for an empty name."""
    found = (value if not name else value.get(name)) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
