"""The way from a cause to its symptoms as a tree: each finding once, below the one that leads to it first."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from diag.document import CauseRow, FindingRow, LinkRow, Report


@dataclass(slots=True, kw_only=True)
class Branch:
    """A finding, why the one above leads to it (and the evidence of that), and what it leads to.

    `also` names the findings further up that lead to it as well.
    """

    finding: FindingRow
    why: str = ""
    evidence: tuple[str, ...] = ()
    branches: list["Branch"] = field(default_factory=list)
    also: list[str] = field(default_factory=list)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, "Branch"]]:
        """This one and all below, each with its depth, in reading order."""
        waiting = [(depth, self)]
        while waiting:
            at, branch = waiting.pop()
            yield at, branch
            waiting += [(at + 1, each) for each in reversed(branch.branches)]


class Trees:
    """The trees of one report's causes; its rows are indexed once."""

    def __init__(self, report: Report) -> None:
        self._findings = {row.id: row for row in report.findings}
        self._leaving: dict[str, list[LinkRow]] = {}
        for link in report.links:
            self._leaving.setdefault(link.cause, []).append(link)

    def of(self, cause: CauseRow) -> Branch | None:
        """The tree of a cause; None where the report does not hold its finding."""
        if cause.finding not in self._findings:
            return None
        within = {cause.finding, *cause.symptoms}
        root = Branch(finding=self._findings[cause.finding])
        placed, waiting = {cause.finding: root}, deque([root])
        while waiting:
            above = waiting.popleft()
            for link in self._leaving.get(above.finding.id, ()):
                if link.symptom in placed:
                    placed[link.symptom].also.append(above.finding.id)
                elif link.symptom in within and link.symptom in self._findings:
                    branch = Branch(finding=self._findings[link.symptom], why=link.why, evidence=tuple(link.evidence))
                    placed[link.symptom] = branch
                    above.branches.append(branch)
                    waiting.append(branch)
        # A symptom that no arrow reaches is shown all the same.
        for each in cause.symptoms:
            if each not in placed and each in self._findings:
                root.branches.append(Branch(finding=self._findings[each]))
        return root
