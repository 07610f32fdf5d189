"""Timelines as text: a bar of proportions and the phases' lengths."""

from diag.document import Report
from diag.report.cells import wrap
from diag.report.look import Look
from diag.views.timeline import TimelineLine, bar, timeline_lines
from diag.views.wording import listed, named

_BAR_CELLS = 50
_FILL = "█▒░"


def timeline_text(report: Report, look: Look) -> list[str]:
    """Each start as its pod, one bar, and one line of phases. The report is a cleaned one."""
    lines: list[str] = []
    for timeline in timeline_lines(report):
        lines += wrap(f"start of {named(timeline.pod)}: {timeline.wall}, {timeline.span}", look.width)
        cells = bar(timeline, min(_BAR_CELLS, (look.width or _BAR_CELLS) - 4))
        # Neighbours differ in shade; the words below carry the meaning.
        lines.append("    " + "".join(_FILL[at % len(_FILL)] * length for at, (_, length) in enumerate(cells)))
        lines += wrap(_phases(timeline), look.width, first="    ", rest="    ")
    return lines


def _phases(timeline: TimelineLine) -> str:
    return listed(
        f"{each.phase} {each.length}"
        + (f" at {each.rate}" if each.rate else "")
        + (" (the slowest)" if each.slowest else "")
        for each in timeline.phases
    )
