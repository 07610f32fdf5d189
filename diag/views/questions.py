"""Which rules could say another thing about what was found: those that answer the same questions."""

from collections.abc import Iterable
from functools import cache

from diag.document import FindingRow
from diag.findings import Question
from diag.trouble.groups import SYMPTOMS


def rules_asked(findings: Iterable[FindingRow]) -> set[str]:
    """The ids of the rules of these findings, and of all that answer a question which one of them answers or asks."""
    by_rule, by_question = _catalogue()
    told = list(findings)
    rules = {each.rule for each in told}
    questions = {by_rule[rule] for rule in rules if rule in by_rule}
    questions |= {SYMPTOMS[each.name].question for each in told if each.name in SYMPTOMS}
    return rules.union(*(by_question.get(question, ()) for question in questions))


@cache
def _catalogue() -> tuple[dict[str, Question], dict[Question, set[str]]]:
    from diag.catalog.registry import load  # noqa: PLC0415  # the rules, only where something was found

    by_question = load().answers()
    by_rule = {rule: question for question, rules in by_question.items() for rule in rules}
    return by_rule, by_question
