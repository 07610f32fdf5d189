"""The checker: true sentences pass, and each way of being false is caught by the rule that is for it."""

import pytest

from diag.llm.check import check
from diag.llm.check.english import states
from diag.llm.form import Form
from diag.trouble.groups import SYMPTOMS

# Of the fixture's brief: F1 the budget, F2-F3 its fields, F4 the node, F5 its label, F6 cost, F9 the Job, F10-F12 what
# the budget counts, F13-F14 its pods, F15 the event, F16 the cordon, F17 what would fit; L1 F1 → F4, L2 F4 → F9; R1-R4.
TRUE = [
    ("Node gpu-r7-02 cannot be drained because the budget embed-api refuses to let its pods go.", "F1 F4", "L1"),
    ("The driver upgrade of node gpu-r7-02 has failed.", "F5 F4", None),
    ("Job geo/tiles-d has found no node.", "F9", None),
    ("Its pod would fit on gpu-r7-02, which stays closed until it is empty.", "F9 F17", "L2"),
    ("This costs 2 GPUs that are waited for and 2 GPUs that are lost.", "F6", None),
    ("Two GPUs are waited for.", "F6", None),
    ("Look at the budget first with `kubectl describe poddisruptionbudget embed-api -n search`.", "R1", None),
    ("Then let gpu-r7-02 try its upgrade again, which is disruptive.", "R4", None),
    ("Let the budget embed-api allow one disruption (maxUnavailable: 1) during the drain.", "R3", None),
    ("The budget currently counts 2 healthy pods and wants 2.", "F10 F11", None),
    ("gpu-r7-02 is cordoned.", "F16", None),
    ("The node gpu-r7-02 is unschedulable, so the Job geo/tiles-d is still pending.", "F16 F9", "L2"),
    ("The eviction of embed-api-866b5bfd85-5xw2g timed out after 5 minutes.", "F15", None),
    ("The budget allows 0 disruptions.", "F3", None),
    ("Job geo/tiles-d isn't scheduled, and it's still pending.", "F9", None),
    ("Long story short, gpu-r7-02 simply refuses to become empty.", "F4", None),
    ("Between them, 4 GPUs are waited for or lost altogether.", "F6", None),
    ("For the record: the budget does not put up with any eviction.", "F1", None),
]
FALSE = [
    ("The PodDisruptionBudget search/embed-api allows evictions.", "F1 F3", None, "a denial turned around"),
    ("The budget has refused nothing.", "F10", None, "a name or word that is not cited"),
    ("The node gpu-r7-02 has not failed its upgrade.", "F5 F4", None, "a denial turned around"),
    ("Node gpu-r7-03 cannot be drained because the budget refuses.", "F1 F4", "L1", "a name or word that is not cited"),
    ("Node gpu-r7-0 does not become empty.", "F4", None, "a name or word that is not cited"),
    ("The kubelet of gpu-r7-02 is down.", "F4", None, "a name or word that is not cited"),
    ("The budget refuses because gpu-r7-02 does not become empty.", "F1 F4", "L1", "a cause without its link"),
    ("Node gpu-r7-02 does not become empty because its upgrade failed.", "F4 F5", None, "a cause without its link"),
    ("The job geo/tiles-d waits because of its budget embed-api.", "F9 F1", None, "a cause without its link"),
    ("Job geo/tiles-d needs 4 GPUs.", "F9 F6", None, "a number that is not cited"),
    ("2 nodes are lost.", "F6", None, "a number that is not cited"),
    ("Seven GPUs are lost.", "F6", None, "a number that is not cited"),
    ("The eviction timed out after 6 minutes.", "F15", None, "a number that is not cited"),
    ("Every node is unschedulable.", "F9", None, "a quantity that is not cited"),
    ("Only gpu-r7-02 does not become empty.", "F4", None, "a quantity that is not cited"),
    ("Run kubectl delete pod embed-api-866b5bfd85-5xw2g -n search.", "F13 R3", None,
     "a command that no step documents"),
    ("See https://example.com/fix for the budget.", "F1", None, "a command that no step documents"),
    ("Job geo/tiles-d failed to drain the node.", "F9 F4", None, "told of another object"),
    ("PodDisruptionBudget geo/tiles-d allows 0 disruptions.", "F3 F9", None, "another kind of object"),
    ("Node search/embed-api does not become empty.", "F4 F1", None, "another kind of object"),
    ("The budget probably never allows an eviction.", "F1", None, "another certainty"),
    ("Edit the budget embed-api.", "F1", None, "advice that no step gives"),
    ("Let gpu-r7-02 try its upgrade again, which is safe.", "R4", None, "another risk or owner"),
    ("Job geo/tiles-d was scheduled.", "F9", None, "a denial turned around"),
    ("The eviction timed out after 5.5 minutes.", "F15", None, "a number that is not cited"),
    ("A cosmic ray hit gpu-r7-02.", "F4", None, "a name or word that is not cited"),
    ("The firmware of gpu-r7-02 is broken.", "F4", None, "a name or word that is not cited"),
    ("gpu-r7-02 was given another try at its upgrade.", "R4", None, "a step told as done"),
    ("Job geo/tiles-d has found its way to a node in the meantime.", "F9", None, "an end that is not cited"),
    ("gpu-r7-02 is back in the meantime.", "F4", None, "an end that is not cited"),
    ("The snapshot was an hour old when gpu-r7-02 was closed.", "F16", None, "a number that is not cited"),
    ("gpu-r7-02 was cordoned after the snapshot.", "F16", None, "a quantity that is not cited"),
    ("The snapshot predates the failed upgrade of gpu-r7-02.", "F5", None, "a time that is not cited"),
    ("Between them, 5 GPUs are waited for or lost altogether.", "F6", None, "a number that is not cited"),
    ("The eviction timed out after weeks.", "F15", None, "a quantity that is not cited"),
    ("The budget was eaten by hackers.", "F1", None, "a name or word that is not cited"),
    ("gpu-r7-02 runs on embed-api-866b5bfd85-5xw2g.", "F13 F4", None, "told of another object"),
    ("The budget never allows an eviction.", "", None, "nothing is cited"),
    ("The budget never allows an eviction.", "F99", None, "something is cited that does not exist"),
    ("The budget never allows an eviction.", "F1", "L9", "something is cited that does not exist"),
    ("The budget\x1b[2J never allows an eviction.", "F1", None, "no sentence"),
    (" ", "F1", None, "no sentence"),
    ("budget " * 100, "F1", None, "no sentence"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "cited", "because"), TRUE, ids=[one[0] for one in TRUE])
