"""The graph of blame as a document: findings as nodes, proven links as arrows (`diag graph -o json`)."""

from diag.document import FindingRow, LinkRow, RefRow, Report, Row, ToolRow

SCHEMA = "diag.graph/v1"


class NodeRow(Row, kw_only=True):
    """One finding; `causes` are the causes in whose tree it stands, `root` whether it is the root of one."""

    id: str
    rule: str
    name: str
    role: str
    severity: str
    subject: RefRow
    summary: str
    causes: list[str]
    root: bool


class Graph(Row, kw_only=True):
    """Every finding that a cause reaches, and every arrow between two of them, from cause to symptom."""

    schema: str = SCHEMA
    tool: ToolRow
    nodes: list[NodeRow]
    links: list[LinkRow]


def graph(report: Report) -> Graph:
    """The graph of a report, in the report's order."""
    within: dict[str, list[str]] = {}
    for cause in report.causes:
        for each in dict.fromkeys((cause.finding, *cause.symptoms)):
            within.setdefault(each, []).append(cause.id)
    roots = {cause.finding for cause in report.causes}
    return Graph(
        tool=report.tool,
        nodes=[_node(row, within[row.id], root=row.id in roots) for row in report.findings if row.id in within],
        links=[link for link in report.links if link.cause in within and link.symptom in within],
    )


def _node(row: FindingRow, causes: list[str], *, root: bool) -> NodeRow:
    return NodeRow(
        id=row.id, rule=row.rule, name=row.name, role=row.role, severity=row.severity, subject=row.subject,
        summary=row.summary, causes=causes, root=root,
    )  # fmt: skip
