"""The because-tree of a cause: what is seen first, what it is because of beneath, the root last.

A finding with several effects is told once, where it is met first; elsewhere a line refers to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.document import CauseRow, FindingRow, LinkRow, RefRow, Report

_TOPS = 200  # symptoms that a tree begins with


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the tree. `why` and `evidence` belong to the arrow from the line above it, and to the finding.

    `number` counts findings from 1 in reading order; of a reference it is the number of what stands elsewhere.
    """

    depth: int
    number: int
    finding: str
    subject: RefRow
    name: str
    severity: str
    summary: str
    why: str = ""
    evidence: tuple[str, ...] = ()
    members: int = 1
    is_root: bool = False
    is_reference: bool = False


class Trees:
    """The trees of one report's causes; its rows are indexed once."""

    def __init__(self, report: Report) -> None:
        self._findings = {row.id: row for row in report.findings}
        self._above: dict[str, list[LinkRow]] = {}
        for link in report.links:
            if link.cause in self._findings and link.symptom in self._findings:
                self._above.setdefault(link.symptom, []).append(link)

    def of(self, cause: CauseRow) -> list[Step]:
        """The tree of one cause, top to bottom; nothing where the report does not hold its findings."""
        within = dict.fromkeys(each for each in (*cause.symptoms, cause.finding) if each in self._findings)
        above = {each: [link for link in self._above.get(each, ()) if link.cause in within] for each in within}
        causing = {link.cause for links in above.values() for link in links}
        # What causes nothing further is what a person sees. What no way from there reaches is told all the same.
        seen_first = [each for each in within if each not in causing][:_TOPS]
        tops = (*seen_first, *list(within)[:_TOPS], cause.finding)
        return list(_told(self._findings, above, cause.finding, [each for each in tops if each in within]))


def _told(
    findings: dict[str, FindingRow], above: dict[str, list[LinkRow]], root: str, tops: list[str]
) -> Iterator[Step]:
    numbers: dict[str, int] = {}
    for top in tops:
        # A stack, as chains of any length come from files.
        waiting: list[tuple[int, str, LinkRow | None]] = [] if top in numbers else [(0, top, None)]
        while waiting:
            depth, finding, link = waiting.pop()
            row, known = findings[finding], finding in numbers
            cited = [*(link.evidence if link else ()), *(() if known else row.evidence)]
            yield Step(
                depth=depth,
                number=numbers.setdefault(finding, len(numbers) + 1),
                finding=finding,
                subject=row.subject,
                name=row.name,
                severity=row.severity,
                summary=row.summary,
                why=link.why if link else "",
                evidence=tuple(dict.fromkeys(cited)),
                members=max(len(row.members), 1),
                is_root=finding == root,
                is_reference=known,
            )
            if not known:
                waiting += [(depth + 1, one.cause, one) for one in reversed(above[finding])]
