"""Which rules could say another thing of a cause, and with it which gaps its explanation tells."""

import msgspec

from diag.catalog.registry import load
from diag.document import GapRow
from diag.findings import Question
from diag.views.explanation import UNCHECKED, explained
from diag.views.questions import rules_asked

PLACED = load().answers[Question.PLACED]
OTHERS = [one for question, rules in load().answers.items() if question is not Question.PLACED for one in rules]


def finding(report, rule, name="any"):
    return msgspec.structs.replace(report.findings[0], rule=rule, name=name)


def test_a_symptom_asks_what_the_rules_of_its_question_answer(report):
    asked = rules_asked([finding(report, "SYM104", "pod-unscheduled")])

    assert asked >= PLACED
    assert asked.isdisjoint(set(OTHERS) - PLACED)


def test_a_cause_brings_those_that_answer_the_same_and_a_rule_of_nobody_only_itself(report):
    rule = next(each.id for each in load().functions if each.question is Question.PLACED)

    assert rules_asked([finding(report, rule)]) == PLACED
    assert rules_asked([finding(report, "OLD999")]) == {"OLD999"}


def test_an_explanation_tells_the_gaps_of_its_questions_and_the_scan_tells_all(report):
    cause = msgspec.structs.replace(report.causes[0], confidence="likely")
    within = {cause.finding, *cause.symptoms}
    asked = rules_asked(each for each in report.findings if each.id in within)
    other = next(one for one in sorted(OTHERS) if one not in asked)
    gaps = [
        GapRow(cluster="", what=what, why="forbidden", hides=[rule], material=True, fix="")
        for what, rule in (("list x/Own", min(asked)), ("list x/Foreign", other))
    ]

    def told(cause):
        sections = explained(msgspec.structs.replace(report, gaps=gaps), cause).sections
        return "\n".join(line.text for each in sections if each.title == UNCHECKED for line in each.lines)

    assert "x/Own" in told(cause)
    assert "x/Foreign" not in told(cause)
    assert not told(msgspec.structs.replace(cause, confidence="certain"))  # nothing could change it
