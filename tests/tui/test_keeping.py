"""Keys of one's own, what is kept between runs, what is accepted, what is saved."""

import datetime as dt
import tomllib

import pytest
from textual.widgets import ContentSwitcher
from tui_driver import app_of, settled, toasts

from diag import config
from diag.config import Setting
from diag.errors import ConfigError, DiagError, UsageError
from diag.tui.actions import ACTIONS
from diag.tui.kept import Kept, Memory
from diag.tui.keymap import chosen
from diag.tui.suppressing import proposed, suppress

TODAY = dt.date(2026, 11, 26)


def keys(**given):
    return {name.replace("__", "."): Setting(value=value, origin="diag.toml:3") for name, value in given.items()}


def test_a_keymap_changes_the_key_the_help_and_the_footer(drive, demo):
    actions = chosen(keys(screen__gpus="ü", help="ctrl+g"))
    app = app_of(demo, actions=actions)

    def shown(app, _):
        return app.screen_stack[0].query_one(ContentSwitcher).current, str(app.query_one("#footer").content)

    assert drive(app, "ü", then=shown)[0] == "gpus"
    assert "[1 Causes] ü 3" in drive(app_of(demo, actions=actions), "2", then=shown)[1]
    assert drive(app_of(demo, actions=actions), "2", then=shown)[0] == "causes"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"explian": "x"}, "did you mean explain"),
        ({"explain": "q"}, "the key q would mean quit and explain"),
        ({"explain": "x,"}, "no key is named"),
        ({"screen__gpus": "1"}, "the key 1 would mean screen.causes and screen.gpus"),
    ],
)
def test_a_keymap_that_cannot_be_is_told_with_its_place(given, words):
    with pytest.raises(ConfigError) as raised:
        chosen(keys(**given))

    assert words in f"{raised.value.message} {raised.value.hint}"
    assert raised.value.message.startswith("diag.toml:3: ")


def test_no_keymap_changes_nothing():
    assert chosen({}) == ACTIONS


def test_the_configuration_holds_colours_and_keys(tmp_path):
    (tmp_path / "diag.toml").write_text(
        '[tui]\ntheme = "safe-dark"\n[tui.keymap]\nexplain = "e"\n"screen.gpus" = "g"\n'
    )
    user = tmp_path / "user"
    user.mkdir()
    (user / "config.toml").write_text(
        '[tui]\ntheme = "textual-light"\n[tui.keymap]\nexplain = "z"\nfilter = "ctrl+f"\n'
    )
    found = config.load(tmp_path, {"DIAG_CONFIG_DIR": str(user)})

    assert found.theme == "safe-dark"
    assert {name: each.value for name, each in found.keymap.items()} == {
        "explain": "e", "screen.gpus": "g", "filter": "ctrl+f",
    }  # fmt: skip
    assert found.keymap["explain"].origin.endswith("diag.toml:4")
    assert "tui" not in found.settings


def test_screen_sorting_and_colours_are_kept_for_each_thing_that_is_looked_at(drive, demo, tmp_path):
    async def leave(app, pilot):
        await pilot.press("2")
        await settled(app, pilot)
        await pilot.press("greater_than_sign", "greater_than_sign")
        app.theme = "safe-light"
        await pilot.press("q")

    def shown(app, _):
        lists = app.lists
        return lists.id, lists.lists[0].sorted_by, app.theme

    drive(app_of(demo, memory=Memory("demo", tmp_path)), then=leave)

    assert drive(app_of(demo, memory=Memory("demo", tmp_path)), then=shown) == ("gpus", (0, True), "safe-light")
    assert drive(app_of(demo, memory=Memory("other", tmp_path)), then=shown)[:2] == ("causes", None)


def test_what_is_kept_can_be_forgotten_and_a_broken_file_is_nothing(drive, demo, tmp_path):
    memory = Memory("demo", tmp_path)
    memory.path.write_text("{")
    assert memory.load() == Kept()
    memory.save(Kept(screen="gpus"), Kept())

    async def leave(app, pilot):
        app.forget()
        await pilot.press("q")

    drive(app_of(demo, memory=memory), then=leave)

    assert memory.load() == Kept()


def test_of_two_runs_neither_loses_what_the_other_kept(tmp_path):
    memory = Memory("demo", tmp_path)
    began = Kept(screen="gpus", theme="safe-dark", sorted={"gpus": (1, True), "logs": (0, True)}, seen=["a", "b"])
    memory.save(began, Kept())

    memory.save(Kept(screen="logs", theme="safe-dark", sorted={"gpus": (1, True)}, seen=["b", "c"]), began)
    memory.save(
        Kept(screen="gpus", theme="ansi", sorted={**began.sorted, "queues": (2, False)}, seen=["a", "d"]), began
    )

    assert memory.load() == Kept(
        screen="logs", theme="ansi", sorted={"gpus": (1, True), "queues": (2, False)}, seen=["c", "d"]
    )


