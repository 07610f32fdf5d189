"""What the page of a row and of a symptom says, and where a function's page comes from."""

from dataclasses import replace

import pytest

from diag.catalog.beside import Beside
from diag.catalog.pages import function_infos, row_infos, symptom_infos
from diag.catalog.registry import Registry
from diag.catalog.rule import Named, rule
from diag.catalog.signature import Found, Look, On, Signature, signatures
from diag.findings import Question, Remedy, Severity
from diag.trouble.groups import SYMPTOMS

ROW = {
    "on": On.LOG,
    "question": Question.STARTED,
    "explains": ("container-crashing",),
    "literal": "no room",
    "pattern": r"no room for (?P<what>\w+)",
    "summary": "has no room for {what}",
    "means": "There is too little room. It was planned for less.",
}


def page_of(row, **table):
    declared = signatures("attic", origin="attic/attic room.c", rows=(row,), **table)
    return next(row_infos(Registry(tables=[replace(declared, module=__name__)])))


def test_the_page_of_a_row_is_filled_from_its_fields():
    remedies = (
        Remedy(text="throw {what} away", who="platform", risk="irreversible", command="kubectl delete {what}"),
        Remedy(text="build an annexe", when="there is ground"),
        Remedy(text="add shelves", who="queue-admin", command="kubectl get rooms"),
        Remedy(text="see what is there", command="kubectl get rooms"),
    )
    info = page_of(
        Signature("STO998", "volume-full", remedies=remedies, versions="2 and later", **ROW), containers="attic"
    )

    assert info.summary == "There is too little room."
    assert info.inputs == ("Pod",)
    assert info.doc.startswith("# STO998 volume-full\n\nThere is too little room. It was planned for less.\n\n")
    for said in (
        "- explains: `container-crashing`",
        "Each log line of what is in trouble, of containers whose name or image matches `attic`, in which `no room`",
        "```text\nno room for (?P<what>\\w+)\n```",
        "- throw {what} away [by the platform team; cannot be undone]; this command changes things:\n",
        "\n\n  ```sh\n  kubectl delete {what}\n  ```",
        "- build an annexe, if there is ground [by the workload's owner; ends nothing that runs]\n",
        "- add shelves [by the queue admin; ends nothing that runs]; to look first:\n\n  ```sh\n  kubectl get rooms\n",
        "- see what is there\n\n  ```sh\n  kubectl get rooms\n",
        "attic: attic/attic room.c\n\nVersions: 2 and later",
    ):
        assert said in info.doc


def test_the_page_of_a_row_says_what_is_cited_beside_the_sign():
    beside = Beside(texts="attic", args="--rooms", node=("metadata.labels.floor",), gpus=True)
    page = page_of(Signature("STO998", "volume-full", also_on=(On.ENDED,), beside=beside, **ROW)).doc

    assert "Each log line or container end of what is in trouble" in page
    assert "of the pod `" not in page
    assert (
        "Cited beside it, where it is there: further texts that match `attic`; arguments of the container that match"
        " `--rooms`; of its node `metadata.labels.floor`; the request for GPUs in `resources`.\n" in page
    )


def test_the_page_of_a_row_says_what_is_told_of_other_objects_and_leaves_its_place_empty():
    look = Look(about="the doors", fills=("doors", "whose"), find=lambda *_: Found(), blank={"whose": "anybody's"})
    row = {**ROW, "summary": "no room for {what}{doors}", "remedies": (Remedy(text="open {whose} door"),)}
    page = page_of(Signature("STO998", "volume-full", look=look, **row)).doc

    assert "Told beside it, where it is known: the doors.\n" in page
    assert "## What it reports\nno room for {what}\n" in page
    assert "- open anybody's door [" in page


def test_the_page_of_a_row_names_reasons_and_a_second_sign_where_there_are_any():
    with_both = Signature("STO998", "volume-full", reasons=("Full", "Fuller"), second="attic is small", **ROW)

    assert "with the reason `Full` or `Fuller`" in page_of(with_both).doc
    assert "A second text of the same place must match:\n\n```text\nattic is small\n```" in page_of(with_both).doc
    assert "second" not in page_of(Signature("STO998", "volume-full", **ROW)).doc


@pytest.mark.parametrize(("on", "inputs"), [(On.EVENT, ("Pod", "Event")), (On.ENDED, ("Pod",)), (On.MESSAGE, ())])
def test_the_page_of_a_row_says_what_it_reads(on, inputs):
    assert page_of(Signature("STO998", "volume-full", **ROW | {"on": on})).inputs == inputs


def test_each_name_of_a_function_has_a_page_of_its_own():
    @rule(
        "STO997",
        name="pvc-lost",
        question=Question.PLACED,
        inputs=("Pod",),
        others=(
            Named(id="STO998", name="volume-full", page="It is full.\n\n## What it means\nNo room.", severity="info"),
        ),
    )
    def both(_ctx):
        """It is gone.

        ## What it means
        Nobody knows.
        """
        yield from ()

    lost, full = function_infos(Registry(functions=[both]))

    assert (lost.id, lost.severity, lost.summary) == ("STO997", Severity.ERROR, "It is gone.")
    assert (full.id, full.severity, full.summary) == ("STO998", Severity.INFO, "It is full.")
    assert "\n## What it means\nNobody knows.\n" in lost.doc
    assert "\n## What it means\nNo room.\n" in full.doc
    assert "- reads: `Pod`\n" in full.doc


def test_the_page_of_a_symptom_names_the_rules_that_may_explain_it():
    @rule("STO997", name="pvc-lost", question=Question.PLACED, inputs=("Pod",))
    def lost(_ctx):
        yield from ()

    row = Signature("STO998", "volume-full", **ROW)
    registry = Registry(functions=[lost], tables=[signatures("attic", origin="attic", rows=(row,))])
    pages = {info.name: info.doc for info in symptom_infos(registry)}

    assert "## What may explain it\n- `STO997` pvc-lost\n" in pages["pod-unscheduled"]
    assert "## What may explain it\n- `STO998` volume-full\n" in pages["container-crashing"]
    assert "explain it" not in pages["pod-evicted"]


def test_every_symptom_has_a_page_with_its_meaning():
    pages = {info.name: info for info in symptom_infos(Registry())}

    assert set(pages) == set(SYMPTOMS)
    assert pages["pod-unscheduled"].summary == "The scheduler has not found a node for the pod."
    assert pages["pod-unscheduled"].summary in pages["pod-unscheduled"].doc
