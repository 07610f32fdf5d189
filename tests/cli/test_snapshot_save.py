"""`diag snapshot save` and `convert`: a file that a scan reads, and a sentence where there can be none."""

from pathlib import Path
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


@pytest.mark.parametrize(
    "words",
    [
        ("convert", "A", "A"),
        ("convert", "A@1", "LINK"),
        ("save", "A", "--from", "n=A"),
        ("save", "A", "--replace", "--from", "A"),
        ("redact", "LINK", "A"),
    ],
)
def test_nothing_is_written_over_what_it_is_read_from(diag, tmp_path, words):
    path, link = tmp_path / "a.jsonl", tmp_path / "link.jsonl"
    diag("snapshot", "save", str(path), "--demo")
    link.symlink_to(path)
    before = path.read_bytes()
    key = ("--key", str(tmp_path / "key")) if words[0] == "redact" else ()
    refused = diag("snapshot", *(word.replace("LINK", str(link)).replace("A", str(path)) for word in words), *key)

    assert refused.code == 2
    assert "is what is read as well, and would be written over" in refused.err
    assert path.read_bytes() == before


def test_several_captures_are_not_lost_by_a_slip(diag, tmp_path):
    week = str(tmp_path / "week.jsonl.gz")
    diag("snapshot", "save", week, "--demo")
    assert diag("snapshot", "save", week, "--demo").code == 0, "of one capture the newest may take the place"
    assert "archive of 1 capture," in diag("snapshot", "info", week).out.decode()
    assert diag("snapshot", "save", week, "--append", "--demo").code == 0
    assert "archive of 2 captures," in diag("snapshot", "info", week).out.decode()
    held = Path(week).read_bytes()

    for words in (("save", week, "--demo"), ("convert", f"{week}@1", week), ("redact", week, week)):
        refused = diag("snapshot", *words)
        assert refused.code == 2
        assert "holds 2 captures, which would be lost" in refused.err
        assert "--append adds a capture and --replace replaces them all" in " ".join(refused.err.split())
        assert Path(week).read_bytes() == held
    assert diag("snapshot", "save", week, "--append", "--replace", "--demo").code == 2

    said = f"of the 2 captures of {week} the newest was taken"
    for command in ("convert", "redact"):
        assert said in diag("snapshot", command, week, str(tmp_path / f"{command}.jsonl.gz")).err
    assert said not in diag("snapshot", "convert", f"{week}@1", str(tmp_path / "first.jsonl.gz")).err

    assert diag("snapshot", "save", week, "--replace", "--demo").code == 0
    assert "archive of 1 capture," in diag("snapshot", "info", week).out.decode()


def test_a_damaged_archive_is_no_reason_to_refuse(diag, tmp_path):
    path = tmp_path / "a.jsonl.gz"
    diag("snapshot", "save", str(path), "--demo")
    path.write_bytes(path.read_bytes()[:2000])

    assert diag("snapshot", "save", str(path), "--demo").code == 0
