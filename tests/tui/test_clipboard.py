"""Copying, in the order of what works."""

import base64
import subprocess

import pytest

from diag.tui import clipboard


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    for name in ("SSH_TTY", "TMUX", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(clipboard.shutil, "which", lambda _: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_a_local_tool_is_first(monkeypatch):
    given = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(clipboard.shutil, "which", lambda name: f"/bin/{name}" if name == "xclip" else None)
    monkeypatch.setattr(clipboard.subprocess, "run", lambda command, **kwargs: given.append((command, kwargs["input"])))

    assert clipboard.copy("héllo", given.append) == "with xclip"
    assert given == [(["/bin/xclip", "-selection", "clipboard"], "héllo".encode())]


def test_a_tool_that_fails_gives_way_to_the_terminal(monkeypatch):
    def fail(*_, **__):
        raise subprocess.CalledProcessError(1, "xclip")

    written = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(clipboard.shutil, "which", lambda name: name)
    monkeypatch.setattr(clipboard.subprocess, "run", fail)

    assert "OSC 52" in clipboard.copy("x", written.append)
    assert written == [f"\x1b]52;c;{base64.b64encode(b'x').decode()}\x07"]


def test_over_ssh_the_terminal_is_asked_not_the_far_machine(monkeypatch):
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(clipboard.shutil, "which", lambda name: name)

    assert "OSC 52" in clipboard.copy("x", lambda _: None)


def test_tmux_is_told_to_pass_it_on(monkeypatch):
    written = []
    monkeypatch.setenv("TMUX", "socket")

    clipboard.copy("x", written.append)

    assert written[0].startswith("\x1bPtmux;\x1b\x1b]52;c;")


def test_what_is_too_long_for_a_terminal_goes_to_a_file(tmp_path):
    written = []
    text = "x" * 100_000

    said = clipboard.copy(text, written.append)

    assert written == []
    assert (tmp_path / "diag" / "copied.txt").read_text() == text
    assert "copied.txt" in said
