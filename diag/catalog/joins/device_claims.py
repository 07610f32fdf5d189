"""How a claim that gets no device is told: words, evidence and remedies for each way it fails."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.facts.cel import parse
from diag.facts.devices import (
    CLAIM,
    CLASS,
    SLICE,
    TEMPLATE,
    DeviceId,
    Offered,
    claims_of,
    is_allocated,
    offered,
    selectors,
    tolerated,
)
from diag.facts.scheduler_message import kind_of, parse_scheduler_message
from diag.findings import Evidence, Proof, Remedy
from diag.projection import JsonDict, Object
from diag.snapshot.cite import MAX_PARTS, value_at
from diag.trouble.groups import Group
from diag.trouble.room.allocation import Failing, Want
from diag.vocab.scheduler_reasons import ReasonKind

Taken = dict[DeviceId, tuple[Object, int]]  # device -> the claim that holds it, and its place in that claim's results
Told = tuple[str, Proof, tuple[Remedy, ...]]  # summary, evidence with the deciding piece first, remedies


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A claim without devices, and the group that waits for it."""

    group: Group
    claim: Object
    template: Object | None
    template_path: str | None  # where the pod names the template


def says_devices(group: Group) -> bool:
    """Whether the scheduler turned nodes down because of devices."""
    said = parse_scheduler_message(group.message)
    if said is None or group.shape is None:
        return False
    return said.count(ReasonKind.DRA) > 0 or (said.prefilter is not None and kind_of(said.prefilter) is ReasonKind.DRA)


def waiting_claims(ctx: Context, group: Group) -> Iterator[Waiting]:
    """The claims of the group's first member that have no devices."""
    for name, template, path in claims_of(group.first):
        claim = ctx.snap.get(CLAIM, group.first.namespace, name) if name else None
        if claim is not None and not is_allocated(claim):
            made_from = ctx.snap.get(TEMPLATE, group.first.namespace, template) if template else None
            yield Waiting(group=group, claim=claim, template=made_from, template_path=path)


def told(ctx: Context, one: Waiting, found: Failing, taken: Taken) -> Told:
    """What is said of a claim that fails in one way."""
    match found.want:
        case Want.NO_MATCH:
            return _no_match(ctx, one, found)
        case Want.TAINTED:
            return _tainted(ctx, found, taken)
    return _unread(ctx, one, found) if found.unread else _too_few(ctx, one, found, taken)


def template_of(ctx: Context, one: Waiting) -> list[Evidence]:
    """The template that the pod names."""
    return [ctx.cite(one.group.first, one.template_path)] if one.template_path else []


def class_selectors(known: Object) -> list[tuple[str, str]]:
    """The CEL expressions of a DeviceClass, each with its place."""
    spec = known.whole.get("spec")
    return list(selectors(spec if isinstance(spec, dict) else {}, "spec"))


def _no_match(ctx: Context, one: Waiting, found: Failing) -> Told:
    """No device matches: the expression beside what is published under the names that it looks at."""
    asked = found.asked
    of_claim = bool(found.classed and asked.selectors)
    known = ctx.snap.get(CLASS, "", asked.device_class)
    assert known is not None  # noqa: S101  looked up in _failing
    among = found.classed if of_claim else tuple(offered(ctx.snap.all(SLICE)))
    expressions = [text for _, text in asked.selectors] if of_claim else [text for _, text in class_selectors(known)]
    published = _published(ctx, among, expressions)
    shown = "; ".join(f"{name} is {', '.join(values)}" for name, values, _ in published)
    proof = [evidence for _, _, pieces in published for evidence in pieces]
    if of_claim:
        first: Evidence = ctx.cite(one.claim, asked.selectors[0][0])
        whose = (
            f"the selector `{' && '.join(expressions)}` matches none of {len(among)} devices of {asked.device_class}"
        )
    else:
        class_path = next((path for path, _ in class_selectors(known)), "metadata.name")
        first = ctx.cite(known, class_path)
        whose = f"the class {asked.device_class} matches none of {len(among)} published devices"
    remedy = Remedy(
        text="write the selector after what the ResourceSlices publish", command="kubectl get resourceslices -o yaml"
    )
    return f"{whose}{_of_template(one)}" + (f"; published: {shown}" if shown else ""), (first, *proof), (remedy,)


