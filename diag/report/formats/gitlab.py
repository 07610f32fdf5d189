"""A Code Quality report for the widget of GitLab's merge requests (docs.gitlab.com, ci/testing/code_quality).

It shows the description and not the name of the check, needs a path for everything, and takes each fingerprint once.
"""

import msgspec

from diag.document import Report
from diag.report.formats.places import path
from diag.report.look import Look
from diag.report.sanitize import cleaned, escaped
from diag.views.causes import CauseLine, cause_lines
from diag.views.wording import named

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def rendered(report: Report, look: Look) -> bytes:  # noqa: ARG001  # nothing of a document depends on who looks
    """A JSON array with an entry for each cause."""
    shown = cleaned(report)
    several = len(shown.target.clusters) > 1
    # Two causes with one fingerprint (the same rule at the same root) are one entry to GitLab.
    entries = {line.fingerprint: _entry(line, several=several) for line in reversed(cause_lines(shown))}
    encoded = msgspec.json.encode(list(reversed(entries.values())))
    return escaped(msgspec.json.format(encoded, indent=2)) + b"\n"


def _entry(line: CauseLine, *, several: bool) -> dict[str, object]:
    root = named(line.root, with_cluster=several)
    return {
        "description": f"{line.rule} {line.name}: {root}: {line.summary}",
        "check_name": line.rule,
        "fingerprint": line.fingerprint,
        "severity": _SEVERITIES.get(line.severity, "info"),
        "location": {"path": path(line.root), "lines": {"begin": 1}},
    }
