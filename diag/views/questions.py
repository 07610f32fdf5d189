"""Which rules could say another thing about what was found: those that answer the same questions."""

from collections.abc import Iterable, Mapping
from functools import cache

from diag.document import CauseRow, FindingRow, Report
from diag.findings import Question
from diag.trouble.groups import SYMPTOMS
from diag.views.coverage import GapLine, answering, concerning, gap_lines


def rules_asked(findings: Iterable[FindingRow]) -> set[str]:
    """The ids of the rules of these findings, and of all that answer a question which one of them answers or asks."""
    by_rule, by_question = _catalogue()
    told = list(findings)
    rules = {each.rule for each in told}
    questions = {by_rule[rule] for rule in rules if rule in by_rule}
    questions |= {SYMPTOMS[each.name].question for each in told if each.name in SYMPTOMS}
    return rules.union(*(by_question.get(question, ()) for question in questions))


def rules_of(questions: Iterable[Question]) -> set[str]:
    """The ids of all rules that answer one of these questions."""
    _, by_question = _catalogue()
    return {rule for question in questions for rule in by_question.get(question, ())}


def unanswered(report: Report, cause: CauseRow, findings: Mapping[str, FindingRow]) -> list[GapLine]:
    """The gaps that could change what is said of a cause, in its cluster; none of one that is certain.

    They blind rules that answer the questions of the cause and of its symptoms. `findings` by id.
    """
    if cause.confidence == "certain":
        return []
    found = [findings[each] for each in (*cause.symptoms, cause.finding) if each in findings]
    refs = [cause.root, *(ref for each in found for ref in (each.subject, *each.members))]
    gaps = gap_lines(report, clusters=(cause.root.cluster,))
    return answering(concerning(gaps, {f"{ref.namespace}/{ref.name}" for ref in refs}), rules_asked(found))


@cache
def _catalogue() -> tuple[dict[str, Question], Mapping[Question, frozenset[str]]]:
    from diag.catalog.registry import load  # noqa: PLC0415  # the rules, only where something was found

    by_question = load().answers
    by_rule = {rule: question for question, rules in by_question.items() for rule in rules}
    return by_rule, by_question
