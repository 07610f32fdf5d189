import msgspec

from diag.document import LinkRow
from diag.views.because import Trees


def shape(branch):
    return {branch.finding.id: [shape(each) for each in branch.branches]}


def linked(report, *pairs):
    links = [LinkRow(cause=above, symptom=below, why=f"{above} to {below}", evidence=["E1"]) for above, below in pairs]
    return msgspec.structs.replace(report, links=links)


def test_each_symptom_stands_below_what_leads_to_it(report):
    rows = linked(report, ("F1", "F2"), ("F2", "F3"))
    tree = Trees(rows).of(rows.causes[0])

    assert shape(tree) == {"F1": [{"F2": [{"F3": []}]}]}
    assert [(depth, branch.why) for depth, branch in tree.walk()] == [(0, ""), (1, "F1 to F2"), (2, "F2 to F3")]


def test_a_symptom_with_two_parents_stands_once_and_names_the_other(report):
    rows = linked(report, ("F1", "F2"), ("F1", "F3"), ("F2", "F3"))
    tree = Trees(rows).of(rows.causes[0])

    assert shape(tree) == {"F1": [{"F2": []}, {"F3": []}]}
    assert tree.branches[1].also == ["F2"]


def test_a_circle_ends_and_what_no_arrow_reaches_is_shown(report):
    rows = linked(report, ("F1", "F2"), ("F2", "F1"))
    tree = Trees(rows).of(rows.causes[0])

    assert shape(tree) == {"F1": [{"F2": []}, {"F3": []}]}


def test_arrows_to_symptoms_of_another_cause_are_not_followed(report):
    other = report.causes[1].finding
    rows = linked(report, ("F1", other))

    assert other not in {branch.finding.id for _, branch in Trees(rows).of(rows.causes[0]).walk()}


def test_a_cause_without_its_finding_has_no_tree(report):
    assert Trees(msgspec.structs.replace(report, findings=[])).of(report.causes[0]) is None
