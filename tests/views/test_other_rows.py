import msgspec
import pytest

from diag.views.coverage import gap_lines
from diag.views.narrow import narrowed
from diag.views.timeline import bar, timeline_lines
from diag.views.wording import folded, long_duration, moment, short_duration


def test_gaps_say_in_words_why_and_what_they_hide(report):
    assert str(gap_lines(report)[0]) == (
        "list events.k8s.io/events in gpu-operator: not allowed (hides DEV202, DEV203)"
    )
    assert len(gap_lines(report)) == 2
    assert len(gap_lines(report, material_only=False)) == 3


def test_a_narrowed_report_keeps_what_its_causes_lean_on_and_no_more(report):
    left = narrowed(report, {"C1"})

    assert [finding.id for finding in left.findings] == ["F1", "F2", "F3"]
    assert {row.id for row in left.evidence} == {"E1", "E2", "E3", "E4", "E10", "E11"}
    assert {link.cause for link in left.links} == {"F1"}
    assert not left.timelines
    assert left.gaps == report.gaps


def test_all_causes_leave_the_report_as_it_is(report):
    assert narrowed(report, {"C1", "C2", "C3"}) is report


def test_phases_say_how_long_they_took_and_how_surely(report):
    (start,) = timeline_lines(report)

    assert [(phase.phase, phase.length) for phase in start.phases] == [
        ("schedule", "1s"),
        ("pull", "7m"),
        ("load", "20s to 60s"),
        ("ready", "unknown"),
    ]
    assert [phase.phase for phase in start.phases if phase.slowest] == ["pull"]


@pytest.mark.parametrize("cells", [0, 1, 3, 50])
def test_a_bar_never_outgrows_its_room_and_hides_no_phase_that_it_has_room_for(report, cells):
    drawn = bar(timeline_lines(report)[0], cells)

    assert sum(length for _, length in drawn) <= cells
    assert len(drawn) == min(cells, 3)


def test_a_start_without_length_draws_nothing(report):
    (row,) = report.timelines
    empty = msgspec.structs.replace(row, wall_s=0.0)

    assert bar(timeline_lines(msgspec.structs.replace(report, timelines=[empty]))[0], 10) == []


@pytest.mark.parametrize(
    ("seconds", "short", "long"),
    [
        (0, "0s", "less than a second"),
        (1, "1s", "1 second"),
        (90, "90s", "1 minute 30 seconds"),
        (2490, "41m", "41 minutes 30 seconds"),
        (7200, "2h", "2 hours"),
        (7260, "2h", "2 hours 1 minute"),
        (432000, "5d", "5 days"),
    ],
)
def test_durations(seconds, short, long):
    assert (short_duration(seconds), long_duration(seconds)) == (short, long)


def test_an_unreadable_time_is_unknown():
    assert moment("yesterday") is None
    assert moment(None) is None
    assert short_duration(None) == "-"


def test_folding_counts_the_rest():
    assert folded(["a", "b"], 2) == "a, b"
    assert folded(["a", "b", "c"], 2) == "a, b and 1 more"


def test_a_narrowed_report_keeps_the_parts_of_what_was_computed(report):
    counted = [
        msgspec.structs.replace(finding, evidence=["E4"]) if finding.id == "F1" else finding
        for finding in report.findings
    ]

    left = narrowed(msgspec.structs.replace(report, findings=counted), {"C1"})

    assert {"E1", "E2", "E4"} <= {row.id for row in left.evidence}
