"""Why a request for devices finds none: the same sorting as the scheduler's allocator, as far as it is arithmetic.

Constraints between requests (`matchAttribute`), shared counters and parts of devices are not worked out: where they
matter, nothing is said.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from diag.facts.cel import parse
from diag.facts.devices import Asked, DeviceId, Offered, tolerated


class Want(StrEnum):
    """Which way a request fails, by the name of the cause."""

    NO_MATCH = "dra-selector-matches-no-device"
    TAINTED = "dra-device-tainted"
    EXHAUSTED = "dra-devices-exhausted"
    TOO_FEW = "dra-claim-unallocatable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A request that no node can serve now."""

    want: Want
    asked: Asked
    need: int  # devices on one node
    classed: tuple[Offered, ...]  # devices of the class, whatever the request's own selectors say
    fitting: tuple[Offered, ...]  # those that class and selectors match
    free: tuple[Offered, ...]  # of these, neither allocated nor tainted
    tainted: tuple[Offered, ...]  # of the fitting ones, those with a taint that is in the way, not allocated
    unread: tuple[str, ...]  # expressions that could not be evaluated: then nothing is certain

    @property
    def most(self) -> int:
        """The most free devices on one node."""
        return max((len(found) for found in _by_node(self.free).values()), default=0)


def failing(
    asked: Asked,
    *,
    need: int,
    class_selectors: tuple[str, ...],
    offers: list[Offered],
    taken: dict[DeviceId, object],
    may_use: Callable[[str], bool],
) -> Failing | None:
    """Why a request fails; None where a node could serve it, or where that cannot be counted.

    `need` counts devices on one node, `may_use` tells by name whether the pod may run on a node at all.
    """
    unread: dict[str, None] = {}
    classed = _matching(offers, class_selectors, unread)
    fitting = _matching(classed, tuple(text for _, text in asked.selectors), unread)
    if not unread and fitting and not any(may_use(one.node) for one in fitting):
        return None  # what keeps the pod off those nodes is another question
    fitting = [one for one in fitting if may_use(one.node)]
    if any(one.shared for one in fitting):
        return None
    unallocated = [one for one in fitting if one.id not in taken]
    free = [one for one in unallocated if not _barred(one, asked)]
    tainted = [one for one in unallocated if _barred(one, asked)]
    if _enough(free, fitting, need=need, every=asked.every):
        return None
    if not fitting:
        want = Want.TOO_FEW if unread else Want.NO_MATCH
    elif tainted and _enough(unallocated, fitting, need=need, every=asked.every):
        want = Want.TAINTED
    else:
        want = Want.TOO_FEW if free or unread else Want.EXHAUSTED
    return Failing(
        want=want, asked=asked, need=need, classed=tuple(classed), fitting=tuple(fitting), free=tuple(free),
        tainted=tuple(tainted), unread=tuple(unread),
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


def _barred(one: Offered, asked: Asked) -> bool:
    return any(not tolerated(taint, asked.tolerations) for taint in one.taints)


def _enough(usable: list[Offered], fitting: list[Offered], *, need: int, every: bool) -> bool:
    """Whether a node has so many devices, or all that fit there. Devices that belong to no one node count for all."""
    wide = sum(not one.node for one in usable)
    here, there = _by_node(usable), _by_node(fitting)
    if every:
        return any(len(here.get(node, ())) == len(found) for node, found in there.items())
    return wide >= need or any(len(found) + wide >= need for node, found in here.items() if node)


def _by_node(devices: list[Offered] | tuple[Offered, ...]) -> dict[str, list[Offered]]:
    found: dict[str, list[Offered]] = defaultdict(list)
    for one in devices:
        found[one.node].append(one)
    return found
