"""The list of any length."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Sequence

import pytest
from textual.app import App
from textual.worker import WorkerFailed
from tui_driver import drawn, toasts

from diag.tui.table import VirtualTable
from diag.views.table import Column, Line, Table, ordered

COLUMNS = (Column(title="NAME", least=4), Column(title="GPUS", kind="count"))


def table(count):
    return Table(columns=COLUMNS, lines=[Line(key=f"k{at}", values=(f"n{at}", count - at)) for at in range(count)])


class Alone(App):
    def __init__(self):
        super().__init__()
        self.heard = []

    def compose(self):
        yield VirtualTable(id="t")

    def on_virtual_table_chosen(self, event):
        self.heard.append(("chosen", event.line and event.line.key))

    def on_virtual_table_opened(self, event):
        self.heard.append(("opened", event.line and event.line.key))


def run(shown, *keys, then=None, size=(40, 12)):
    app = Alone()

    async def driven():
        async with app.run_test(size=size) as pilot:
            widget = app.query_one(VirtualTable)
            widget.show(shown)
            widget.focus()
            await pilot.pause()
            for key in keys:
                await pilot.press(key)
            await pilot.pause()
            answer = then(widget, pilot) if then else None
            return await answer if asyncio.iscoroutine(answer) else answer

    return app, asyncio.run(driven())


@pytest.mark.parametrize(
    ("keys", "at"),
    [
        (("j",), 1),
        (("down", "down", "k"), 1),
        (("G",), 99),
        (("end", "g"), 0),
        (("pagedown",), 10),
        (("ctrl+d", "ctrl+u"), 0),
        (("up",), 0),
        (("G", "j"), 99),
        (("home",), 0),
    ],
)
def test_every_key_of_movement_moves(keys, at):
    assert run(table(100), *keys, then=lambda widget, _: widget.cursor)[1] == at


@pytest.mark.parametrize(
    ("keys", "heard"),
    [
        (("j", "j", "enter"), [("chosen", "k0"), ("chosen", "k1"), ("chosen", "k2"), ("opened", "k2")]),
        (("G", "space"), [("chosen", "k0"), ("chosen", "k9")]),
        (("tab", "shift+tab"), [("chosen", "k0")]),
    ],
)
def test_keys_that_come_before_the_lines_are_done_once_they_come(keys, heard):
    def come(widget, _):
        before = len(widget.lines)
        widget.show(table(10))
        return before

    app, before = run(Table(columns=(), lines=(), empty="Reading …"), *keys, then=come)

    assert before == 0
    assert [each for each in app.heard if each[1] is not None] == heard


@pytest.mark.parametrize("left", ["focus", "time"])
def test_keys_that_were_typed_long_ago_or_for_another_pane_are_not_done(monkeypatch, left):
    async def come(widget, pilot):
        if left == "focus":
            widget.app.set_focus(None)
            await pilot.pause()
        else:
            now = time.monotonic()
            monkeypatch.setattr("diag.tui.table.time.monotonic", lambda: now + 10)
        widget.show(table(10))
        return widget.cursor

    _, at = run(Table(columns=(), lines=(), empty="Reading …"), "j", "j", then=come)

    assert at == 0


def test_the_heading_stays_and_the_cursor_is_in_sight():
    def look(widget, _):
        return drawn(widget.app)

    lines = run(table(100), "G", then=look)[1]

    assert lines[0].split() == ["NAME", "GPUS"]
    assert "n99" in lines[-1]


def test_only_what_is_in_sight_is_looked_at():
    looked = []

    class Counted(Sequence):
        def __len__(self):
            return 1_000_000

        def __getitem__(self, at):
            if isinstance(at, slice):
                return [self[each] for each in range(*at.indices(len(self)))]
            looked.append(at)
            return Line(key=f"k{at}", values=(f"n{at}", at))

    _, cursor = run(Table(columns=COLUMNS, lines=Counted()), "G", "g", "ctrl+d", then=lambda widget, _: widget.cursor)

    assert cursor == 10
    assert len(set(looked)) < 100


def test_the_cursor_stays_on_the_same_thing_when_others_come():
    def show(widget, _):
        widget.show(Table(columns=COLUMNS, lines=[Line(key="new", values=("new", 1)), *table(10).lines]))
        return widget.current.key

    assert run(table(10), "j", "j", then=show)[1] == "k2"


def test_what_is_gone_leaves_the_cursor_at_its_place():
    def show(widget, _):
        widget.show(table(2))
        return widget.cursor

    assert run(table(10), "G", then=show)[1] == 1


def test_marks_are_toggled_and_taken_together():
    def chosen(widget, _):
        return [line.key for line in widget.chosen()]

    assert run(table(5), "space", "j", "space", then=chosen)[1] == ["k0", "k2"]
    assert run(table(5), "space", "k", "space", then=chosen)[1] == ["k1"]


def test_the_mark_of_the_sorting_never_takes_a_letter_of_a_narrow_title():
    columns = (Column(title="ID"), Column(title="GPUS", kind="count"), Column(title="CAUSE"))
    shown = Table(columns=columns, lines=[Line(key="k", values=("C1", 2, "a cause"))])

    def heading(widget, _):
        return " ".join(drawn(widget.app)[0].split())

    for column, marked in enumerate(("ID▲ GPUS CAUSE", "ID GPUS▲ CAUSE", "ID GPUS CAUSE▲")):
        assert run(shown, *["greater_than_sign"] * (2 * column + 1), then=heading)[1] == marked


def test_sorting_goes_through_the_columns_both_ways_and_back():
    def order(widget, _):
        return [line.key for line in widget.lines]

    shown = table(3)
    assert run(shown, "greater_than_sign", then=order)[1] == ["k0", "k1", "k2"]
    assert run(shown, *["greater_than_sign"] * 2, then=order)[1] == ["k2", "k1", "k0"]
    assert run(shown, *["greater_than_sign"] * 3, then=order)[1] == ["k2", "k1", "k0"]
    assert run(shown, *["greater_than_sign"] * 4, then=order)[1] == ["k0", "k1", "k2"]
    assert run(shown, *["greater_than_sign"] * 5, then=lambda widget, _: widget.sorted_by)[1] is None


def test_enter_opens_the_line():
    app, _ = run(table(3), "j", "enter")

    assert app.heard[-1] == ("opened", "k1")


def test_the_mouse_selects_opens_and_sorts():
    async def click(widget, pilot):
        await pilot.click(VirtualTable, offset=(3, 3))
        assert widget.cursor == 2
        await pilot.click(VirtualTable, offset=(3, 2), times=2)
        await pilot.pause()
        await pilot.click(VirtualTable, offset=(9, 0))
        await pilot.pause()
        return [line.key for line in widget.lines]

    app, order = run(table(3), then=click)

    assert ("opened", "k1") in app.heard
    assert order == ["k2", "k1", "k0"]


def test_a_click_below_the_last_line_does_nothing():
    async def click(widget, pilot):
        await pilot.click(VirtualTable, offset=(3, 10))
        return widget.cursor

    assert run(table(2), then=click)[1] == 0


def test_no_lines_say_why():
    lines = run(
        Table(columns=COLUMNS, lines=[], empty="Nothing here."), "j", "enter", "space", then=lambda w, _: drawn(w.app)
    )[1]

    assert lines[1].strip() == "Nothing here."


def test_what_a_cluster_says_moves_no_cursor():
    hostile = Table(columns=COLUMNS, lines=[Line(key="k", values=("a\x1b[2J\n[red]b", 1))])

    text = "".join(run(hostile, then=lambda w, _: drawn(w.app))[1])

    assert "\x1b" not in text
    assert "[red]" in text


def test_many_lines_are_sorted_in_a_thread_and_shown_as_they_were_until_then(monkeypatch):
    threads = []

    def watched(*given, **more):
        threads.append(threading.current_thread() is threading.main_thread())
        return ordered(*given, **more)

    monkeypatch.setattr("diag.tui.table.ordered", watched)

    async def sort(widget, pilot):
        widget.sort(1, backwards=False)
        before, heard = widget.lines[0].key, []
        widget.once_laid(lambda: heard.append(widget.lines[0].key))
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        return before, heard, widget.current.key, [line.key for line in widget.lines[:2]]

    many = run(table(6_000), "j", then=sort)[1]

    assert many == ("k0", ["k5999"], "k1", ["k5999", "k5998"])
    assert threads == [False]


def test_a_sort_that_fails_says_so_and_leaves_the_lines(monkeypatch):
    def broken(*_, **__):
        raise ValueError("no order")

    monkeypatch.setattr("diag.tui.table.ordered", broken)

    async def sort(widget, pilot):
        widget.sort(1, backwards=False)
        await pilot.pause()
        with contextlib.suppress(WorkerFailed):
            await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        return widget.lines[0].key, widget.is_sorting, toasts(pilot.app)

    assert run(table(6_000), then=sort)[1] == ("k0", False, ["no order"])
