"""How a claim that gets no device is told: words, evidence and remedies for each way it fails."""

from diag.catalog.context import Context
from diag.catalog.joins.device_claims import Waiting, class_selectors
from diag.facts.cel import parse
from diag.facts.device_requests import tolerated
from diag.facts.devices import CLASS, Offered
from diag.facts.quantity import show
from diag.facts.words import count_of
from diag.findings import Evidence, Proof, Remedy
from diag.snapshot.cite import MAX_PARTS
from diag.trouble.room.allocation import Failing, Fleet, Spent, Want

Told = tuple[str, Proof, tuple[Remedy, ...]]  # summary, evidence with the deciding piece first, remedies
MOST_VALUES = 6  # published under one name that are shown
SEE_SLICES = "kubectl get resourceslices -o yaml"


def told(ctx: Context, one: Waiting, found: Failing, fleet: Fleet) -> Told:
    """What is said of a claim that fails in one way."""
    match found.want:
        case Want.NO_MATCH:
            return _no_match(ctx, one, found, fleet)
        case Want.TAINTED:
            return _tainted(ctx, found, fleet)
    return _unread(ctx, one, found) if found.unread else _too_few(ctx, one, found, fleet)


def template_of(ctx: Context, one: Waiting) -> list[Evidence]:
    """The template that the pod names."""
    return [ctx.cite(one.group.first, one.template_path)] if one.template_path else []


def _no_match(ctx: Context, one: Waiting, found: Failing, fleet: Fleet) -> Told:
    """No device matches: the expression beside what is published under the names that it looks at."""
    asked = found.asked
    of_claim = bool(found.classed and asked.selectors)
    known = ctx.snap.get(CLASS, "", asked.device_class)
    assert known is not None  # noqa: S101  looked up before the devices were
    among = found.classed if of_claim else tuple(fleet.offers)
    places = asked.selectors if of_claim else class_selectors(known)
    expressions = [text for _, text in places]
    published = _published(ctx, among, expressions)
    shown = "; ".join(f"{name} is {', '.join(values)}" for name, values, _ in published)
    proof = [evidence for _, _, pieces in published for evidence in pieces]
    if of_claim:
        carrier, summary = one.claim, f"the selector `{' && '.join(expressions)}` matches none of "
        summary += f"{count_of(len(among), 'device')} of {asked.device_class}"
    else:
        carrier, summary = known, f"the class {asked.device_class} matches none of {len(among)} published devices"
    first = ctx.cite(carrier, next((path for path, _ in places), "metadata.name"))
    remedy = Remedy(text="write the selector after what the ResourceSlices publish", command=SEE_SLICES)
    return f"{summary}{_of_template(one)}" + (f"; published: {shown}" if shown else ""), (first, *proof), (remedy,)


def _published(
    ctx: Context, devices: tuple[Offered, ...], expressions: list[str]
) -> list[tuple[str, list[str], list[Evidence]]]:
    """What devices have under the names that expressions look at: name, distinct values, one proof for each value."""
    found = []
    for part, domain, name in dict.fromkeys(names for text in expressions for names in parse(text).names):
        values: dict[str, Evidence] = {}
        for one in devices:
            path = one.path_of(part, domain, name)
            published = ctx.cite_if(one.slice, path) if path else None
            if published is not None:
                values.setdefault(str(published.value), published)
        if values:
            found.append((name, sorted(values)[:MOST_VALUES], list(values.values())[:MOST_VALUES]))
    return found


def _tainted(ctx: Context, found: Failing, fleet: Fleet) -> Told:
    """The devices that would do are tainted."""
    in_way = [
        (device, taint)
        for device in found.tainted[:MAX_PARTS]
        for taint in device.taints
        if not tolerated(taint, found.asked.tolerations)
    ]
    first, *others = (
        ctx.cite(taint.item, f"{taint.path}.{field}")
        for _, taint in in_way
        for field in ("key", "value", "effect")
        if field != "value" or taint.value
    )
    device, taint = in_way[0]
    where = _place(device)
    more = f" and {len(found.tainted) - 1} more" if len(found.tainted) > 1 else ""
    ruled = f" by the DeviceTaintRule {taint.item.name}" if taint.item is not device.slice else ""
    clean = len(found.fitting) - len(found.tainted)
    summary = (
        f"{where} is tainted {taint.label}{ruled}{more}; {clean} of {len(found.fitting)} "
        f"fitting devices are not, {len(found.free)} of these are free, {found.need} asked for"
    )
    if ruled:
        remedies = (
            Remedy(
                text="see what the rule taints, and why",
                command=f"kubectl get devicetaintrule {taint.item.name} -o yaml",
                who="platform",
            ),
            Remedy(
                text="remove the rule once its reason is gone: pods may get those devices again",
                command=f"kubectl delete devicetaintrule {taint.item.name}",
                who="platform",
                risk="disruptive",
            ),
        )
    else:
        remedies = (
            Remedy(
                text="see the taint, and since when the device has it",
                command=f"kubectl get resourceslice {device.slice.name} -o yaml",
                who="platform",
            ),
            Remedy(
                text=f"reset or replace {where}; its driver then clears the taint", who="platform", risk="disruptive"
            ),
        )
    names = [ctx.cite(device.slice, f"{device.path.removesuffix('.basic')}.name")]
    return summary, (first, *[*others, *names, *_held(ctx, found, fleet)]), remedies


