"""What people, terminals and files do to the TUI that is not nice: it goes on, and shows what it should."""

import json
import os
import threading
from dataclasses import replace
from itertools import chain
from types import SimpleNamespace

import pytest
from cluster_objects import node, waiting
from tui_driver import app_of, drawn, settled, toasts

from diag import api
from diag.errors import DiagError
from diag.report.sanitize import cleaned
from diag.tui import exporting
from diag.tui.actions import SCREENS
from diag.tui.copying import copied
from diag.tui.kept import Kept, Memory
from diag.tui.logs import LogLines
from diag.tui.paragraphs import Paragraph
from diag.tui.source import Seen
from diag.views.cause_table import causes_table
from diag.views.table import Searched

EVIL = "w\x1b[31m\x07\nevil[bold]x[/]"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A pod whose name has what terminals, and what Textual, take for instructions."""
    one = waiting("w", gpus=16)
    one["metadata"]["name"] = EVIL
    path = tmp_path_factory.mktemp("hostile") / "cluster.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [node("a"), one]}))
    found = api.examine([path], now="2026-11-26T10:00:00Z")
    return Seen(report=cleaned(found.report), troubles=found.troubles)


def titles(app):
    """The titles of all borders, as Textual was given them."""
    return [str(each.border_title) for each in app.screen.query("*") if each.border_title]


def test_names_that_look_like_instructions_are_drawn_as_they_are(drive, hostile):
    async def walk(app, pilot):
        found = []
        for keys in (["y"], ["escape", "d"], ["escape", "e"], ["escape", "x"], ["escape", "s"], ["escape", "ctrl+o"]):
            await pilot.press(*keys)
            await settled(app, pilot)
            found += [*titles(app), *toasts(app)]
        await pilot.press("escape", "ctrl+p", *"evil")
        await pilot.pause(0.5)  # what the palette found comes by a clock
        return found, "\n".join(drawn(app))

    found, palette = drive(app_of(hostile), then=walk, size=(160, 48))

    assert any("evil" in each for each in found)
    assert [each for each in found if not each.isprintable()] == []
    assert "evil[bold]x[/]" in palette


@pytest.mark.parametrize("key", SCREENS)
def test_no_screen_goes_on_reading_what_could_not_be_read(drive, key):
    app = app_of(DiagError("there is no such file"))

    shown = drive(app, key, then=lambda app, _: drawn(app), size=(120, 48))

    assert any("Nothing was read." in each for each in shown)
    assert not any("Reading" in each for each in shown)


def test_ascii_is_all_that_is_drawn_for_a_font_without_more(drive, demo):
    app = app_of(demo, ascii=True)

    async def walk(app, pilot):
        wrong = []
        dialogs = (["y"], ["q", "C"], ["ctrl+o"], ["s"], ["colon"], ["question_mark"])
        for keys in chain(([key] for key in "1234568971"), dialogs):
            await pilot.press("escape", *keys)
            await settled(app, pilot)
            app.complain(DiagError("a toast"))
            await pilot.pause()
            wrong += [(keys, each) for each in drawn(app) if not each.isascii()]
        return wrong

    assert drive(app, then=walk, size=(100, 32)) == []


@pytest.mark.parametrize("is_ascii", [False, True])
def test_a_title_that_is_cut_keeps_its_count(drive, demo, is_ascii):
    async def walk(app, pilot):
        before = str(app.lists.lists[0].border_title)
        await pilot.resize_terminal(60, 20)
        await settled(app, pilot)
        narrow = str(app.lists.lists[0].border_title)
        await pilot.resize_terminal(120, 36)
        await settled(app, pilot)
        return before, narrow, str(app.lists.lists[0].border_title)

    app = app_of(demo, ascii=is_ascii, screen="logs")
    before, narrow, again = drive(app, then=walk)

    assert "gang-does-not-fit" in before
    assert before.split()[-1].isdigit()
    assert narrow.split()[-1] == before.split()[-1]
    assert again == before


@pytest.mark.parametrize("name", ["timeline", "logs", "ask"])
def test_a_screen_of_a_cause_that_is_opened_first_is_of_the_worst(drive, demo, name):
    shown = drive(app_of(demo, screen=name), then=lambda app, _: titles(app))

    assert any(demo.report.causes[0].name in each for each in shown)


@pytest.mark.parametrize("column", [-9, 99])
def test_a_sorting_that_cannot_be_is_not_kept(drive, demo, tmp_path, column):
    memory = Memory("demo", tmp_path)
    memory.save(Kept(screen="gpus", sorted={"gpus": (column, True)}), Kept())

    def state(app, _):
        return app.lists.lists[0].sorted_by, len(app.lists.lists[0].lines) > 0

    assert drive(app_of(demo, memory=memory), then=state) == (None, True)


def test_a_line_of_a_log_is_found_without_making_the_others():
    lines = LogLines([f"line {at}" for at in range(9)], [2, 4, 7])

    assert [lines.place(key) for key in ("2", "7", "3", "8", "x")] == [0, 2, None, None, None]


@pytest.mark.parametrize(
    ("key", "typed"),
    [("E", "json=~nobody-of-this-name/x"), ("E", "json=/dev/null/x"), ("E", "pdf=x"), ("S", "~nobody-of-this-name/x")],
)
def test_a_place_where_nothing_can_be_written_is_told(drive, demo, key, typed):
    async def walk(app, pilot):
        await pilot.press(key)
        await settled(app, pilot)
        app.screen.query_one("Input").value = typed
        await pilot.press("enter")
        await settled(app, pilot)
        return toasts(app), len(app.screen_stack)

    told, screens = drive(app_of(demo, source={"save": lambda path, _: f"Wrote {path}."}), then=walk)

    assert screens == 1
    assert len(told) == 1
    assert typed.partition("=")[2 if key == "E" and "json" in typed else 0] in told[0]


def test_a_report_is_written_while_keys_are_taken(drive, demo, monkeypatch, tmp_path):
    threads = []
    monkeypatch.setattr(exporting, "scan_bytes", lambda *_: threads.append(threading.current_thread()) or b"all")

    async def walk(app, pilot):
        await pilot.press("E", *str(tmp_path / "x"), "enter")
        await settled(app, pilot)
        return toasts(app)

    assert drive(app_of(demo), then=walk) == [f"Wrote {tmp_path / 'x'}."]
    assert threads[0] is not threading.main_thread()


def test_a_pipe_is_written_to_and_stays_one(demo, monkeypatch, tmp_path):
    monkeypatch.setattr(exporting, "scan_bytes", lambda *_: b"all")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        exporting.export(demo.report, f"json={pipe}")
        assert pipe.is_fifo()
        assert os.read(reader, 9) == b"all"
    finally:
        os.close(reader)


def test_a_copied_command_asks_the_cluster_that_was_named(demo):
    snaps = [replace(each, kubectl="kubectl --context prod") for each in demo.snapshots]
    named = Seen(report=demo.report, troubles=[SimpleNamespace(snap=each) for each in snaps])
    line = causes_table(demo.report).lines[0]

    assert copied("command", named, [line], None).startswith("kubectl --context prod get ")
    assert copied("command", demo, [line], None).startswith("kubectl get ")


def test_a_line_that_is_cut_says_so(drive, demo):
    async def walk(app, pilot):
        await pilot.press("y")
        await settled(app, pilot)
        app.screen.query_one("#read").show([Paragraph(text="x" * 200 + "end", whole=True)])
        await pilot.pause()
        return "\n".join(drawn(app))

    assert "xxx…" in drive(app_of(demo), then=walk)


def test_a_list_is_not_drawn_for_a_filter_that_is_not_ready(drive, demo):
    async def walk(app, pilot):
        screen, shows = app.lists, []
        await pilot.press("slash")
        screen.searched, screen.searching = None, screen.tables  # as while it is made
        screen.lists[0].show = lambda *_: shows.append(1)
        await pilot.press(*"gang")
        await pilot.pause()
        before = len(shows)
        screen.searching = None
        screen.make_searchable()
        await settled(app, pilot)
        return before, len(shows), str(screen.lists[0].border_subtitle)

    assert drive(app_of(demo), then=walk) == (0, 1, "/ gang")


def test_what_is_typed_is_filtered_in_a_thread(drive, demo, monkeypatch):
    filtered, threads = Searched.filtered, []

    def watched(self, *given, **more):
        threads.append(threading.current_thread() is threading.main_thread())
        return filtered(self, *given, **more)

    monkeypatch.setattr(Searched, "filtered", watched)

    shown = drive(app_of(demo), "slash", *"rule", "colon", "x", then=lambda app, _: app.lists.lists[0].lines)

    assert list(shown) == []
    assert threads
    assert not any(threads)
