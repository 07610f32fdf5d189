"""What is imported when."""

import subprocess
import sys

import pytest


def loaded(code, *names):
    asked = f"import sys\n{code}\nprint(*sorted(set({names!r}) & set(sys.modules)))"
    ended = subprocess.run(  # noqa: S603  # our own interpreter and words
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60
    )
    return ended.stdout.split("\n")[-2].split()


def test_the_first_frame_waits_for_no_engine():
    engine = ("diag.snapshot.snapshot", "diag.trouble.trouble", "diag.catalog.registry", "yaml", "jinja2", "pydantic")
    heavy = (*engine, "diag.views.explanation", "diag.views.subject")

    assert loaded("import diag.tui.app", *heavy) == []


@pytest.mark.parametrize("command", ["gpus", "queues", "topology", "timeline", "graph", "coverage"])
def test_a_text_twin_needs_no_textual(command):
    code = f"from diag.cli.root import run\nrun([{command!r}, '--demo', '-o', 'json=/dev/null'])"

    assert loaded(code, "textual", "rich") == []


@pytest.mark.parametrize("words", [["--demo"], ["tui", "--demo"], ["tui", "--from", "-"]])
def test_without_a_terminal_it_says_what_to_run_instead(words):
    ended = subprocess.run(  # noqa: S603  # as above
        [sys.executable, "-m", "diag", *words], capture_output=True, text=True, check=False, timeout=60,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "hint: " in ended.stderr


@pytest.mark.parametrize(("screen", "twin"), [("causes", "scan"), ("gpus", "gpus"), ("coverage", "coverage")])
def test_plain_prints_what_the_text_twin_prints_and_needs_no_terminal(screen, twin):
    def printed(*words):
        return subprocess.run(  # noqa: S603  # as above
            [sys.executable, "-m", "diag", *words], capture_output=True, text=True, check=False, timeout=60,
            stdin=subprocess.DEVNULL,
        ).stdout  # fmt: skip

    assert printed("--demo", "--plain", "--screen", screen) == printed(twin, "--demo", "-o", "plain")


@pytest.mark.parametrize(("words", "is_taken"), [([], True), (["--no-mouse"], False)])
def test_the_mouse_is_taken_unless_it_is_refused(monkeypatch, tmp_path, words, is_taken):
    from diag.cli.root import run  # noqa: PLC0415  # only here

    given = []
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.headless_driver:HeadlessDriver")  # as in a browser
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("diag.tui.app.DiagApp.run", lambda _, **how: given.append(how["mouse"]))

    assert run(["tui", "--demo", *words]) == 0
    assert given == [is_taken]