def test_what_the_facts_say_is_kept(blocked_upgrade, say, text, cited, because):
    checked = check(Form(sentences=(say(text, cited, because),)), blocked_upgrade)

    assert [(one.why, one.detail) for one in checked.dropped] == []
    assert len(checked.kept) == 1


@pytest.mark.parametrize(("text", "cited", "because", "why"), FALSE, ids=[one[0][:60] for one in FALSE])
def test_what_they_do_not_say_is_dropped_for_its_reason(blocked_upgrade, say, text, cited, because, why):
    checked = check(Form(sentences=(say(text, cited, because),)), blocked_upgrade)

    assert checked.kept == ()
    assert checked.dropped[0].why == why, checked.dropped[0].detail


def test_one_false_sentence_costs_no_true_one(blocked_upgrade, say):
    form = Form(sentences=tuple(say(*one[:3]) for one in (TRUE[0], FALSE[0], TRUE[1])))
    checked = check(form, blocked_upgrade)

    assert [one.text for one in checked.kept] == [TRUE[0][0], TRUE[1][0]]
    assert checked.sentences == 3


def test_of_another_language_names_and_numbers_are_proven_and_the_rest_is_said(blocked_upgrade, say):
    true = say("Der Knoten gpu-r7-02 wird nicht leer; 2 GPUs fehlen.", "F4 F6")
    false = say("Der Knoten gpu-r7-03 wird nicht leer; 2 GPUs fehlen.", "F4 F6")
    number = say("Der Knoten gpu-r7-02 wird nicht leer; 5 GPUs fehlen.", "F4 F6")
    checked = check(Form(sentences=(true, false, number)), blocked_upgrade, language="de")

    assert checked.kept == (true,)
    assert "wording" in checked.partial


def test_each_symptom_has_words_for_its_state() -> None:
    assert set(states()) == set(SYMPTOMS)


def test_a_fact_is_proven_by_itself_word_for_word_and_by_no_other(blocked_upgrade, say):
    told, other = blocked_upgrade.facts[0], blocked_upgrade.facts[8]

    assert check(Form(sentences=(say(told.text, told.id),)), blocked_upgrade).dropped == ()
    assert check(Form(sentences=(say(told.text, other.id),)), blocked_upgrade).kept == ()
