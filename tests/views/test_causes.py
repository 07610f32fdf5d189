import msgspec

from diag.views.causes import Hidden, cause_lines, could_not_look, summary_line


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


def test_what_is_worth_knowing_is_called_info(report):
    info = [msgspec.structs.replace(cause, severity="info") for cause in report.causes[1:]]

    assert summary_line(msgspec.structs.replace(report, causes=[report.causes[0], *info])).startswith(
        "1 error, 2 info;"
    )


def test_hidden_causes_are_never_called_none(report, clean):
    hidden = Hidden(count=6, by="-n nosuch", remark="No object is in namespace nosuch.")

    assert summary_line(clean, hidden=hidden) == (
        "No causes shown: 6 causes are hidden by -n nosuch. No object is in namespace nosuch."
    )
    unsure = msgspec.structs.replace(clean, gaps=report.gaps)
    assert summary_line(unsure, hidden=Hidden(count=1, by="sev:info")) == (
        "No causes shown: 1 cause is hidden by sev:info; 2 things could not be checked."
    )
    assert summary_line(report, hidden=hidden).startswith("2 errors, 1 warning; 6 more hidden by -n nosuch; 20 GPUs")


def test_a_choice_that_hides_nothing_is_not_mentioned(clean):
    said = summary_line(clean, hidden=Hidden(count=0, by="-n ml"))

    assert said == "No causes found. 61 rules looked at 1234 objects."


def without(report, *whats, why="not-collected", **stats):
    rows = [msgspec.structs.replace(report.gaps[0], what=what, why=why, material=True) for what in whats]
    return msgspec.structs.replace(report, causes=[], gaps=rows, stats={**report.stats, **stats})


def test_a_cluster_whose_pods_were_not_seen_is_not_called_clean(report):
    said = summary_line(without(report, "list Pod", "list Event", pods=0))

    assert "clean" not in said
    assert "which is not all: no pods, no events were seen." in said
    assert "not all pods were seen" in summary_line(without(report, "list Pod", why="forbidden", pods=3))


def test_what_broke_off_is_named(report):
    said = summary_line(without(report, "the rest of x.json, after 3 objects", why="truncated"))

    assert "clean" not in said
    assert "which is not all: the rest of x.json, after 3 objects could not be read." in said


def test_no_pods_that_could_be_read_is_no_answer(report):
    for why in ("forbidden", "error", "timeout", "truncated", "unreadable"):
        assert could_not_look(without(report, "list Pod", why=why, pods=0)), why
        assert not could_not_look(without(report, "list Pod", why=why, pods=1)), why
    assert not could_not_look(without(report, "list Pod", pods=0)), "nobody asked for them"
    for why in ("forbidden", "error", "timeout", "truncated", "unreadable"):
        assert not could_not_look(without(report, "list Node", why=why, pods=0)), why
    failed = without(report, "list Pod", why="error", pods=0)
    assert not could_not_look(msgspec.structs.replace(failed, causes=report.causes)), "something was found"
