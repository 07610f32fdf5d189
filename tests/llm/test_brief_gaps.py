"""The brief holds the gaps that the questions of its cause could feel, and no others."""

from msgspec.structs import replace

from diag.api import scan
from diag.document import GapRow
from diag.llm.brief import brief


def test_what_another_question_lacks_is_not_told(request):
    report = scan([request.config.rootpath / "tests/real/scenarios/preempted-two-deployments/objects.json.gz"])
    cause = replace(report.causes[0], confidence="likely")  # nothing could change a certain one
    lacks = {"why": "forbidden", "material": True, "fix": "", "cluster": cause.root.cluster}
    gaps = [
        GapRow(what="list apps/DaemonSet", hides=["SYM999"], **lacks),
        GapRow(what="list PersistentVolumeClaim", hides=[cause.rule], **lacks),
        GapRow(what="list Event", hides=["SYM999"], **lacks),
    ]

    made = brief(replace(report, gaps=gaps), cause, tokens=4000)

    told = [fact.text for fact in made.facts if fact.kind == "unchecked"]
    assert told == [
        "Could not be checked: list Event (not allowed)",
        "Could not be checked: list PersistentVolumeClaim (not allowed)",
    ]
