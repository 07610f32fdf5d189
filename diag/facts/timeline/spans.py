"""From milestones to phases: spans that touch, and their sums by phase."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diag.facts.timeline.model import PHASES, Moment, Phase


@dataclass(frozen=True, slots=True)
class Milestone:
    """From this moment on the start was in one of these phases; more than one where nothing tells them apart."""

    when: Moment
    phases: tuple[str, ...]


def sums(milestones: Sequence[Milestone], began: float, ended: float) -> list[Phase]:
    """The phases between two times, summed over all spans, in the order in which their time was spent on average.

    That is mostly the order of `PHASES`, but the main image is often pulled after the init containers ran. Milestones
    beyond the end do not count.
    """
    least: dict[str, float] = dict.fromkeys(PHASES, 0.0)
    most: dict[str, float] = dict.fromkeys(PHASES, 0.0)
    weighted: dict[str, float] = dict.fromkeys(PHASES, 0.0)  # the middle of each span, times its length
    ordered = _in_order(milestones, began, ended)
    borders = [*(one.when for one in ordered[1:]), Moment.at(ended)]
    for one, border in zip(ordered, borders, strict=True):
        shortest, longest = max(border.lo - one.when.hi, 0.0), max(border.hi - one.when.lo, 0.0)
        for name in one.phases:
            most[name] += longest
            weighted[name] += longest * ((one.when.lo + border.hi) / 2 - began)
        if len(one.phases) == 1:
            least[one.phases[0]] += shortest
    spent = sorted((name for name in PHASES if most[name] > 0), key=lambda name: weighted[name] / most[name])
    return [Phase(name=name, min_s=least[name], max_s=most[name]) for name in spent]


def _in_order(milestones: Iterable[Milestone], began: float, ended: float) -> list[Milestone]:
    """Milestones between the ends, by time; what lies before the beginning begins there."""
    ordered: list[Milestone] = []
    place = began
    for one in sorted(milestones, key=lambda one: (one.when.lo, one.when.hi)):
        if one.when.lo > ended:
            break
        when = Moment(max(one.when.lo, place), min(max(one.when.hi, one.when.lo, place), ended))
        ordered.append(Milestone(when, one.phases))
        place = when.lo
    return ordered
