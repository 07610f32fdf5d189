"""`diag snapshot save` and `convert`: a file that a scan reads, and a sentence where there can be none."""

from types import SimpleNamespace

import pytest

from diag.cli.root import run


@pytest.fixture
def diag(capfdbinary):
    """Runs the command line with the real engine."""

    def ran(*words):
        code = run(list(words))
        written = capfdbinary.readouterr()
        return SimpleNamespace(code=code, out=written.out, err=written.err.decode())

    return ran


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_what_was_saved_is_scanned_as_what_it_was_saved_from(diag, tmp_path, name):
    path = tmp_path / name
    saved = diag("snapshot", "save", str(path), "--demo")
    assert saved.code == 0
    assert "objects" in saved.err

    again, first = diag("scan", "--from", str(path), "-o", "json"), diag("scan", "--demo", "-o", "json")
    assert again.out == first.out


def test_convert_writes_a_list_that_a_scan_reads(diag, tmp_path):
    path, plain = tmp_path / "a.jsonl.gz", tmp_path / "a.json"
    diag("snapshot", "save", str(path), "--demo")
    assert diag("snapshot", "convert", str(path), str(plain)).code == 0
    assert diag("scan", "--from", str(plain)).code == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("save", "a.txt", "--demo"), ".jsonl.gz"),
        (("save", "a.json", "--append", "--demo"), "appended"),
        (("save", "a.jsonl.gz"), "--from"),
        (("convert", "nowhere.json", "a.jsonl.gz"), "does not exist"),
        (("save", "/proc/none/a.jsonl.gz", "--demo"), "cannot write"),
    ],
)
def test_what_cannot_be_saved_is_said_in_one_sentence(diag, tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    refused = diag("snapshot", *words)

    assert refused.code in (2, 3)
    assert says in refused.err
    assert "Traceback" not in refused.err