def _published(
    ctx: Context, devices: tuple[Offered, ...], expressions: list[str]
) -> list[tuple[str, list[str], list[Evidence]]]:
    """What devices have under the names that expressions look at: name, distinct values, one proof for each value."""
    found = []
    for part, domain, name in dict.fromkeys(names for text in expressions for names in parse(text).names):
        values: dict[str, Evidence] = {}
        for one in devices:
            path = one.path_of(part, domain, name)
            if path:
                values.setdefault(str(value_at(one.slice.whole, path)), ctx.cite(one.slice, path))
        if values:
            found.append((name, sorted(values)[:6], list(values.values())[:6]))
    return found


def _tainted(ctx: Context, found: Failing, taken: Taken) -> Told:
    """The devices that would do are tainted."""
    first, *others = (
        ctx.cite(device.slice, f"{device.path}.taints[{index}].{field}")
        for device in found.tainted[:MAX_PARTS]
        for index in range(len(_taints(device)))
        for field in ("key", "value", "effect")
        if isinstance(_taints(device)[index].get(field), str)
    )
    device = found.tainted[0]
    taint = next(one for one in device.taints if not tolerated(one, found.asked.tolerations))
    label = f"{taint.get('key')}={taint.get('value')}" if taint.get("value") else f"{taint.get('key')}"
    held = _held(ctx, found, taken)
    where = f" on {device.node}" if device.node else ""
    more = f" and {len(found.tainted) - 1} more" if len(found.tainted) > 1 else ""
    clean = len(found.fitting) - len(found.tainted)
    summary = (
        f"{device.id[2]}{where} is tainted {label}:{taint.get('effect')}{more}; {clean} of {len(found.fitting)} "
        f"fitting devices are not, {len(found.free)} of these are free, {found.need} asked for"
    )
    remedies = (
        Remedy(
            text=f"repair {device.id[2]}{where} (reset or replace the GPU), then let the driver clear the taint",
            command=f"kubectl get resourceslice {device.slice.name} -o yaml",
            who="platform",
        ),
    )
    names = [ctx.cite(device.slice, f"{device.path.removesuffix('.basic')}.name")]
    return summary, (first, *[*others, *names, *held]), remedies


def _taints(device: Offered) -> list[JsonDict]:
    """All taints of a device as they stand in the slice, so that their places are right."""
    listed = value_at(device.slice.whole, f"{device.path}.taints")
    return [one if isinstance(one, dict) else {} for one in listed] if isinstance(listed, list) else []


def _too_few(ctx: Context, one: Waiting, found: Failing, taken: Taken) -> Told:
    asked, held = found.asked, _held(ctx, found, taken)
    request: Evidence = ctx.cite(one.claim, f"{asked.path}.deviceClassName")
    count = [ctx.cite_or_lack(one.claim, f"{asked.path}.count")]
    here = f", at most {found.most} on one node" if found.free else ""
    summary = (
        f"asks for {_amount(found)} of {asked.device_class}{_of_template(one)}; of {len(found.fitting)} that fit, "
        f"{len(held)} are allocated and {len(found.free)} free{here}"
    )
    parts = [*held, request] if held else [request]
    free = ctx.compute(f"free devices of {asked.device_class} that fit the claim", len(found.free), parts)
    remedies = (
        Remedy(text="wait, end or shrink what holds the devices, or add nodes"),
        Remedy(text="see which claims hold them", command="kubectl get resourceclaims -A", who="platform"),
    )
    return summary, (free, *[*count, request]), remedies


def _held(ctx: Context, found: Failing, taken: Taken) -> list[Evidence]:
    """The allocations of fitting devices."""
    return [
        ctx.cite(claim, f"status.allocation.devices.results[{index}].device")
        for device in found.fitting
        if device.id in taken
        for claim, index in [taken[device.id]]
    ]


def _unread(ctx: Context, one: Waiting, found: Failing) -> Told:
    """The scheduler says that no device fits, and why cannot be told."""
    asked, text = found.asked, found.unread[0]
    summary = (
        f"no node has {_amount(found)} of {asked.device_class} for it{_of_template(one)}, says the scheduler; "
        f"the selector `{text}` could not be evaluated here"
    )
    path = next((path for path, other in asked.selectors if other == text), f"{asked.path}.deviceClassName")
    remedy = Remedy(text="compare the selector with the devices", command="kubectl get resourceslices -o yaml")
    return summary, (one.group.evidence[0], ctx.cite(one.claim, path)), (remedy,)


def _amount(found: Failing) -> str:
    if found.asked.every:
        return "every device of a node"
    return "1 device" if found.need == 1 else f"{found.need} devices on one node"


def _of_template(one: Waiting) -> str:
    return f" (template {one.template.name})" if one.template else ""
