"""`-o FORMAT=PATH` with paths that cannot be, or must not be, written."""

import pytest

from diag.cli.root import run

POD = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "ml"}}'


@pytest.fixture
def dump(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "dump.json"
    path.write_text(POD)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.json").symlink_to("dump.json")
    return path


@pytest.mark.parametrize(
    "words",
    [
        ["report", "--from", "dump.json", "-o", "json=./dump.json"],
        ["report", "--from", "prod=dump.json", "-o", "plain", "-o", "html=link.json"],
        ["gpus", "--from", "dump.json", "-o", "json=dump.json"],
        ["diff", "dump.json", "dump.json", "-o", "json=dump.json"],
        ["snapshot", "info", "dump.json", "-o", "json=dump.json"],
    ],
)
def test_what_is_read_is_never_written_over(words, dump, capfd):
    assert run(words) == 2
    assert "is what is read as well, and would be written over" in capfd.readouterr().err
    assert dump.read_text() == POD


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("folder", "cannot write folder: Is a directory"),
        ("dump.json/below/x", "cannot write dump.json/below/x: Not a directory"),
        ("dump.json/x", "cannot write dump.json/x: dump.json is no folder"),
        ("x" * 300, "File name too long"),
        ("/dev/full", "cannot write /dev/full: No space left on device"),
        ("/proc/nowhere/x", "cannot write /proc/nowhere/x: "),
    ],
)
def test_a_path_that_cannot_be_written_is_one_sentence_and_costs_no_other_output(path, said, dump, capfd):
    words = ["report", "--from", "dump.json", "--select", "QUO001", "-q"]
    assert run([*words, "-o", f"json={path}", "-o", "html=good.html", "-o", "plain"]) == 3

    told = capfd.readouterr()
    assert said in told.err
    assert told.out
    assert (dump.parent / "good.html").stat().st_size
    assert sorted(each.name for each in dump.parent.iterdir()) == ["dump.json", "folder", "good.html", "link.json"]
