import datetime as dt
import json

import click
import jsonschema
import pytest

from diag import config
from diag.cli import explain, scan
from diag.cli.diagnostics import Narrator
from diag.cli.looking import still_valid
from diag.config_model import Settings
from diag.errors import ConfigError


def load(tmp_path, **files):
    for name, text in files.items():
        path = tmp_path / {"diag": "diag.toml", "pyproject": "pyproject.toml", "user": "config/config.toml"}[name]
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return config.load(tmp_path, {"DIAG_CONFIG_DIR": str(tmp_path / "config")})


def test_no_file_is_no_setting(tmp_path):
    assert load(tmp_path) == config.Config()


def test_the_project_beats_the_user_and_each_value_knows_its_line(tmp_path):
    found = load(tmp_path, diag='limit = 3\n\nfail-on = "warning"\n', user='fail-on = "info"\nascii = true\n')

    assert {name: each.value for name, each in found.settings.items()} == {
        "limit": 3,
        "fail_on": "warning",
        "ascii": True,
    }
    assert found.settings["fail_on"].origin == f"{tmp_path / 'diag.toml'}:3"
    assert found.settings["ascii"].origin.endswith("config.toml:2")


def test_pyproject_is_read_where_there_is_no_diag_toml(tmp_path):
    text = '[project]\nname = "x"\n[tool.diag]\nlimit = 7\n'

    found = load(tmp_path, pyproject=text)
    assert found.settings["limit"].value == 7
    assert found.settings["limit"].origin.endswith("pyproject.toml:4")
    assert "limit" not in load(tmp_path, pyproject=text, diag="ascii = true").settings


def test_a_pyproject_without_our_table_says_nothing(tmp_path):
    assert load(tmp_path, pyproject='[tool.other]\nlimit = "x"\n') == config.Config()
    assert load(tmp_path, pyproject="[broken\n") == config.Config()


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ('\nfale-on = "error"\n', "diag.toml:2: unknown key fale-on", "did you mean fail-on?"),
        ('[[ignore]]\nrule = "A"\nreason = "r"\n[[ignore]]\nrule = "B"\nreson = "r"\n', "diag.toml:6: ", "reason"),
        ('[[ignore]]\nrule = "A"\n', "diag.toml:1: ignore.0.reason is missing", "a reason"),
        ('[context."prod-*"]\nlimt = 3\n', "diag.toml:2: unknown key", "did you mean limit?"),
        ('limit = "many"\n', "diag.toml:1: limit: ", "config schema"),
        ('[[ignore]]\nrule="A"\nreason="r"\nuntil="soon"\n', "diag.toml:4: ignore.0.until", "config schema"),
        ("limit = \n", "is no TOML", "line"),
    ],
)
def test_a_mistake_names_file_line_and_what_was_meant(tmp_path, text, where, hint):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, diag=text)

    assert where in caught.value.message
    assert hint in caught.value.hint


