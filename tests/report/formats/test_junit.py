import msgspec
from format_readers import junit as checked
from spoiled import spoiled, with_nasty_words

from diag.document import GapRow
from diag.report.formats import scan_bytes
from diag.report.look import Look


def test_golden(report, look, golden):
    families = {"APP": 5, "QUO": 4, "STO": 2}
    golden("report.junit.xml", scan_bytes(msgspec.structs.replace(report, families=families), "junit", look))


def test_a_cause_says_all_of_it_twice_for_readers_who_show_only_one(report):
    (case,) = checked(scan_bytes(msgspec.structs.replace(report, causes=report.causes[:1], gaps=[]), "junit", Look()))
    (failure,) = case.result

    assert case.classname == "diag.QUO"
    assert case.name == "QUO004 resourcequota-exceeded · ResourceQuota ml/gpu-quota"
    assert failure.message == report.causes[0].summary
    for told in (report.causes[0].summary, "What to do:", "kubectl -n ml edit resourcequota gpu-quota", "Evidence:"):
        assert told in failure.text


def test_a_state_is_a_passed_case(report):
    info = msgspec.structs.replace(report.causes[0], severity="info")
    (case,) = checked(scan_bytes(msgspec.structs.replace(report, causes=[info], gaps=[]), "junit", Look()))

    assert case.is_passed
    assert info.summary in case.system_out


def test_warnings_pass_with_their_text_where_that_is_asked_for(report):
    rows = msgspec.structs.replace(
        report, causes=[msgspec.structs.replace(report.causes[0], severity=each) for each in ("warning", "error")]
    )
    failed, _ = checked(scan_bytes(msgspec.structs.replace(rows, gaps=[]), "junit", Look()))
    warning, error = checked(scan_bytes(msgspec.structs.replace(rows, gaps=[]), "junit", Look(passing=("warning",))))

    assert failed.is_failure
    assert warning.is_passed
    assert error.is_failure
    assert rows.causes[0].summary in warning.system_out


def test_a_family_passes_when_it_looked_and_found_nothing(report):
    gap = report.gaps[0]
    rows = msgspec.structs.replace(
        report,
        causes=report.causes[:1],
        gaps=[msgspec.structs.replace(gap, hides=["STO001", "STO002", "APP001"])],
        families={"APP": 3, "QUO": 9, "STO": 2, "UPG": 1},
    )
    passed = [case.name for case in checked(scan_bytes(rows, "junit", Look())) if case.is_passed]

    assert passed == ["APP found nothing · 2 rules; 1 could not see all", "UPG found nothing · 1 rule"]


def test_two_causes_of_one_rule_at_one_root_have_names_of_their_own(report):
    twice = msgspec.structs.replace(report, causes=[report.causes[0]] * 2, gaps=[])

    assert [case.name[-12:] for case in checked(scan_bytes(twice, "junit", Look()))] == ["ml/gpu-quota", "pu-quota · 2"]


def test_a_rule_that_crashed_is_an_error_even_where_it_could_not_change_anything(clean):
    gap = GapRow(cluster="c", what="rule X", why="rule-crashed", hides=["AAA001"], material=False, fix="report it")
    (case,) = checked(scan_bytes(msgspec.structs.replace(clean, gaps=[gap]), "junit", Look()))

    assert case.is_error
    assert "report it" in case.result[0].text


@with_nasty_words
def test_nothing_breaks_out(text):
    cases = checked(scan_bytes(spoiled(text), "junit", Look()))

    assert len(cases) == 5
