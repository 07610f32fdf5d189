import json

import msgspec
import pytest

from diag.errors import SnapshotError, UsageError
from diag.report.formats import scan_bytes
from diag.report.look import Look
from diag.views.beside import beside_lines, read, tied


@pytest.fixture
def written(tmp_path):
    """Writes what k8sgpt would, and gives the path."""

    def write(*results, **more):
        path = tmp_path / "k8sgpt.json"
        document = {
            "provider": "",
            "errors": None,
            "status": "ProblemDetected",
            "problems": 1,
            "results": results,
            **more,
        }
        path.write_text(json.dumps(document))
        return str(path)

    return write


def result(kind, name, *texts, details=""):
    error = [{"Text": text, "KubernetesDoc": "", "Sensitive": [{"Unmasked": "x", "Masked": "y"}]} for text in texts]
    return {"kind": kind, "name": name, "error": error, "details": details, "parentObject": ""}


def test_a_finding_of_k8sgpt_is_tied_to_the_causes_about_the_same_object(report, written):
    path = written(
        result("Job", "ml/llama-ft", "Job has failed"),
        result("Job", "other/llama-ft", "Job has failed"),
        result("DaemonSet", "gpu-operator/nvidia-device-plugin", "crashed", "again"),
    )

    assert list(beside_lines(tied(report, read(path)))) == [
        "k8sgpt says of Job ml/llama-ft: Job has failed (see C1)",
        "k8sgpt says of Job other/llama-ft: Job has failed (no cause that is shown is about it)",
        "k8sgpt says of DaemonSet gpu-operator/nvidia-device-plugin: crashed (see C2)",
        "k8sgpt says of DaemonSet gpu-operator/nvidia-device-plugin: again (see C2)",
    ]


def test_nothing_found_is_nothing_said(report, written):
    assert list(beside_lines(tied(report, read(written(results=None, status="OK"))))) == []
    assert list(beside_lines(report)) == []


def test_a_secret_in_its_words_is_masked(written):
    (row,) = read(written(result("Pod", "ml/a", "password=hunter2secret99", details="token: ghp_" + "a1B2" * 9))).rows

    assert "hunter2" not in row.texts[0]
    assert "ghp_a1B2" not in row.details


@pytest.mark.parametrize("form", ["plain", "table", "markdown", "html", "json", "jsonl", "yaml"])
def test_it_is_shown_in_texts_pages_and_documents(report, written, form):
    beside = tied(report, read(written(result("Job", "ml/llama-ft", "unheard-of trouble"))))

    assert b"unheard-of trouble" in scan_bytes(beside, form, Look())


@pytest.mark.parametrize("form", ["junit", "sarif", "gitlab", "prom", "otlp-json", "k8sgpt", "github"])
def test_it_is_no_finding_of_ours(report, written, form):
    beside = tied(report, read(written(result("Job", "ml/llama-ft", "unheard-of trouble"))))

    assert scan_bytes(beside, form, Look()) == scan_bytes(report, form, Look())


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"results": {}, "status": "OK"}', '{"results": [3], "status": "x"}', "[" * 100_000, "\x00"],
)
def test_a_file_of_something_else_is_refused(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)

    with pytest.raises(UsageError, match="is no JSON of k8sgpt"):
        read(str(path))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b'{"status": "\xff", "results": null}')

    with pytest.raises(UsageError):
        read(str(path))


def test_a_file_that_is_not_there_cannot_be_read(tmp_path):
    with pytest.raises(SnapshotError, match="cannot read"):
        read(str(tmp_path / "none.json"))


def test_what_k8sgpt_says_never_changes_the_document_of_ours(report, written):
    beside = tied(report, read(written(result("Job", "ml/llama-ft", "x"))))

    assert msgspec.structs.replace(beside, beside=msgspec.UNSET) == report


def test_results_beyond_the_bound_are_counted(report, written):
    others = read(written(*(result("Pod", f"ml/p-{at}", "x") for at in range(1_234))))
    *lines, last = beside_lines(tied(report, others))

    assert len(lines) == 1_000
    assert last == "k8sgpt: 234 of its 1,234 results are left out: the first 1,000 are shown"


@pytest.mark.parametrize("form", ["plain", "table", "markdown", "html", "json", "jsonl", "yaml"])
def test_a_result_that_cannot_be_read_costs_no_other_and_is_named(report, written, form):
    bad = [{"kind": "Pod", "name": 3}, "text", {"kind": "Pod", "name": "ml/b", "error": "no list"}]
    good = (result("Pod", "ml/a", "unheard-of trouble"), result("Pod", "ml/c", "another"))
    others = read(written(good[0], *bad, good[1]))
    shown = scan_bytes(tied(report, others), form, Look())

    assert [row.name for row in others.rows] == ["a", "c"]
    assert all(f"its result {number} cannot be read".encode() in shown for number in (2, 3, 4))
    assert b"unheard-of trouble" in shown


def test_of_many_results_that_cannot_be_read_the_first_are_named(written):
    assert len(read(written(result("Pod", "ml/a", "x"), *[1] * 50)).missing) == 6
