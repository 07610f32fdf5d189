"""Why a request for devices finds none: the same sorting as the scheduler's allocator, as far as it is arithmetic.

What is said holds whatever else the allocator looks at: each device is asked for by itself, so devices that only
together draw too much of a counter, and requests that only together break a constraint, are taken to fit.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from diag.facts.cel import parse
from diag.facts.device_requests import Alike, Asked, Holding, tolerated
from diag.facts.devices import Counter, CounterId, DeviceId, Offered, Size, qualified
from diag.facts.quantity import milli
from diag.snapshot.cite import value_at


class Want(StrEnum):
    """Which way a request fails, by the name of the cause."""

    NO_MATCH = "dra-selector-matches-no-device"
    TAINTED = "dra-device-tainted"
    EXHAUSTED = "dra-devices-exhausted"
    TOO_FEW = "dra-claim-unallocatable"


class UncountedError(Exception):
    """How much of a device is left cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is offered, and what is held of it."""

    offers: list[Offered]
    counters: Mapping[CounterId, Counter]
    held: Mapping[DeviceId, list[Holding]]

    def drawn(self) -> dict[CounterId, int]:
        """What the devices that are held draw of the shared counters, in thousandths."""
        found: dict[CounterId, int] = defaultdict(int)
        for one in self.offers:
            for counter, amount in one.draws if self.held.get(one.id) else ():
                found[counter] += amount
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A device that nobody holds, or not whole, and of which too little is left: of a counter, or of a capacity."""

    device: Offered
    counter: CounterId | None
    size: str  # the name of the capacity, empty for a counter
    needs: int  # thousandths, as the next two
    left: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A request that no node can serve now."""

    want: Want
    asked: Asked
    need: int  # devices on one node
    classed: tuple[Offered, ...]  # devices of the class, whatever the request's own selectors say
    fitting: tuple[Offered, ...]  # those that class and selectors match
    free: tuple[Offered, ...]  # of these, neither allocated nor spent nor tainted
    tainted: tuple[Offered, ...]  # of the fitting ones, those with a taint that is in the way, not allocated
    spent: tuple[Spent, ...]  # of the fitting ones, those of which too little is left
    unread: tuple[str, ...]  # expressions that could not be evaluated: then nothing is certain
    alike: Alike | None = None  # the constraint without which it would fit

    @property
    def most(self) -> int:
        """The most free devices on one node."""
        return max((len(found) for found in _by_node(self.free).values()), default=0)


def failing(
    asked: Asked,
    *,
    need: int,
    class_selectors: tuple[str, ...],
    fleet: Fleet,
    may_use: Callable[[str], bool],
    alike: Alike | None = None,
) -> Failing | None:
    """Why a request fails; None where a node could serve it, or where that cannot be counted.

    `need` counts devices on one node, `may_use` tells by name whether the pod may run on a node at all.
    """
    unread: dict[str, None] = {}
    classed = _matching(fleet.offers, class_selectors, unread)
    fitting = _matching(classed, tuple(text for _, text in asked.selectors), unread)
    if not unread and fitting and not any(may_use(one.node) for one in fitting):
        return None  # what keeps the pod off those nodes is another question
    fitting = [one for one in fitting if may_use(one.node)]
    try:
        shares, spent = _shares(fitting, asked, fleet, need)
    except UncountedError:
        return None
    free = [one for one in shares if not _barred(one, asked)]
    tainted = [one for one in _each(shares) if _barred(one, asked)]
    if _enough(free, fitting, need=need, every=asked.every, alike=alike):
        return None
    if not fitting:
        want = Want.TOO_FEW if unread else Want.NO_MATCH
    elif tainted and _enough(shares, fitting, need=need, every=asked.every, alike=alike):
        want = Want.TAINTED
    else:
        want = Want.TOO_FEW if free or unread else Want.EXHAUSTED
    return Failing(
        want=want, asked=asked, need=need, classed=tuple(classed), fitting=tuple(fitting),
        free=tuple(_each(free)), tainted=tuple(tainted), spent=tuple(spent), unread=tuple(unread), alike=alike,
    )  # fmt: skip


def _matching(offers: list[Offered], expressions: tuple[str, ...], unread: dict[str, None]) -> list[Offered]:
    """Devices that every expression matches; an expression that cannot be read for one counts as matching none."""
    found = []
    for one in offers:
        answers = {text: parse(text).matches(one.device) for text in expressions}
        if all(answers.values()):
            found.append(one)
        elif False not in answers.values():
            unread.update(dict.fromkeys(text for text, answer in answers.items() if answer is None))
    return found


def _shares(fitting: list[Offered], asked: Asked, fleet: Fleet, need: int) -> tuple[list[Offered], list[Spent]]:
    """The devices that the request could have, and those of which too little is left. Raises UncountedError.

    A device that claims share is listed as often as it has room for the request, at most `need` times.
    """
    drawn = fleet.drawn()
    usable: list[Offered] = []
    spent: list[Spent] = []
    for one in fitting:
        holders = fleet.held.get(one.id, [])
        if holders and one.sizes is None:
            continue
        lacking = None if holders else _overdrawn(one, fleet.counters, drawn)
        times = need
        if lacking is None and one.sizes is not None:
            lacking, times = _room(one, one.sizes, asked, holders, need)
        if lacking is not None:
            spent.append(lacking)
        else:
            usable.extend([one] * (times if one.sizes is not None else 1))
    return usable, spent


def _overdrawn(one: Offered, counters: Mapping[CounterId, Counter], drawn: Mapping[CounterId, int]) -> Spent | None:
    """The shared counter of which the device needs more than is left."""
    for name, needs in one.draws:
        counter = counters.get(name)
        if counter is None:
            raise UncountedError
        left = counter.total - drawn.get(name, 0)
        if needs > left:
            return Spent(device=one, counter=name, size="", needs=needs, left=left, total=counter.total)
    return None


def _room(
    one: Offered, sizes: Mapping[tuple[str, str], Size], asked: Asked, holders: list[Holding], need: int
) -> tuple[Spent | None, int]:
    """The capacity of which too little is left, or how often the request fits into the device, `need` at most."""
    wanted = {qualified(one.id[0], name): milli(value) for name, value in asked.capacity.items()}
    times = need
    for name, size in sizes.items():
        if any(name not in holder.consumed for holder in holders):
            raise UncountedError
        needs = _taken_of(size, wanted.get(name))
        left = size.total - sum(holder.consumed[name] for holder in holders)
        if needs > left:
            return Spent(device=one, counter=None, size=name[1], needs=needs, left=left, total=size.total), 0
        times = min(times, left // needs) if needs else times
    return None, times


def _taken_of(size: Size, wanted: int | None) -> int:
    """What a claim takes of a capacity: what it asks for, rounded up as the driver gives it; else the default, or all.

    Source: kubernetes/kubernetes staging/src/k8s.io/dynamic-resource-allocation/structured, consumable capacity.
    """
    if wanted is None:
        given = milli(size.policy.get("default"))
        return size.total if given is None else given
    values = size.policy.get("validValues")
    steps = sorted(one for one in map(milli, values if isinstance(values, list) else ()) if one is not None)
    if steps:
        return next((one for one in steps if one >= wanted), size.total + 1)
    limits = size.policy.get("validRange")
    if isinstance(limits, dict):
        least, step = milli(limits.get("min")) or 0, milli(limits.get("step")) or 0
        if wanted <= least or not step:
            return max(wanted, least)
        return least + -((least - wanted) // step) * step
    return wanted


def _barred(one: Offered, asked: Asked) -> bool:
    return any(not tolerated(taint, asked.tolerations) for taint in one.taints)


def _enough(usable: list[Offered], fitting: list[Offered], *, need: int, every: bool, alike: Alike | None) -> bool:
    """Whether a node has so many devices, or all that fit there. Devices that belong to no one node count for all."""
    here, there = _by_node(usable), _by_node(fitting)
    if every:
        return any(len(_each(here.get(node, []))) == len(found) for node, found in there.items())
    wide = here.get("", [])
    return any(_agreeing([*found, *wide], alike) >= need for found in [*(here[node] for node in here if node), []])


def _each(shares: list[Offered]) -> list[Offered]:
    """Every device once, however many shares of it there are."""
    return list({one.id: one for one in shares}.values())


def _agreeing(devices: list[Offered], alike: Alike | None) -> int:
    """How many of some devices may go into one request under its constraint."""
    if alike is None:
        return len(devices)
    values: dict[str, int] = defaultdict(int)
    for one in devices:
        path = one.path_of("attributes", *qualified(one.id[0], alike.attribute))
        if path is not None:
            values[repr(value_at(one.slice.whole, path))] += 1
    return len(values) if alike.distinct else max(values.values(), default=0)


def _by_node(devices: list[Offered] | tuple[Offered, ...]) -> dict[str, list[Offered]]:
    found: dict[str, list[Offered]] = defaultdict(list)
    for one in devices:
        found[one.node].append(one)
    return found
