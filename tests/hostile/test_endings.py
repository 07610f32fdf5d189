"""What ends a run from outside: Ctrl-C while reading, a pipe that breaks off, a full disk."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

_RUN = "import sys; from diag.cli.root import run; sys.exit(run(sys.argv[1:]))"


def started(*words, **pipes):
    return subprocess.Popen([sys.executable, "-c", _RUN, *words], stderr=subprocess.PIPE, **pipes)  # noqa: S603  # our own words


@pytest.mark.slow
def test_ctrl_c_while_reading_ends_with_130_and_no_traceback():
    process = started("scan", "--from", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b'{"apiVersion":"v1","kind":"List","items":[')
    process.stdin.flush()
    deadline = time.monotonic() + 20
    while not _waits_in_read(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=20)

    assert process.returncode == 130
    assert b"Traceback" not in messages


def _waits_in_read(pid):
    """Whether it sleeps in a read of its standard input (proc(5), `syscall`: 0 is read on x86_64, 63 on arm64)."""
    try:
        words = Path(f"/proc/{pid}/syscall").read_text(encoding="ascii").split()
    except OSError:
        return True  # not for us to see: the signal comes at some time of the run
    return words[:2] in (["0", "0x0"], ["63", "0x0"])


@pytest.mark.slow
def test_a_pipe_that_breaks_off_keeps_what_precedes_the_break():
    pod = b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"ml"}}'
    text = b'{"apiVersion":"v1","kind":"List","items":[' + pod + b","
    process = started("scan", "--from", "-", "-o", "json", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, messages = process.communicate(text, timeout=20)

    assert b'"pods": 1' in out
    assert b"truncated" in out
    assert b"Traceback" not in messages


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [("scan", "--demo"), ("scan", "--demo", "-o", "json"), ("rules",)])
def test_a_full_disk_is_one_sentence(words):
    with Path("/dev/full").open("wb") as full:
        process = started(*words, stdout=full)
        _, messages = process.communicate(timeout=30)

    assert process.returncode not in (0, 1)
    assert b"No space left" in messages
    assert b"Traceback" not in messages
