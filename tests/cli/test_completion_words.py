"""Completion of words that hold `=`, `:`, quotes and commas, as each shell asks for them, and of nothing at all."""

import shutil
import subprocess
import sys

import pytest

from diag.cli import shells
from diag.cli.root import cli
from diag.testing.apiserver import kubeconfig


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    names = ("gpu-eu", "arn:aws:eks:eu-1:12:cluster/prod", "arn:aws:eks:us-1:12:cluster/prod", "x $(touch evil)")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "config", dict.fromkeys(names, "http://127.0.0.1:1"))))
    monkeypatch.chdir(tmp_path)


def answered(shell, monkeypatch, **asked):
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    return shells.kinds()[shell](cli, {}, "diag", "_DIAG_COMPLETE").complete()


@pytest.mark.parametrize(
    ("line", "word", "said"),
    [
        ("scan --context ar", "ar", "plain,arn:aws:eks:eu-1:12:cluster/prod\nplain,arn:aws:eks:us-1:12:cluster/prod"),
        ("scan --context arn:aws:eks:e", "e", "plain,eu-1:12:cluster/prod"),
        ("scan --context=arn:aws:eks:e", "e", "plain,eu-1:12:cluster/prod"),
        ("scan --context=g", "g", "plain,gpu-eu"),
        ("scan --context 'g", "g", "plain,gpu-eu"),
        ("scan --from prod=du", "du", "file,"),
        ("report -o html=", "=", "file,"),
        ("scan --select QUO001,SCH10", "QUO001,SCH10", "plain,QUO001,SCH101"),
        ("expl", "expl", "plain,explain"),
    ],
)
def test_bash_asks_for_what_stands_behind_the_last_break(line, word, said, monkeypatch):
    assert answered("bash", monkeypatch, COMP_LINE=f"diag {line}", COMP_WORD=word) == said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("scan --context=g", "plain\n--context=gpu-eu\n_"),
        ("scan --from prod=du", "file\ndu\nprod="),
        ("report -o html=sub/", "file\nsub/\nhtml="),
        ("snapshot info du", "file\ndu\n_"),
        ("snapshot save a=b", "file\na=b\n_"),
    ],
)
def test_zsh_is_told_whole_words_and_what_stands_before_a_path(line, said, monkeypatch):
    count = len(line.split())
    assert answered("zsh", monkeypatch, COMP_WORDS=f"diag {line}", COMP_CWORD=str(count)) == said


def test_a_broken_file_of_settings_or_contexts_offers_less_and_no_noise(monkeypatch, tmp_path):
    (tmp_path / "config").write_text("{no: yaml")
    assert answered("bash", monkeypatch, COMP_LINE="diag scan --context a", COMP_WORD="a") == "plain,all"


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_offers_values_with_commas_and_paths_behind_an_equals_sign(tmp_path):
    (tmp_path / "dump.json").touch()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "diag").write_text(f'#!/bin/sh\nexec {sys.executable} -m diag "$@"\n')
    (tmp_path / "bin" / "diag").chmod(0o755)
    script = "diag completion fish | source; for line in $argv; complete -C $line; end"
    lines = ["diag scan --from prod=du", "diag scan --select QUO001,SCH10", "diag scan --context=g"]
    asked = subprocess.run(  # noqa: S603  # our own words
        ["fish", "--no-config", "-c", script, *lines],  # noqa: S607
        capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path,
        env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "HOME": str(tmp_path), "KUBECONFIG": "config"},
    )  # fmt: skip

    assert [line.partition("\t")[0] for line in asked.stdout.splitlines()] == [
        "prod=dump.json", "QUO001,SCH101", "--context=gpu-eu"
    ]  # fmt: skip
    assert asked.stderr == ""