def test_a_file_that_is_no_text_is_an_error(tmp_path):
    (tmp_path / "diag.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigError):
        load(tmp_path)


def test_an_ignore_holds_through_its_last_day_and_then_says_so(tmp_path, capsys):
    found = load(tmp_path, diag='[[ignore]]\nrule = "UPG*"\nsubject = "db/*"\nreason = "known"\nuntil = 2026-05-31\n')
    (ignore,) = found.ignores

    assert (ignore.rule, ignore.subject, ignore.reason) == ("UPG*", "db/*", "known")
    assert not ignore.ended(dt.date(2026, 5, 31))
    assert ignore.ended(dt.date(2026, 6, 1))


def test_an_ended_ignore_is_not_passed_on_and_is_named(capsys):
    old = config.Ignore(rule="UPG*", reason="known", until=dt.date(2001, 1, 1), origin="diag.toml:1")
    lasting = config.Ignore(rule="QUO*", reason="known")

    assert still_valid([old, lasting], Narrator(quiet=False, verbose=0)) == (lasting,)
    assert "diag.toml:1: the ignore of UPG* for * ended on 2001-01-01" in capsys.readouterr().err


def test_ignores_of_a_file_reach_the_engine(diag):
    folder = diag().folder
    (folder / "diag.toml").write_text('[[ignore]]\nrule = "UPG*"\nreason = "known"\nuntil = 2999-12-31\n')

    asked = diag("scan", "--from", "x").asked
    assert "[('reason', 'known'), ('rule', 'UPG*'), ('subject', '*'), ('until', '2999-12-31')]" in asked


def test_a_profile_is_chosen_by_pattern(tmp_path):
    found = load(tmp_path, diag='[context."prod-*"]\nlimit = 1\n[context.dev]\nlimit = 2\n')

    assert found.profile(["prod-eu"])["limit"].value == 1
    assert found.profile(["dev"])["limit"].value == 2
    assert found.profile(["test"]) == {}


def test_flags_beat_profiles_beat_variables_beat_files(diag):
    folder = diag().folder
    (folder / "diag.toml").write_text('namespace = "file"\n')

    def asked(*args, **env):
        return diag("scan", *args, env=env).asked

    assert "('file',)" in asked("--from", "x")
    assert "('variable',)" in asked("--from", "x", DIAG_NAMESPACE="variable")
    (folder / "diag.toml").write_text('namespace = "file"\n[context."prod-*"]\nnamespace = ["profile"]\n')
    assert "('profile',)" in asked("--from", "prod-eu=x", DIAG_NAMESPACE="variable")
    assert "('variable',)" in asked("--from", "dev=x", DIAG_NAMESPACE="variable")
    assert "('typed',)" in asked("--from", "prod-eu=x", "-n", "typed", DIAG_NAMESPACE="variable")
    assert "'namespaces': ()" in asked("--from", "prod-eu=x", "-A", DIAG_NAMESPACE="variable")


def test_a_broken_file_stops_a_scan_and_not_its_help(diag):
    folder = diag().folder
    (folder / "diag.toml").write_text("colour = true\n")

    ended = diag("scan", "--from", "x")
    assert (ended.code, ended.err) == (2, "diag: diag.toml:1: unknown key colour\nhint: did you mean color?\n")
    assert diag("scan", "--help").code == 0


def test_show_names_the_origin_of_each_value(diag):
    folder = diag().folder
    (folder / "diag.toml").write_text('limit = 3\n[[ignore]]\nrule = "UPG*"\nreason = "known"\n')

    rows = {
        line.split()[0]: line.split()[1:] for line in diag("config", "show", env={"DIAG_ASCII": "1"}).out.splitlines()
    }

    assert rows["limit"] == ["3", "diag.toml:1"]
    assert rows["ascii"] == ["1", "variable", "DIAG_ASCII"]
    assert rows["color"] == ["auto", "default"]
    assert rows["ignore"][-1] == "diag.toml:2"


def test_path_lists_the_places_and_what_is_there(diag):
    folder = diag().folder
    (folder / "diag.toml").write_text("")

    own, project, user = diag("config", "path").out.splitlines()

    assert own == "diag.toml  found"
    assert project == "pyproject.toml  not there"
    assert "config.toml" in user


def test_the_schema_of_files_accepts_what_the_loader_accepts(diag):
    published = json.loads(diag("config", "schema").out)

    jsonschema.validate({"fail-on": "error", "ignore": [{"rule": "A", "reason": "r"}]}, published)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"fale-on": "error"}, published)


def test_every_flag_has_a_variable_and_a_key():
    for command in (scan.command, explain.command):
        for option in command.params:
            if isinstance(option, click.Option):
                key = option.name.rstrip("_")
                if key == "no_redact":  # what sends real names away has to be typed
                    assert option.envvar is None
                    assert key not in Settings.model_fields
                    continue
                assert option.envvar == f"DIAG_{key.upper()}"
                # `ignore` is the table [[ignore]] in files: there, a reason is required.
                assert (
                    option.name in Settings.model_fields or key in Settings.model_fields or key in ("ignore", "context")
                )
