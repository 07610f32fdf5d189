"""What could not be looked at, what that hides, and what would mend it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from diag.document import BASIC, ELSEWHERE, REACH, READ_LOGS, GapRow, Report
from diag.views.wording import WHY_NOT, folded

_NAMES = 3
_SAID = 120  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class GapLine:
    """One gap in words, with its cluster where there are several; `material` ones could change a verdict."""

    cluster: str
    what: str
    why: str
    hides: str  # what the blinded rules would find, by name, folded
    material: bool
    fix: str
    blinds: tuple[str, ...] = ()  # the ids of these rules, each
    whole: bool = False  # nothing at all was read of the cluster
    basic: bool = False  # of a kind without which no verdict says much
    pods: tuple[str, ...] = ()  # all that it is about
    unnamed: bool = False  # whether `what` names only the first of them
    said: str = ""  # the words of who refused or failed, cut

    @property
    def because(self) -> str:
        """Why, with these words."""
        return f"{self.why}, “{self.said}”" if self.said else self.why

    @property
    def in_full(self) -> str:
        """With what would show the same, where there is such."""
        return f"{self}; to see it: {self.fix}" if self.fix else str(self)

    def __str__(self) -> str:
        hidden = f" (hides {self.hides})" if self.hides else ""
        return f"{self.what}: {self.because}{hidden}"


def gap_lines(
    report: Report, *, material_only: bool = True, clusters: Collection[str] = (), every_pod: bool = False
) -> list[GapLine]:
    """The gaps; of the named clusters only, when some are named. With `every_pod` each pod without its log is named.

    Clusters of which nothing was read come first, then what no verdict can do without, then what is material.
    """
    gaps = [gap for gap in report.gaps if (gap.material or not material_only) and _within(gap, clusters)]
    several = len(report.target.clusters) > 1
    return [_line(gap, several=several, every_pod=every_pod) for gap in sorted(gaps, key=_weight)]


def concerning(gaps: Iterable[GapLine], objects: Collection[str]) -> list[GapLine]:
    """The gaps that may concern one of the objects (`namespace/name`): not logs that are all of other pods."""

    def may(gap: GapLine) -> bool:
        words = gap.pods or gap.what.removeprefix(READ_LOGS).replace(",", " ").split()
        return not gap.what.startswith(READ_LOGS) or "more" in words or not {*objects}.isdisjoint(words)

    return [gap for gap in gaps if may(gap)]


def answering(gaps: Iterable[GapLine], rules: Collection[str]) -> list[GapLine]:
    """The gaps that blind one of the rules (ids), or that any rule may feel: what is basic, and what was damaged."""
    return [gap for gap in gaps if gap.basic or not gap.blinds or not {*rules}.isdisjoint(gap.blinds)]


def _weight(gap: GapRow) -> tuple[bool, bool, int]:
    what = gap.what.removesuffix(ELSEWHERE)
    basic = BASIC.index(what) if what in BASIC else len(BASIC)
    return not gap.what.startswith(REACH), not gap.material, basic


def _within(gap: GapRow, clusters: Collection[str]) -> bool:
    # A gap without a cluster (a rule package that cannot be imported) concerns all of them.
    return not clusters or not gap.cluster or gap.cluster in clusters


def _line(gap: GapRow, *, several: bool, every_pod: bool) -> GapLine:
    whole = gap.what.startswith(REACH)  # it has the name already
    pods = tuple(gap.pods) if isinstance(gap.pods, list) else ()
    what = f"{gap.what.partition(pods[0])[0]}{', '.join(pods)}" if every_pod and pods else gap.what
    return GapLine(
        cluster=gap.cluster,
        what=f"{what} in cluster {gap.cluster}" if several and gap.cluster and not whole else what,
        why=WHY_NOT.get(gap.why, gap.why),
        hides=folded(gap.hidden(), _NAMES),
        blinds=tuple(gap.hides),
        material=gap.material,
        fix=gap.fix,
        whole=whole,
        basic=gap.what.removesuffix(ELSEWHERE) in BASIC,
        pods=pods,
        unnamed=bool(pods) and what.endswith(" more"),
        said=_short(gap.detail or ""),
    )


def _short(text: str) -> str:
    return text if len(text) <= _SAID else f"{text[: _SAID - 1].rstrip()}…"
