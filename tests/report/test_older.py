"""Documents of earlier commits: today's schema accepts them, commands read them, and older schemas accept ours."""

import gzip
import json
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from diag.cli.root import run

_OLDER = Path(__file__).parent / "older"
_SCHEMA = Path(__file__).parents[2] / "docs" / "schema"
_DOCUMENTS = sorted(path.name for path in _OLDER.glob("*.gz") if not path.name.startswith("schema."))
_SCHEMAS = sorted(path.name for path in _OLDER.glob("schema.*.gz"))
_CASES = Path(__file__).parents[1] / "cases"


def stored(name):
    return json.loads(gzip.decompress((_OLDER / name).read_bytes()))


@cache
def published():
    schema = json.loads((_SCHEMA / "report.v1.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture
def today(tmp_path, monkeypatch):
    """Runs a command here, in an empty folder, and gives its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIAG_CONFIG_DIR", str(tmp_path / "none"))
    return lambda *words: run([str(word) for word in words])


@pytest.fixture
def unpacked(tmp_path):
    """The path of a stored document."""

    def written(name):
        path = tmp_path / name.removesuffix(".gz")
        path.write_bytes(gzip.decompress((_OLDER / name).read_bytes()))
        return path

    return written


def looked_at(name):
    """The flags with which today's command looks at what a document is of."""
    what = name.partition(".")[0].removeprefix("explain-")
    return ["--demo"] if what == "demo" else ["--from", f"{what}={_CASES / what}.json"]


def test_there_is_a_document_of_each_of_five_commits():
    assert len({name.split(".")[1] for name in _DOCUMENTS}) == 5
    assert len(_DOCUMENTS) == 16


@pytest.mark.parametrize("name", _DOCUMENTS)
def test_the_published_schema_accepts_what_was_stored(name):
    published().validate(stored(name))


def test_the_published_schema_is_that_of_the_command(today, capfdbinary):
    today("schema")

    assert capfdbinary.readouterr().out == (_SCHEMA / "report.v1.json").read_bytes()


@pytest.mark.parametrize("name", _DOCUMENTS)
def test_a_stored_report_is_a_baseline(today, unpacked, capsys, name):
    path = unpacked(name)
    code = today("report", *looked_at(name), "--baseline", path, "--fail-on", "info", "-o", "json=new.json")
    before = {cause["fingerprint"] for cause in stored(name)["causes"]}
    new = {cause["fingerprint"] for cause in json.loads(Path("new.json").read_text())["causes"]}

    assert code == int(bool(new))
    assert not new & before
    assert capsys.readouterr().out == ""


def test_causes_that_were_there_are_no_news(today, unpacked):
    names = [name for name in _DOCUMENTS if name.startswith("demo.") and "856550f" not in name]

    assert len(names) == 4
    for name in names:  # the first commit found other causes; since then their fingerprints are the same
        assert today("report", "--demo", "--baseline", unpacked(name), "--fail-on", "info", "-o", "json=x") == 0


@pytest.mark.parametrize("name", _DOCUMENTS)
def test_a_stored_report_is_compared_with_one_of_today(today, unpacked, name):
    path = unpacked(name)
    today("scan", *looked_at(name), "-o", "json=now.json", "--fail-on", "never")

    assert today("diff", path, "now.json", "-o", "json=diff.json") == 0
    found = json.loads(Path("diff.json").read_text())
    jsonschema.validate(found, json.loads((_SCHEMA / "diff.v1.json").read_text()))
    causes = found["causes"]
    gone = len(causes["gone"]) + len(causes["changed"]) + len(causes["same"])
    assert gone == len({cause["fingerprint"] for cause in stored(name)["causes"]})
    assert found["objects"] is None


@pytest.mark.parametrize("schema", _SCHEMAS)
@pytest.mark.parametrize("command", [["scan", "--fail-on", "never"], ["explain", "--all"]])
def test_who_kept_an_older_schema_accepts_what_is_written_today(today, schema, command):
    today(command[0], "--demo", *command[1:], "-o", "json=now.json")

    jsonschema.Draft202012Validator(stored(schema)).validate(json.loads(Path("now.json").read_text()))
