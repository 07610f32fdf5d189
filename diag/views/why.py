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


def because(report: Report, cause: CauseRow) -> list[Step]:
    """The tree of one cause, top to bottom."""
    findings = {row.id: row for row in report.findings}
    within = {cause.finding, *cause.symptoms}
    above: dict[str, list[LinkRow]] = {}
    leaving: set[str] = set()
    for link in report.links:
        if link.cause in within and link.symptom in within:
            above.setdefault(link.symptom, []).append(link)
            leaving.add(link.cause)
    # What causes nothing further is what a person sees. In a circle everything does; then the symptoms as listed.
    tops = [each for each in cause.symptoms if each not in leaving and each in findings]
    tops = tops or [each for each in (*cause.symptoms, cause.finding) if each in findings]
    return list(_Walk(findings, above, cause.finding).told(tops))


class _Walk:
    def __init__(self, findings: dict[str, FindingRow], above: dict[str, list[LinkRow]], root: str) -> None:
        self.findings, self.above, self.root = findings, above, root
        self.numbers: dict[str, int] = {}

    def told(self, tops: list[str]) -> Iterator[Step]:
        for each in tops[:_TOPS]:
            if each in self.numbers:
                continue
            # A stack, as chains of any length come from files.
            waiting: list[tuple[int, str, LinkRow | None]] = [(0, each, None)]
            while waiting:
                depth, finding, link = waiting.pop()
                known = finding in self.numbers
                yield self._step(depth, self.findings[finding], link, known=known)
                if not known:
                    links = [one for one in self.above.get(finding, ()) if one.cause in self.findings]
                    waiting += [(depth + 1, one.cause, one) for one in reversed(links)]

    def _step(self, depth: int, row: FindingRow, link: LinkRow | None, *, known: bool) -> Step:
        cited = [*(link.evidence if link else ()), *(() if known else row.evidence)]
        return Step(
            depth=depth,
            number=self.numbers.setdefault(row.id, len(self.numbers) + 1),
            finding=row.id,
            subject=row.subject,
            name=row.name,
            severity=row.severity,
            summary=row.summary,
            why=link.why if link else "",
            evidence=tuple(dict.fromkeys(cited)),
            members=max(len(row.members), 1),
            is_root=row.id == self.root,
            is_reference=known,
        )
