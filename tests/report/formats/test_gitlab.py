import msgspec
from format_readers import gitlab as checked
from spoiled import spoiled, with_nasty_words

from diag.document import RefRow
from diag.report.formats import scan_bytes
from diag.report.formats.places import path
from diag.report.look import Look


def test_golden(report, look, golden):
    golden("report.gitlab.json", scan_bytes(report, "gitlab", look))


def test_a_path_leads_nowhere_else():
    above = RefRow(cluster="..", apiVersion="v1", kind="Pod", namespace=".", name="../../etc/passwd")

    assert path(above) == "cluster/__/_/Pod/______etc_passwd.yaml"


def test_one_fingerprint_is_one_entry_the_worst_of_them(report):
    twice = [report.causes[0], msgspec.structs.replace(report.causes[1], fingerprint=report.causes[0].fingerprint)]
    (entry,) = checked(scan_bytes(msgspec.structs.replace(report, causes=twice), "gitlab", Look()))

    assert entry["check_name"] == report.causes[0].rule


@with_nasty_words
def test_nothing_breaks_out(text):
    for entry in checked(scan_bytes(spoiled(text), "gitlab", Look())):
        parts = entry["location"]["path"].split("/")
        assert parts[0] == "cluster"
        assert not {"", ".", ".."}.intersection(parts)
