"""Started without its streams, or with ones that take nothing, `diag` fails for nothing else and says what is true."""

import shlex
import subprocess
import sys

import pytest

DIAG = shlex.join([sys.executable, "-m", "diag"])


def ran(line, tmp_path):
    ended = subprocess.run(  # noqa: S603  # our own words
        ["/bin/sh", "-c", line.replace("diag", DIAG, 1)], capture_output=True, text=True, timeout=60, check=False,
        cwd=tmp_path, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert not list(tmp_path.rglob("crash-*"))
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("diag config path >&-", 3, "cannot write to stdout: Bad file descriptor"),
        ("diag config path >/dev/full", 3, "cannot write to stdout: No space left on device"),
        ("diag rbac >/dev/full", 3, "cannot write: No space left on device"),
        ("diag scan --from /nowhere 2>&-", 3, ""),
        ("diag scan --from - <&-", 3, "diag: - is empty"),
        ("diag config path <&- >&- 2>&-", 3, ""),
        ("exec 9>&1; { diag rbac; echo $? >&9; } | true", 0, ""),
    ],
)
def test_a_stream_that_is_closed_or_full_is_one_sentence_and_the_right_code(line, code, says, tmp_path):
    ended, out, err = ran(line, tmp_path)

    assert (int(out) if ">&9" in line else ended, says in err) == (code, True), err
    assert "Exception ignored" not in err


def test_no_file_takes_the_place_of_a_closed_stream(tmp_path):
    ran("diag report --demo -o json=out.json -o plain >&- 2>&-", tmp_path)

    assert (tmp_path / "out.json").read_text().startswith("{")
    assert (tmp_path / "out.json").read_text().rstrip().endswith("}")
