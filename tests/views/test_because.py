import msgspec
import pytest

from diag.document import AffectedRow, CauseRow, FindingRow, LinkRow, RefRow, Report, TargetRow, ToolRow
from diag.report.graph import dot, mermaid, trees_text
from diag.report.look import Look
from diag.views.because import Trees
from diag.views.graph import graph

REF = RefRow(cluster="c", apiVersion="v1", kind="Pod", namespace="ml", name="p")


def finding(number, summary="is wrong", role="symptom"):
    return FindingRow(
        id=f"F{number}", rule="SYM101", name="x", role=role, severity="error", confidence="certain", subject=REF,
        members=[], summary=summary, since=None, evidence=[f"E{number}"], fingerprint="f",
    )  # fmt: skip


def made(*arrows, findings=None):
    """A report with one cause, F1, and arrows from cause to symptom."""
    ids = sorted({each for arrow in arrows for each in arrow} | {1})
    cause = CauseRow(
        id="C1", finding="F1", rule="SYM101", name="x", severity="error", confidence="certain", root=REF, lineage=[],
        summary="is wrong", since=None, symptoms=[f"F{each}" for each in ids], alternatives=[], remedies=[],
        affected=AffectedRow(workloads=0, pods=0, gpus=0, gpus_lost=0, objects=[]), fingerprint="f",
    )  # fmt: skip
    links = [LinkRow(cause=f"F{a}", symptom=f"F{b}", why=f"{a} to {b}", evidence=[f"E{a}{b}"]) for a, b in arrows]
    return Report(
        tool=ToolRow(name="diag", version="1"), target=TargetRow(clusters=[]), causes=[cause],
        findings=findings or [finding(each) for each in ids], links=links, evidence=[], gaps=[], timelines=[],
        ignored=[], stats={},
    )  # fmt: skip


def because(report, cause):
    return Trees(report).of(cause)


def drawn(report):
    return [(step.depth, step.finding, step.is_reference) for step in because(report, report.causes[0])]


def test_symptoms_stand_above_and_the_root_last():
    assert drawn(made((1, 2), (2, 3))) == [(0, "F3", False), (1, "F2", False), (2, "F1", False)]


def test_what_has_several_effects_is_told_once_and_referred_to():
    report = made((1, 2), (1, 3))

    assert drawn(report) == [(0, "F2", False), (1, "F1", False), (0, "F3", False), (1, "F1", True)]
    assert because(report, report.causes[0])[-1].number == 2


def test_an_arrow_carries_its_reason_and_its_evidence():
    report = made((1, 2))
    root = because(report, report.causes[0])[-1]

    assert (root.why, root.evidence, root.is_root) == ("1 to 2", ("E12", "E1"), True)


def test_a_circle_ends():
    steps = drawn(made((1, 2), (2, 1)))

    assert {finding for _, finding, _ in steps} == {"F1", "F2"}
    assert len(steps) <= 4


def test_a_circle_that_nothing_leads_out_of_is_told():
    steps = drawn(made((1, 4), (2, 3), (3, 2)))

    assert {finding for _, finding, _ in steps} == {"F1", "F2", "F3", "F4"}


def test_a_cause_without_its_finding_has_no_tree():
    report = msgspec.structs.replace(made((1, 2)), findings=[])

    assert because(report, report.causes[0]) == []


def test_a_chain_of_any_length_is_walked():
    assert len(drawn(made(*((each, each + 1) for each in range(1, 3000))))) == 3000


def test_a_link_to_nowhere_is_left_out():
    report = made((1, 2))
    report = msgspec.structs.replace(
        report, links=[*report.links, LinkRow(cause="F9", symptom="F2", why="", evidence=[])]
    )

    assert drawn(report) == [(0, "F2", False), (1, "F1", False)]


@pytest.mark.parametrize("words", ['"]:::error; click F1 "javascript:x"', "</script><b>", "a\nb", "end %% x"])
def test_no_words_of_a_cluster_become_markup(words):
    report = made((1, 2), findings=[finding(1, words, "cause"), finding(2)])

    line = next(line for line in mermaid(report).decode().splitlines() if line.startswith("  F1("))
    label = line.removeprefix('  F1(["').removesuffix('"]):::error')

    assert not set(label) & set('"<>;%\n') - set(";")
    assert label.count(";") == label.count("#")
    assert all(line.count('"') % 2 == 0 for line in dot(report).decode().replace('\\"', "").splitlines())


def test_the_document_holds_nodes_and_arrows():
    found = graph(made((1, 2)))

    assert [(node.id, node.root, node.causes) for node in found.nodes] == [("F1", True, ["C1"]), ("F2", False, ["C1"])]
    assert [(link.cause, link.symptom) for link in found.links] == [("F1", "F2")]


def test_the_plain_tree_needs_no_drawing():
    text = trees_text(made((1, 2)), Look(), boxes=False).decode()

    assert "  because 2." in text
    assert "└" not in text
