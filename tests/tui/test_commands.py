"""What is typed after `:`, and what the palette finds."""

from dataclasses import replace

import pytest
from textual.command import CommandPalette
from textual.widgets import Input
from tui_driver import app_of, settled, toasts

from diag.errors import UsageError
from diag.tui.commanding import Command, command
from diag.tui.dialogs import Reader
from diag.tui.finding_things import Things

SCREENS = ("causes", "gpus", "logs")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("diag gpus --from a.json --filter 'ns:ml x'", Command(word="gpus", subject="", filters="ns:ml x")),
        ("gpus --filter=age>10m --filter -x", Command(word="gpus", subject="", filters="age>10m -x")),
        ("explain pod ml/w", Command(word="explain", subject="pod ml/w")),
        ("snapshot save", Command(word="snapshot save", subject="")),
        ("pod/ml/w", Command(word="", subject="pod/ml/w")),
        ("", Command(word="", subject="")),
    ],
)
def test_a_line_is_a_word_a_subject_and_filters(typed, meant):
    assert command(typed, SCREENS, "--from a.json") == meant


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("gpus --filter 'a", "quot"),
        ("gpus --filter", "needs terms"),
        ("gpus --from b.json", "--from cannot be changed here"),
    ],
)
def test_what_cannot_be_meant_is_told(typed, words):
    with pytest.raises(UsageError) as raised:
        command(typed, SCREENS, "--from a.json")

    assert words in raised.value.message


def typing(line):
    async def say(app, pilot):
        await pilot.press("colon")
        await pilot.pause()
        app.screen.query_one(Input).value = line
        await pilot.press("enter")
        await settled(app, pilot)
        await settled(app, pilot)
        table = app.lists.lists[0]
        return app.lists.id, app.lists.filter_text, len(table.lines), toasts(app), app

    return say


def test_the_equivalent_command_leads_back_to_what_it_shows(drive, demo):
    async def say(app, pilot):
        await pilot.press("2", "slash", *"l40s", "enter")
        await settled(app, pilot)
        line, before = app.equivalent(), [each.key for each in app.lists.lists[0].lines]
        await pilot.press("escape", "1")
        await settled(app, pilot)
        screen, text, *_ = await typing(line)(app, pilot)
        return line, before, (screen, text), [each.key for each in app.lists.lists[0].lines]

    line, before, shown, after = drive(app_of(demo), then=say)

    assert line == "diag gpus --from dump.json --filter l40s"
    assert shown == ("gpus", "l40s")
    assert after == before
    assert 0 < len(after) < 18


@pytest.mark.parametrize(
    ("line", "screen", "text"),
    [
        ("scan --filter rule:DEV*", "causes", "rule:DEV*"),
        ("timeline C4 --filter Pod", "timeline", "Pod"),
        ("topology", "topology", ""),
    ],
)
def test_a_line_opens_a_screen_and_filters_it(drive, demo, line, screen, text):
    where, filtered, lines, told, app = drive(app_of(demo), then=typing(line))

    assert (where, filtered) == (screen, text)
    assert lines > 0
    assert told == []
    assert "C4" not in line or app.cause == "C4"


def test_a_flag_that_cannot_be_changed_is_told_and_changes_nothing(drive, demo):
    where, filtered, _, told, _ = drive(app_of(demo), then=typing("gpus --from other.json"))

    assert (where, filtered) == ("causes", "")
    assert "--from cannot be changed here" in told[0]


def test_words_of_commands_do_what_they_do_here(drive, demo):
    async def fit(app, pilot):
        await typing("fit C4")(app, pilot)
        return app.screen

    screen = drive(app_of(demo), then=fit)

    assert isinstance(screen, Reader)
    assert "C4" in screen.heading


def test_quit_leaves(drive, demo):
    async def leave(app, pilot):
        await pilot.press("colon", *"quit", "enter")
        await pilot.pause()
        return app.return_code

    assert drive(app_of(demo), then=leave) == 0


async def found(app, query):
    things = Things(app.screen)
    return [hit async for hit in things.search(query)]


def test_the_palette_finds_causes_and_objects_by_parts_of_their_names(drive, demo):
    async def search(app, _):
        node, cause, none = [await found(app, each) for each in ("NODE l40s-03", "quo501", "nowhere at all")]
        return node, cause, none, len(await found(app, "pod"))

    node, cause, none, many = drive(app_of(demo), then=search)

    assert [str(hit.match_display) for hit in node if str(hit.match_display).startswith("Node/")] == [
        "Node/serve-l40s-03"
    ]
    assert str(cause[0].match_display).startswith("C1 QUO501")
    assert none == []
    assert many == 40


def test_what_the_palette_finds_is_opened(drive, demo):
    async def open_(app, pilot):
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert isinstance(app.screen, CommandPalette)
        await pilot.press(*"Node/serve-l40s-03")
        for _ in range(50):
            await pilot.pause(0.1)
            if app.screen.query_one("CommandList").option_count:
                break
        await pilot.press("down", "enter")
        await settled(app, pilot)
        return app.screen

    screen = drive(app_of(demo), then=open_)

    assert isinstance(screen, Reader)
    assert "serve-l40s-03" in screen.heading


def test_before_anything_is_read_the_palette_finds_nothing(drive, demo):
    app = app_of(demo)
    app.source = replace(app.source, looks=lambda _: iter(()))

    async def search(app, _):
        return await found(app, "node")

    assert drive(app, then=search) == []
