"""What is new or worse since an older report: the rest is hidden, and counted as hidden."""

import shlex
from dataclasses import replace
from pathlib import Path

from diag.cli.looking import Looked
from diag.compare.causes import compared
from diag.compare.saved import saved_report
from diag.compare.seen import Look
from diag.document import Report
from diag.errors import UsageError
from diag.views.causes import Hidden
from diag.views.narrow import narrowed

_RANK = {"info": 1, "warning": 2, "error": 3}


def old_report(path: str) -> Report:
    """The report in a file. Raises UsageError where there is none, SnapshotError for one that cannot be read."""
    found = saved_report(path)
    if found is None:
        what = "holds no report of diag" if Path(path).exists() else "does not exist"
        raise UsageError(f"--baseline {path} {what}", hint="write one with `diag report … -o json=PATH`")
    return found


def fresh(found: Looked, old: Report, path: str) -> Looked:
    """Without the causes that the older report holds, at least as severe. Other amounts of the same are no news."""
    causes = compared(Look(old), Look(found.report))
    worse = [
        one.after for one in causes.changed if _RANK.get(one.after.severity, 0) > _RANK.get(one.before.severity, 0)
    ]
    unsure = [one.cause for one in causes.not_seen_before]  # the older look does not show that they were there
    left = narrowed(found.report, {cause.id for cause in (*causes.new, *unsure, *worse)})
    known = len(found.report.causes) - len(left.causes)
    by = " ".join(filter(None, (found.hidden.by, f"--baseline {shlex.quote(path)}")))
    return replace(
        found, report=left, hidden=Hidden(count=found.hidden.count + known, by=by, remark=found.hidden.remark)
    )
