"""The exit code of every combination of what is found, what could not be seen, and what is asked."""

import dataclasses
import itertools
from types import SimpleNamespace

import msgspec
import pytest

from diag import api
from diag.cli import looking
from diag.cli.root import run
from diag.errors import SnapshotError

_RANK = {"info": 1, "warning": 2, "error": 3, "never": 4}
_DEFAULT = {"scan": "error", "explain": "never", "report": "never"}


def expected(command, found, blind, threshold, strict, *, lacks_model=False, ending=""):
    """The table: cut short beats no pod read, then a model that failed, found, and unseen; each where it counts."""
    if ending:
        return {"timeout": 124, "interrupted": 130}[ending]
    if blind == "no pods" and not found:
        return 3
    if lacks_model and found:
        return 5
    reached = any(_RANK[each] >= _RANK[threshold or _DEFAULT[command]] for each in found)
    return 1 if reached else 4 if strict and blind in ("material", "no pods") else 0


@pytest.fixture
def ended(report, clean, tmp_path, monkeypatch, capsys):
    """Runs a command line here, on a report with causes of these severities and such gaps; gives its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))  # no model that somebody has chosen
    monkeypatch.setenv("DIAG_CONFIG_DIR", str(tmp_path / "config"))
    harmless = [gap for gap in report.gaps if not gap.material]
    pods = msgspec.structs.replace(report.gaps[0], what="list Pod", why="forbidden", material=True)
    gaps = {"nothing": [], "harmless": harmless, "material": report.gaps, "no pods": [pods]}

    def made(found, blind):
        causes = [
            msgspec.structs.replace(report.causes[0], id=f"C{at}", severity=each, fingerprint=f"{each}{at}")
            for at, each in enumerate(found, 1)
        ]
        rows = msgspec.structs.replace(report, causes=causes) if found else clean
        stats = rows.stats | ({"pods": 0} if blind == "no pods" else {})
        return msgspec.structs.replace(rows, gaps=gaps[blind], stats=stats)

    def code(command, found=(), blind="nothing", *flags, known=None):
        if known is not None:
            (tmp_path / "old.json").write_bytes(msgspec.json.encode(made(known, "nothing")))
            flags = (*flags, "--baseline", "old.json")
        examined = SimpleNamespace(
            report=made(found, blind), known=list, hidden=0, put_aside=(), snapshots=(), troubles=()
        )
        monkeypatch.setattr(api, "examine", lambda *_, **__: examined)
        all_ = ["--all"] if command == "explain" else []
        given = run([command, "--from", "x", *all_, *flags])
        capsys.readouterr()
        return given

    return code


_BLIND = ("nothing", "harmless", "material", "no pods")
_FOUND = ((), ("info",), ("warning",), ("error",), ("info", "error"), ("info", "warning"))


@pytest.mark.parametrize("command", ["scan", "explain", "report"])
@pytest.mark.parametrize("threshold", [None, "error", "warning", "info", "never"])
@pytest.mark.parametrize("strict", [False, True])
def test_what_is_found_decides_then_what_could_not_be_seen(ended, command, threshold, strict):
    flags = (["--fail-on", threshold] if threshold else []) + ["--strict"] * strict

    for found, blind in itertools.product(_FOUND, _BLIND):
        assert ended(command, found, blind, *flags) == expected(command, found, blind, threshold, strict), (
            found,
            blind,
        )


# Further words of a command line, and whether a model is asked for that there is not.
_WORDS = [
    ("explain", ["--llm", "local", "--require-llm"], True),
    ("explain", ["--require-llm"], True),
    ("explain", ["--llm", "local"], False),
    ("explain", ["--llm", "off", "--require-llm"], False),
    ("report", ["--junit-warnings", "pass", "-o", "junit"], False),
    ("report", ["--junit-warnings", "fail", "-o", "junit"], False),
]


@pytest.mark.parametrize(("command", "words", "lacks_model"), _WORDS)
@pytest.mark.parametrize("threshold", [None, "error", "warning", "info", "never"])
@pytest.mark.parametrize("strict", [False, True])
def test_a_model_that_is_required_counts_and_how_a_format_shows_a_warning_does_not(
    ended, command, words, lacks_model, threshold, strict
):
    flags = (*words, *(["--fail-on", threshold] if threshold else []), *["--strict"] * strict)

    for found, blind in itertools.product(_FOUND, _BLIND):
        told = expected(command, found, blind, threshold, strict, lacks_model=lacks_model)
        assert ended(command, found, blind, *flags) == told, (found, blind)


@pytest.mark.parametrize(
    ("command", "words", "lacks_model"), [("scan", [], False), ("explain", [], False), ("report", [], False), *_WORDS]
)
@pytest.mark.parametrize("ending", ["timeout", "interrupted"])
def test_a_look_that_was_cut_short_says_so_whatever_else_there_is(
    ended, monkeypatch, command, words, lacks_model, ending
):
    whole = looking.looked
    monkeypatch.setattr(looking, "looked", lambda *asked: dataclasses.replace(whole(*asked), ended=ending))

    for found, blind, threshold, strict in itertools.product(
        ((), ("error",), ("info", "warning")),
        ("nothing", "material", "no pods"),
        (None, "info", "never"),
        (False, True),
    ):
        flags = (*words, *(["--fail-on", threshold] if threshold else []), *["--strict"] * strict)
        told = expected(command, found, blind, threshold, strict, lacks_model=lacks_model, ending=ending)
        assert ended(command, found, blind, *flags) == told, (found, blind, threshold, strict)


@pytest.mark.parametrize(
    "words",
    [
        ["scan", "--fail-on", "dire"],
        ["report", "--junit-warnings", "maybe"],
        ["report", "-o", "junitt"],
        ["report", "--watch"],
        ["explain", "--llm", "gpt"],
        ["scan", "--demo"],
    ],
)
@pytest.mark.parametrize("strict", [[], ["--strict", "--fail-on", "info"]])
def test_a_slip_of_the_pen_is_that_whatever_would_be_found(ended, words, strict):
    assert ended(words[0], ["error"], "material", *strict, *words[1:]) == 2


@pytest.mark.parametrize(
    ("found", "known", "flags", "code"),
    [
        (["error"], ["error"], ["--fail-on", "error"], 0),
        (["error"], ["warning"], ["--fail-on", "error"], 1),
        (["error", "info"], ["error"], ["--fail-on", "warning"], 0),
        (["error", "info"], ["error"], ["--fail-on", "info"], 1),
        (["error"], [], ["--fail-on", "error"], 1),
        (["error"], [], [], 0),
        ([], ["error"], ["--fail-on", "info"], 0),
        (["error"], ["error"], ["--fail-on", "error", "--strict"], 4),
    ],
)
def test_a_baseline_leaves_what_is_new_to_count(ended, found, known, flags, code):
    assert ended("report", found, "material", *flags, known=known) == code


@pytest.mark.parametrize("flags", [[], ["--fail-on", "never"], ["--fail-on", "info"], ["--strict"]])
@pytest.mark.parametrize("command", ["scan", "explain", "report"])
@pytest.mark.parametrize(
    ("failure", "code"), [(SnapshotError("cannot read x", hint="dump it again"), 3), (KeyboardInterrupt(), 130)]
)
def test_who_could_not_look_says_so_whatever_was_asked(ended, monkeypatch, command, flags, failure, code):
    def fails(*_, **__):
        raise failure

    ended(command)
    monkeypatch.setattr(api, "examine", fails)

    assert run([command, "--from", "x", *flags]) == code


@pytest.mark.parametrize("flags", [[], ["--fail-on", "never"], ["--fail-on", "info"], ["--strict"]])
@pytest.mark.parametrize("command", ["scan", "explain", "report"])
@pytest.mark.parametrize(("ending", "code"), [("timeout", 124), ("interrupted", 130)])
@pytest.mark.parametrize("found", [[], ["error"]])
def test_a_look_that_was_cut_short_says_so_and_shows_what_it_has(
    ended, monkeypatch, capsys, command, flags, ending, code, found
):
    ended(command, found)
    whole = looking.looked
    monkeypatch.setattr(looking, "looked", lambda *asked: dataclasses.replace(whole(*asked), ended=ending))

    assert run([command, "--from", "x", *flags]) == code
    assert ("error" if found else "No causes") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("written", "complaint", "code"),
    [
        (None, "does not exist", 2),
        ("{}", "holds no report", 2),
        ('{"schema":"diag.report/v1","causes":3}', "cannot be read as one", 3),
        ('{\n  "schema": "diag.report/v2", "causes": {}}', "of another version, diag.report/v2; this diag reads", 3),
    ],
)
def test_a_baseline_that_is_none_is_told_before_anything_is_read(ended, capsys, tmp_path, written, complaint, code):
    ended("report", ["error"])
    if written is not None:
        (tmp_path / "bad.json").write_text(written)

    assert run(["report", "--from", "x", "--baseline", "bad.json", "--fail-on", "error"]) == code
    assert complaint in capsys.readouterr().err


def test_what_a_baseline_hides_is_counted(ended, capsys, monkeypatch):
    monkeypatch.setattr(capsys, "readouterr", lambda read=capsys.readouterr: seen.append(read()))
    seen = []
    ended("report", ["error", "info"], known=["error"])

    assert "1 more hidden by --baseline old.json" in seen[-1].out
    assert seen[-1].out.startswith("C2 info")
