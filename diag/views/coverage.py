"""What could not be looked at, what that hides, and what would mend it."""

from collections.abc import Collection
from dataclasses import dataclass

from diag.document import GapRow, Report
from diag.views.wording import WHY_NOT, folded


@dataclass(frozen=True, slots=True, kw_only=True)
class GapLine:
    """One gap in words; `material` ones could change a verdict that is shown."""

    cluster: str
    what: str
    why: str
    hides: str  # ids of the blinded rules, folded
    material: bool
    fix: str

    def __str__(self) -> str:
        hidden = f" (hides {self.hides})" if self.hides else ""
        return f"{self.what}: {self.why}{hidden}"


def gap_lines(report: Report, *, material_only: bool = True, clusters: Collection[str] = ()) -> list[GapLine]:
    """The gaps, material ones first; of the named clusters only, when some are named."""
    gaps = [gap for gap in report.gaps if (gap.material or not material_only) and _within(gap, clusters)]
    return [_line(gap) for gap in sorted(gaps, key=lambda gap: not gap.material)]


def _within(gap: GapRow, clusters: Collection[str]) -> bool:
    # A gap without a cluster (a rule package that cannot be imported) concerns all of them.
    return not clusters or not gap.cluster or gap.cluster in clusters


def _line(gap: GapRow) -> GapLine:
    return GapLine(
        cluster=gap.cluster,
        what=gap.what,
        why=WHY_NOT.get(gap.why, gap.why),
        hides=folded(gap.hides),
        material=gap.material,
        fix=gap.fix,
    )
