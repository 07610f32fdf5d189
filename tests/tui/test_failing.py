"""A worker that raises: a toast says so, and the app goes on."""

import re
from pathlib import Path

import pytest
from tui_driver import app_of, settled

import diag.tui
from diag.errors import SnapshotError
from diag.tui.actions import SCREENS
from diag.tui.causes import Causes
from diag.tui.logs import LogReader
from diag.tui.screens import MADE

# By the group of a worker: what of it is broken, and the keys that set it to work.
BROKEN = {
    "fit": ("diag.tui.fitting.would_fit", ["f"]),
    "open": ("diag.views.described.described", ["d"]),
    "export": ("diag.tui.exporting.export", ["E", "enter"]),
    "save": ("", ["S", "x", "enter"]),
    "compare": ("", ["D", "x", "enter"]),
    "search": ("diag.views.table.Searched.prepare", ["slash"]),
    "filter": ("diag.views.table.Searched.filtered", ["x"]),
    "sort": ("diag.tui.table.ordered", ["greater_than_sign"]),
    "look": ("", ["r"]),
    "ask": ("", ["7", "enter"]),
}
# Those whose work is not reached by a key: every screen, a log that is read, captures.
ELSEWHERE = {"tables", "count"}


def raising(name):
    def broken(*_, **__):
        raise ValueError(f"odd {name}")

    return broken


@pytest.fixture
def broken(demo):
    """An app whose source fails at everything but the first look, and what it told in passing."""
    app = app_of(
        demo, SnapshotError("odd look"),
        source={name: raising(group) for name, group in (("save", "save"), ("other", "compare"), ("converse", "ask"))},
    )  # fmt: skip
    told = []
    app.notify = lambda message, **_: told.append(message)
    return app, told


def test_every_group_of_workers_is_broken_here():
    files = Path(diag.tui.__file__).parent.glob("*.py")
    groups = {group for file in files for group in re.findall(r'@work\(.*group="(\w+)"', file.read_text())}

    assert groups == BROKEN.keys() | ELSEWHERE


def test_a_worker_that_fails_says_so_and_the_app_goes_on(drive, broken, monkeypatch):
    app, told = broken
    monkeypatch.setattr("diag.tui.table._FEW", 0)

    async def walk(app, pilot):
        silent = []
        for group, (target, keys) in BROKEN.items():
            with monkeypatch.context() as patched:
                if target:
                    patched.setattr(target, raising(group))
                if group == "search":  # it is made with a short list
                    app.lists.searched = app.lists.searching = None
                if group == "filter":
                    app.lists.searched = app.lists.searchable(app.seen, app.lists.tables[0])
                for key in keys:
                    await pilot.press(key)
                    await settled(app, pilot)
            if group != "search":
                await pilot.press("escape")
            if not any(f"odd {group}" in each for each in told):
                silent.append(group)
        await pilot.press("2")
        await settled(app, pilot)
        return silent, app.lists.id

    assert drive(app, then=walk) == ([], "gpus")


def test_a_screen_that_cannot_be_made_says_so_and_the_next_one_is_shown(drive, broken, monkeypatch):
    # What is asked is no list: its worker is among those above.
    app, told = broken

    async def walk(app, pilot):
        for name, kind in {"causes": Causes, **MADE}.items():
            with monkeypatch.context() as patched:
                patched.setattr(kind, "make", raising(name))
                await app.action_open_screen(name)
                app.lists.made_of = None
                app.lists.show(app.seen, app.cause)
                await settled(app, pilot)
        return app.lists.id

    assert drive(app, then=walk) == "coverage"
    assert {each.rpartition("odd ")[2] for each in told} == {name for name, _ in SCREENS.values()} - {"ask"}


def test_a_log_and_captures_that_fail_say_so(drive, broken):
    app, told = broken

    class Odd(str):
        __slots__ = ()
        casefold = raising("log")

    class Captures:
        times = raising("count")

    async def walk(app, pilot):
        app.count(Captures(), 0)
        await app.push_screen(LogReader("log", [Odd("a")], at=0, marks=app.marks))
        await pilot.press("slash", "a")
        await settled(app, pilot)
        await pilot.press("escape", "escape")
        return len(app.screen_stack)

    assert drive(app, then=walk) == 1
    assert {each.rpartition(": ")[2] for each in told} == {"odd log", "odd count"}
