"""What could not be renewed stays, and says how old it is; a reading can be ended."""

import asyncio
import json
import queue
import threading
from dataclasses import replace

import pytest
from cluster_objects import node, waiting
from tui_driver import app_of, settled

from diag import api
from diag.tui.dialogs import Reader
from diag.tui.header import Header, header_text
from diag.tui.source import Seen, Source

WHY = "gpu does not answer (Connection refused)"


def header(app):
    return str(app.query_one(Header).content)


def rows(app):
    return len([line for line in app.lists.lists[0].lines if line.state != "gone"])


@pytest.fixture
def scripted():
    """An app whose source yields what is put into a queue."""
    script = queue.SimpleQueue()

    def looks(_):
        while (one := script.get(timeout=30)) is not None:
            yield one

    source = Source(name="prod", again="", looks=looks, stop=lambda: script.put(None), lives=True)
    app = app_of(None)
    app.source = source
    return app, script


async def came(app, pilot, script, look):
    script.put(look)
    while app.seen is not look:
        await pilot.pause(0.01)
    await pilot.pause()


def run(scripted, first, then):
    app, script = scripted

    async def started():
        async with app.run_test(size=(120, 36)) as pilot:
            try:
                while app.seen is None or not app.lists.lists[0].lines:
                    await pilot.pause(0.01)
                return await then(app, pilot, script)
            finally:
                script.put(None)

    script.put(first)
    return asyncio.run(started())


def test_a_cluster_that_falls_silent_keeps_its_rows_and_grows_old_until_it_answers(demo, scripted):
    async def watch(app, pilot, script):
        seen = [(header(app), rows(app))]
        await came(app, pilot, script, replace(demo, lost=WHY))
        app.came_at -= 185
        app.draw_age()
        seen.append((header(app), rows(app)))
        await came(app, pilot, script, replace(demo, lost=WHY))
        seen.append((header(app), rows(app)))
        await came(app, pilot, script, replace(demo))
        seen.append((header(app), rows(app)))
        return seen

    before, silent, still, again = run(scripted, demo, watch)

    assert "live, " in before[0]
    assert f"stale 3m: {WHY}" in silent[0]
    assert "live" not in silent[0]
    assert f"stale 3m: {WHY}" in still[0]
    assert again == before
    assert {each[1] for each in (before, silent, still)} == {len(demo.report.causes)}


@pytest.mark.parametrize("way", ["keys", "mouse"])
def test_enter_on_the_header_tells_what_is_wrong(demo, scripted, way):
    async def read(app, pilot, script):
        calm = [widget.id for widget in app.screen.focus_chain]
        await came(app, pilot, script, replace(demo, lost=WHY))
        if way == "keys":
            await pilot.press("shift+tab", "enter")
        else:
            await pilot.click(Header)
        await pilot.pause()
        assert isinstance(app.screen, Reader)
        told = app.screen.text()
        await pilot.press("escape")
        await came(app, pilot, script, replace(demo))
        await pilot.pause()
        return calm, told, app.focused

    calm, told, focused = run(scripted, demo, read)

    assert "header" not in calm
    assert WHY in told
    assert "Nothing of it is lost" in told
    assert focused is not None
    assert focused.id != "header"


@pytest.fixture
def held(demo, small):
    """An app whose second look waits until it is stopped, then gives another report."""
    stopped, looks = threading.Event(), [0]

    def look(say):
        looks[0] += 1
        if looks[0] > 1:
            say("listing pods 8/23 kinds")
            assert stopped.wait(30)
        yield demo if looks[0] == 1 else small

    app = app_of(demo)
    app.source = Source(name="prod", again="", looks=look, stop=lambda: looks[0] > 1 and stopped.set())
    return app


def test_esc_ends_a_reading_and_what_was_shown_stays(drive, demo, held):
    async def end(app, pilot):
        await pilot.press("r")
        while "8/23" not in header(app):
            await pilot.pause(0.01)
        during = header(app)
        await pilot.press("escape")
        await settled(app, pilot)
        return during, header(app), app.seen is demo, rows(app)

    during, after, same, count = drive(held, then=end)

    assert "listing pods 8/23 kinds" in during
    assert "stale" in after
    assert "the reading was ended, r reads again" in after
    assert same
    assert count == len(demo.report.causes)


def test_esc_with_nothing_to_end_says_nothing(drive, demo):
    assert "stale" not in drive(app_of(demo), "escape", then=lambda app, _: header(app))


@pytest.mark.parametrize("cells", [200, 118, 100, 78, 62])
def test_the_header_tells_the_age_in_whatever_room_there_is(demo, cells):
    told = header_text("prod-eu", demo, "", "", is_live=True, cells=cells)

    assert len(told) <= cells
    assert "…" not in told
    assert demo.report.target.clusters[0].now[11:16] in told


@pytest.mark.parametrize(
    ("items", "said"), [([waiting("w", gpus=16)], "? GPU: ? busy ? idle"), ([node("a")], "8 GPU: ? busy ? idle")]
)
def test_gpus_of_nodes_that_were_not_read_are_unknown(tmp_path, items, said):
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    found = api.examine([path])

    assert said in header_text("prod-eu", Seen(report=found.report, troubles=found.troubles), "", "", cells=0)


def test_a_file_that_is_cut_off_while_it_is_shown_takes_nothing_away(drive, tmp_path):
    path = tmp_path / "cluster.json"
    whole = "".join(json.dumps(one) + "\n" for one in [node("a"), node("b"), waiting("w", gpus=16)])
    path.write_text(whole)

    def look(_):
        found = api.examine([path])
        yield Seen(report=found.report, troubles=found.troubles)

    app = app_of(None)
    app.source = replace(app.source, looks=look)

    async def cut_and_mend(app, pilot):
        first = rows(app)
        path.write_text(whole[: whole.index("\n") + 80])
        await pilot.press("r")
        await settled(app, pilot)
        kept, said = rows(app), header(app)
        path.write_text(whole)
        await pilot.press("r")
        await settled(app, pilot)
        return first, kept, said, rows(app), header(app)

    first, kept, said, again, mended = drive(app, then=cut_and_mend)

    assert first == kept == again == 1
    assert "it could not be read again: no pods" in said
    assert "stale" in said
    assert "stale" not in mended


@pytest.mark.parametrize("cells", [58, 78, 118])
def test_a_long_path_leaves_room_for_what_is_shown(demo, cells):
    told = header_text("/srv/of-last-week/captures/prod-eu-west-3/objects.json.gz", demo, "", "", cells=cells)

    assert len(told) <= cells
    assert "62/112 GPU" in told or "112 GPU: 62 busy" in told
    assert demo.report.target.clusters[0].now[11:16] in told


def test_a_long_reason_is_cut_at_the_end_of_the_line(demo):
    told = header_text("prod-eu", demo, "", "x" * 500, age_s=200, cells=118)

    assert "stale 3m: xxx" in told
    assert len(told) <= 118
