"""`-o FORMAT=PATH` with paths that cannot be, or must not be, written."""

import os
import signal
import subprocess
import sys
import time

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


class _Half:
    """A file whose disk takes half of what is written, and is interrupted then."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, content):
        self.file.write(content[: len(content) // 2])
        raise KeyboardInterrupt


@pytest.mark.parametrize("form", ["html", "junit", "json"])
def test_an_interrupt_while_a_file_is_written_leaves_the_old_one(form, dump, monkeypatch, capfd):
    opened = os.fdopen
    monkeypatch.setattr("diag.whole_file.os.fdopen", lambda *args: _Half(opened(*args)))
    (dump.parent / "out").write_text("as it was")

    assert run(["report", "--from", "dump.json", "-o", f"{form}=out"]) == 130

    assert (dump.parent / "out").read_text() == "as it was"
    assert sorted(each.name for each in dump.parent.iterdir()) == ["dump.json", "folder", "link.json", "out"]
    assert "interrupted" in capfd.readouterr().err


_WRITER = """
import signal, sys
from pathlib import Path
from diag.whole_file import replace
signal.signal(signal.SIGINT, signal.default_int_handler)  # where the tests run in the background, it is ignored
path = Path(sys.argv[1])
print("on", flush=True)
for letter in b"ab" * 2_000:
    replace(path, bytes([letter]) * 1_000_000)
"""


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whenever_a_writer_is_ended_the_file_is_the_old_or_the_new_one(ended_by, tmp_path):
    path = tmp_path / "report.html"
    path.write_bytes(b"a" * 1_000_000)
    for moment in range(5):
        with subprocess.Popen(  # noqa: S603  # our own interpreter and words
            [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as writer:
            writer.stdout.readline()
            time.sleep(0.003 * moment)
            writer.send_signal(ended_by)

        assert path.read_bytes() in (b"a" * 1_000_000, b"b" * 1_000_000)
    if ended_by == signal.SIGINT:
        assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
