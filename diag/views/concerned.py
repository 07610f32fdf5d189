"""Which causes concern an object: as their root, as what they affect, or as what their symptoms are about."""

from collections.abc import Iterable

from diag.document import Report
from diag.findings import Severity
from diag.views.circle import circles


def severity_of(report: Report, causes: Iterable[str]) -> str:
    """The worst severity of some causes, empty where there is none."""
    found = {cause.id: cause.severity for cause in report.causes}
    return max((found[each] for each in causes if each in found), key=lambda word: Severity(word).weight, default="")


def causes_by_object(report: Report) -> dict[tuple[str, ...], list[str]]:
    """The ids of causes by the key of each object that they are about, the worst cause first."""
    found: dict[tuple[str, ...], list[str]] = {}
    for circle in circles(report):
        for one in circle.about:
            found.setdefault(one, []).append(circle.cause.id)
    return found