def test_what_another_run_forgot_stays_forgotten(tmp_path):
    memory = Memory("demo", tmp_path)
    began = Kept(screen="gpus", seen=["a"])
    memory.save(began, Kept())
    memory.forget()

    memory.save(Kept(screen="gpus", seen=["a", "b"]), began)

    assert memory.load() == Kept(seen=["b"])


def test_the_sorting_of_a_screen_that_is_not_opened_is_kept(drive, demo, tmp_path):
    memory = Memory("demo", tmp_path)
    memory.save(Kept(sorted={"queues": (1, True), "causes": (1, True)}), Kept())

    drive(app_of(demo, memory=memory), *["greater_than_sign"] * 9, "q")

    kept = memory.load()
    assert kept.sorted["queues"] == (1, True)
    assert kept.sorted.get("causes") != (1, True)
    assert (kept.screen, kept.theme) == ("", "")  # nobody chose them


def test_a_cause_is_accepted_until_a_day_and_looked_at_again(drive, demo, small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIAG_CONFIG_DIR", str(tmp_path / "user"))

    async def accept(app, pilot):
        await pilot.press("s")
        await pilot.press(*"known issue", "enter")
        await settled(app, pilot)
        await pilot.press("enter")
        await settled(app, pilot)
        return toasts(app), app.seen is small

    told, again = drive(app_of(demo, small), then=accept)

    (entry,) = tomllib.loads((tmp_path / "user" / "config.toml").read_text())["ignore"]
    cause = demo.report.causes[0]
    assert (entry["rule"], entry["subject"], entry["reason"]) == (cause.rule, str(cause.root), "known issue")
    assert entry["until"] == dt.date.fromisoformat(proposed(dt.datetime.now(dt.UTC).date()))
    assert any("is accepted until" in each for each in told)
    assert again


def test_an_entry_is_added_behind_what_a_file_holds(demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "diag.toml"
    own.write_text('limit = 3\n[[ignore]]\nrule = "A"\nreason = "r"')
    suppress(demo.report.causes[0], 'said "no"\n[x]', "2026-12-24", today=TODAY)

    found = tomllib.loads(own.read_text())
    assert found["limit"] == 3
    assert [entry["rule"] for entry in found["ignore"]] == ["A", demo.report.causes[0].rule]
    assert found["ignore"][1]["reason"] == 'said "no"\n[x]'


@pytest.mark.parametrize(
    ("reason", "until", "error"),
    [("", "2026-12-24", UsageError), ("r", "tomorrow", UsageError), ("r", "2026-11-25", UsageError)],
)
def test_no_entry_without_a_reason_and_a_day_to_come(demo, tmp_path, monkeypatch, reason, until, error):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIAG_CONFIG_DIR", str(tmp_path))
    with pytest.raises(error):
        suppress(demo.report.causes[0], reason, until, today=TODAY)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_which_nothing_can_be_added_is_left_as_it_is(demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "diag.toml"
    own.write_text('ignore = [{rule = "A", reason = "r"}]\n')
    with pytest.raises(DiagError):
        suppress(demo.report.causes[0], "r", "2026-12-24", today=TODAY)
    assert own.read_text() == 'ignore = [{rule = "A", reason = "r"}]\n'


def test_a_pause_keeps_what_is_shown_until_it_ends(drive, demo, small):
    async def pause(app, pilot):
        await pilot.press("p", "r")
        await settled(app, pilot)
        kept, header = app.seen is demo, str(app.query_one("#header").content)
        await pilot.press("p")
        await settled(app, pilot)
        return kept, header, app.seen is small

    kept, header, went_on = drive(app_of(demo, small), then=pause)

    assert kept
    assert "paused" in header
    assert went_on


def test_what_came_since_it_was_opened_is_new(drive, demo, small):
    async def look(app, pilot):
        await pilot.press("v", "v")
        await settled(app, pilot)
        before = len(app.lists.lists[0].lines)
        await pilot.press("r")
        await settled(app, pilot)
        return before, len(app.lists.lists[0].lines)

    assert drive(app_of(demo, small), then=look) == (0, len(small.report.causes))
    known = {"baseline": frozenset(cause.fingerprint for cause in demo.report.causes[1:])}
    assert drive(app_of(demo, demo, source=known), then=look) == (1, 1)


def test_a_snapshot_is_saved_where_it_is_said(drive, demo, tmp_path):
    written = []

    def save(path, say):
        say("packing")
        written.append(path)
        return f"Wrote {path.name}: all, names redacted."

    async def saving(app, pilot):
        await pilot.press("S", *str(tmp_path / "now.jsonl.gz"), "enter")
        await settled(app, pilot)
        return toasts(app)

    told = drive(app_of(demo, source={"save": save}), then=saving)

    assert written == [tmp_path / "now.jsonl.gz"]
    assert any("names redacted" in each for each in told)
    assert any("nothing to save" in each for each in drive(app_of(demo), "S", then=lambda app, _: toasts(app)))


def test_a_screen_can_be_asked_for(drive, demo):
    assert drive(app_of(demo, screen="coverage"), then=lambda app, _: app.lists.id) == "coverage"
    assert drive(app_of(demo, screen="nonsense"), then=lambda app, _: app.lists.id) == "causes"
