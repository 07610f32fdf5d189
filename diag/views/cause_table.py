"""The causes as a table: what is costing GPUs, ranked as the report ranks them."""

from diag.document import Report
from diag.views.causes import CauseLine, cause_lines
from diag.views.table import Column, Line, Table
from diag.views.wording import counted, named


def causes_table(report: Report) -> Table:
    """A line for each cause. Its `key` is the fingerprint, which stays from one look to the next."""
    several = len(report.target.clusters) > 1
    columns = (
        Column(title="GPUS", kind="count"),
        Column(title="AGE", kind="age"),
        *((Column(title="CLUSTER", least=7),) if several else ()),
        Column(title="RULE"),
        Column(title="CAUSE", least=12, named="summary"),
    )
    blind = sum(gap.material for gap in report.gaps)
    looked = counted(report.stats.get("rules", 0), "rule")
    empty = f"No causes. {looked} ran" + (f", {counted(blind, 'thing')} could not be checked (9)." if blind else ".")
    lines = [_line(line, several=several) for line in cause_lines(report)]
    return Table(columns=columns, lines=lines, empty=empty)


def _line(line: CauseLine, *, several: bool) -> Line:
    return Line(
        key=f"{line.fingerprint}/{line.id}",
        values=(
            line.gpus + line.gpus_lost,
            line.age_s,
            *((line.cluster,) if several else ()),
            line.rule,
            f"{named(line.root)}: {line.summary}",
        ),
        severity=line.severity,
        ref=line.root,
        causes=(line.id,),
    )
