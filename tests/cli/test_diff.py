"""`diag diff`: paths, captures, exit codes."""

import gzip
import json
from types import SimpleNamespace

import pytest

from diag.api import capture
from diag.cli.root import run
from diag.snapshot.archive.write import save


@pytest.fixture
def diag(capfdbinary):
    def ran(*words):
        code = run(list(words))
        written = capfdbinary.readouterr()
        return SimpleNamespace(code=code, out=written.out.decode(), err=written.err.decode())

    return ran


@pytest.fixture
def looks(request, tmp_path):
    """The same cluster with room in its quota, and without."""
    path = request.config.rootpath / "tests/real/scenarios/quota-events-expired/objects.json.gz"
    whole = json.loads(gzip.decompress(path.read_bytes()))
    after = tmp_path / "after.json"
    after.write_text(json.dumps(whole))
    for item in whole["items"]:
        if item["kind"] == "ResourceQuota":
            item["spec"]["hard"] = item["status"]["hard"] = {"requests.nvidia.com/gpu": "64"}
    before = tmp_path / "before.json"
    before.write_text(json.dumps(whole))
    return before, after


@pytest.mark.parametrize(("flag", "code"), [((), 0), (("--exit-code",), 1)])
def test_a_new_cause_shows_and_fails_only_when_asked(diag, looks, flag, code):
    found = diag("diff", *map(str, looks), *flag)

    assert found.code == code
    assert "resourcequota-exceeded" in found.out
    assert 'spec.hard["requests.nvidia.com/gpu"]' in found.out


def test_one_archive_is_compared_with_its_own_last_capture(diag, looks, tmp_path):
    path = tmp_path / "week.jsonl.gz"
    for each in looks:
        save(path, capture([each]).packed, append=True)
    found = diag("snapshot", "diff", str(path), "-o", "json")

    assert [cause["name"] for cause in json.loads(found.out)["causes"]["new"]] == ["resourcequota-exceeded"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("diff",), 2, "two looks"),
        (("diff", "a", "b", "c"), 2, "two looks"),
        (("diff", "-", "-"), 2, "one pipe"),
        (("diff", "nowhere", "nowhere"), 3, "does not exist"),
        (("diff", "--demo"), 2, "two looks"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_sentence(diag, words, code, says):
    found = diag(*words)

    assert (found.code, says in found.err) == (code, True), found.err
    assert "Traceback" not in found.err


def test_one_capture_has_nothing_to_be_compared_with(diag, looks, tmp_path):
    path = tmp_path / "one.jsonl.gz"
    save(path, capture([looks[0]]).packed)

    for one in (path, looks[0]):
        assert f"{one} holds one look only" in diag("diff", str(one)).err
    assert "does not exist" in diag("diff", str(tmp_path / "none")).err


def test_a_report_that_is_broken_is_said_to_be_one(diag, looks, tmp_path):
    path = tmp_path / "report.json"
    path.write_text('{"schema": "diag.report/v1", "tool": 7}')

    found = diag("diff", str(path), str(looks[1]))
    assert found.code == 3
    assert "begins as a report" in found.err
