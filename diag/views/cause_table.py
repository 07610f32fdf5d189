"""The causes as a table: what is costing GPUs, ranked as the report ranks them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from diag.document import CauseRow, Report
from diag.views.causes import not_seen
from diag.views.table import Column, Line, Table
from diag.views.wording import counted, named, seconds_since


def causes_table(report: Report) -> Table:
    """A line for each cause. Its `key` begins with the fingerprint, and stays from one look to the next."""
    several = len(report.target.clusters) > 1
    columns = (
        Column(title="ID", passing=True),
        Column(title="GPUS", kind="count"),
        Column(title="AGE", kind="age"),
        *((Column(title="CLUSTER", least=7),) if several else ()),
        Column(title="RULE"),
        Column(title="CAUSE", least=12, named="summary"),
    )
    blind = sum(gap.material for gap in report.gaps)
    looked = counted(report.stats.get("rules", 0), "rule")
    missed = not_seen(report)
    found = "No causes." + (f" But this is not all: {missed}." if missed else "")
    empty = f"{found} {looked} ran" + (f", {counted(blind, 'thing')} could not be checked (9)." if blind else ".")
    now = {cluster.id: cluster.now for cluster in report.target.clusters}
    keys = _distinct([cause.fingerprint for cause in report.causes])
    lines = [_line(cause, key, now, several=several) for cause, key in zip(report.causes, keys, strict=True)]
    return Table(columns=columns, lines=lines, empty=empty)


def new_causes_table(report: Report, known: Collection[str]) -> Table:
    """The causes whose fingerprints are not known."""
    found = causes_table(report)
    lines = [line for line, cause in zip(found.lines, report.causes, strict=True) if cause.fingerprint not in known]
    return Table(columns=found.columns, lines=lines, empty="Nothing is new.")


def _distinct(names: Iterable[str]) -> list[str]:
    """The names as keys: what is there again gets a number, for a report may come from anywhere."""
    times: Counter[str] = Counter()
    found = []
    for name in names:
        times[name] += 1
        found.append(name if times[name] == 1 else f"{name}/{times[name]}")
    return found


def _line(cause: CauseRow, key: str, now: Mapping[str, str], *, several: bool) -> Line:
    cluster = cause.root.cluster
    return Line(
        key=key,
        values=(
            cause.id,
            cause.affected.gpus + cause.affected.gpus_lost,
            seconds_since(cause.since, now.get(cluster)),
            *((cluster,) if several else ()),
            cause.rule,
            f"{named(cause.root)}: {cause.summary}",
        ),
        severity=cause.severity,
        ref=cause.root,
        causes=(cause.id,),
    )


def findings_table(report: Report) -> Table:
    """A line for each finding, symptoms included, with the causes in whose tree it stands. Its id comes first."""
    within: dict[str, list[str]] = {}
    for cause in report.causes:
        for each in dict.fromkeys((cause.finding, *cause.symptoms)):
            within.setdefault(each, []).append(cause.id)
    keys = _distinct([f"{row.rule}/{row.fingerprint}" for row in report.findings])
    return Table(
        columns=(
            Column(title="ID", passing=True),
            Column(title="ROLE"),
            Column(title="RULE"),
            Column(title="CAUSES", passing=True),
            Column(title="SUMMARY", least=12),
        ),
        lines=[
            Line(
                key=key,
                values=(
                    row.id, row.role, row.rule, " ".join(within.get(row.id, ())),
                    f"{named(row.subject)}: {row.summary}",
                ),
                severity=row.severity,
                ref=row.subject,
                causes=tuple(within.get(row.id, ())),
            )
            for row, key in zip(report.findings, keys, strict=True)
        ],
        empty="Nothing was found.",
    )  # fmt: skip


def ignored_table(report: Report) -> Table:
    """A line for each finding that the user asked not to see, and why."""
    return Table(
        columns=(
            Column(title="RULE"),
            Column(title="BY"),
            Column(title="UNTIL"),
            Column(title="REASON", least=10),
            Column(title="SUMMARY", least=12),
        ),
        lines=[
            Line(
                key=f"{row.finding.rule}/{row.finding.fingerprint}",
                values=(
                    row.finding.rule, row.by, row.until or "-", row.reason,
                    f"{named(row.finding.subject)}: {row.finding.summary}",
                ),
                severity=row.finding.severity,
                ref=row.finding.subject,
            )
            for row in report.ignored
        ],
        empty="Nothing is ignored.",
    )  # fmt: skip
