import msgspec

from diag.views.causes import cause_lines, summary_line


def test_a_cause_knows_its_age_by_the_clock_of_its_cluster(report):
    first, second, third = cause_lines(report)

    assert (first.age_s, third.age_s) == (2490.0, None)
    assert [each.summary for each in second.symptoms] == [
        "offers 0 of its 8 GPUs",
        "1 pod is not scheduled: 9 Insufficient nvidia.com/gpu",
    ]


def test_the_summary_counts_severities_gpus_and_material_gaps_only(report):
    assert summary_line(report) == "2 errors, 1 warning; 20 GPUs waited for, 8 lost; 2 things could not be checked"


def test_a_clean_cluster_says_how_much_was_looked_at(clean):
    assert summary_line(clean) == "No causes found. 61 rules looked at 1234 objects."


def test_clean_with_material_gaps_is_not_called_clean_alone(report, clean):
    unsure = msgspec.structs.replace(clean, gaps=report.gaps)

    assert summary_line(unsure) == (
        "No causes found. 61 rules looked at 1234 objects: clean, but 2 things could not be checked."
    )


def test_a_symptom_that_the_report_lacks_is_left_out(report):
    lost = msgspec.structs.replace(report, findings=[f for f in report.findings if f.id != "F2"])

    assert [each.id for each in cause_lines(lost)[0].symptoms] == ["F3"]