def _too_few(ctx: Context, one: Waiting, found: Failing, fleet: Fleet) -> Told:
    asked, held = found.asked, _held(ctx, found, fleet)
    request: Evidence = ctx.cite(one.claim, f"{asked.path}.deviceClassName")
    count = [ctx.cite_or_lack(one.claim, f"{asked.path}.count")]
    allocated = sum(device.id in fleet.held and device.sizes is None for device in found.fitting)
    states = [
        f"{allocated} {_are(allocated)} allocated",
        *([f"{len(found.spent)} {_have(found.spent)} too little left"] if found.spent else []),
        f"{len(found.free)} {_are(len(found.free))} free",
    ]
    here = f", at most {found.most} on one node" if found.free else ""
    summary = (
        f"asks for {_amount(found)} of {asked.device_class}{_of_template(one)}; of {len(found.fitting)} that fit, "
        f"{', '.join(states[:-1])} and {states[-1]}{here}"
    )
    proof = [piece for spent in found.spent[:MAX_PARTS] for piece in _left(ctx, spent, fleet)]
    if found.spent:
        summary += f": {_words_of(found.spent[0])}"
    if found.alike is not None:
        proof.append(ctx.cite(one.claim, found.alike.path))
        summary += f"; {_terms_of(found)}"
    parts = [*held, *proof, request]
    free = ctx.compute(f"free devices of {asked.device_class} that fit the claim", len(found.free), parts)
    remedies = (
        Remedy(text="see which claims hold them", command="kubectl get resourceclaims -A -o wide"),
        Remedy(text="ask for fewer or smaller devices, or wait until a holder ends"),
        Remedy(text=f"add nodes with devices of {asked.device_class}", who="platform"),
    )
    return summary, (free, *[*count, request]), remedies


def _terms_of(found: Failing) -> str:
    """The constraint that too few free devices meet."""
    assert found.alike is not None  # noqa: S101  asked before
    what = "a value of its own" if found.alike.distinct else "one and the same value"
    return f"each must have {what} of {found.alike.attribute}"


def _words_of(spent: Spent) -> str:
    """How much is left of the counter or the capacity, and how much it takes."""
    resource = spent.counter[3] if spent.counter else spent.size
    needs, left, total = (show(amount, resource) for amount in (spent.needs, max(spent.left, 0), spent.total))
    if spent.counter:
        return (
            f"{_place(spent.device)} draws {needs} of the {resource} of {spent.counter[2]}, and other parts have left "
            f"{left} of {total}"
        )
    return (
        f"{_place(spent.device)} has {left} of {total} {resource} left for claims that share it, and {needs} is needed"
    )


def _left(ctx: Context, spent: Spent, fleet: Fleet) -> list[Evidence]:
    """The total of the counter or the capacity, and who holds of it."""
    if spent.counter is None:
        path = next(
            path
            for domain, name in spent.device.sizes or ()
            if name == spent.size and (path := spent.device.path_of("capacity", domain, name))
        )
        holders = fleet.held.get(spent.device.id, [])
        return [ctx.cite(spent.device.slice, path), *[ctx.cite(holder.claim, holder.path) for holder in holders]]
    counter = fleet.counters[spent.counter]
    parts = [one for one in fleet.offers if any(name == spent.counter for name, _ in one.draws)]
    return [
        ctx.cite(counter.item, counter.path),
        *[ctx.cite(holder.claim, holder.path) for part in parts for holder in fleet.held.get(part.id, [])],
    ]


def _held(ctx: Context, found: Failing, fleet: Fleet) -> list[Evidence]:
    """The allocations of fitting devices."""
    return [ctx.cite(holder.claim, holder.path) for device in found.fitting for holder in fleet.held.get(device.id, [])]


def _unread(ctx: Context, one: Waiting, found: Failing) -> Told:
    """The scheduler says that no device fits, and why cannot be told."""
    asked, text = found.asked, found.unread[0]
    summary = (
        f"no node has {_amount(found)} of {asked.device_class} for it{_of_template(one)}, says the scheduler; "
        f"the selector `{text}` could not be evaluated here"
    )
    path = next((path for path, other in asked.selectors if other == text), f"{asked.path}.deviceClassName")
    remedy = Remedy(text="compare the selector with the devices", command=SEE_SLICES)
    return summary, (one.group.evidence[0], ctx.cite(one.claim, path)), (remedy,)


def _amount(found: Failing) -> str:
    if found.asked.every:
        return "every device of a node"
    return "1 device" if found.need == 1 else f"{found.need} devices on one node"


def _place(device: Offered) -> str:
    return f"{device.id[2]} on {device.node}" if device.node else device.id[2]


def _of_template(one: Waiting) -> str:
    return f" (template {one.template.name})" if one.template else ""


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _have(spent: tuple[Spent, ...]) -> str:
    return "has" if len(spent) == 1 else "have"
