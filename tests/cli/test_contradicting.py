"""What is typed stands against settings that contradict it; of two that are typed the person has to take one back."""

import pytest

from diag.cli.root import run


@pytest.mark.parametrize(
    ("variable", "value"),
    [("DIAG_FROM", "/nowhere"), ("DIAG_WAIT", "1s"), ("DIAG_WATCH", "true"), ("DIAG_DEMO", "true")],
)
def test_a_dump_that_is_typed_is_what_is_looked_at(variable, value, monkeypatch, tmp_path, capfdbinary):
    monkeypatch.setenv(variable, value)
    (tmp_path / "dump.json").write_text('{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}')
    words = ["--demo"] if variable == "DIAG_FROM" else ["--from", str(tmp_path / "dump.json")]
    code = run(["report", *words, "--select", "QUO001", "-q", "-o", "plain"])

    assert (code, capfdbinary.readouterr().err) == (0, b"")


@pytest.mark.parametrize("typed", [["--from", "dump.json"], ["--wait", "1s"], ["--watch"]])
def test_two_that_are_typed_are_refused(typed, capfd):
    assert run(["report", "--demo", *typed]) == 2
    assert "hint: " in capfd.readouterr().err
