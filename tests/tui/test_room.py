"""Panes in little room, and what is drawn for nothing."""

import pytest
from tui_driver import app_of, drawn, settled

from diag.tui.paragraphs import Paragraphs

SMALL = (60, 15)


@pytest.fixture
def wrapped(monkeypatch):
    """The panes whose texts were wrapped, and for how many cells."""
    done = []
    wrap = Paragraphs._lay_out  # noqa: SLF001  # how often it is done is the point

    def counted(self):
        wrap(self)
        if self.paragraphs:
            done.append((self.id, self.cells))

    monkeypatch.setattr(Paragraphs, "_lay_out", counted)
    return done


@pytest.mark.parametrize(("key", "pane"), [("2", "gpus-told"), ("9", "coverage-told"), ("y", "read"), ("x", "read")])
def test_a_text_that_is_opened_is_wrapped_once(drive, demo, wrapped, key, pane):
    async def look(app, pilot):
        wrapped.clear()
        await pilot.press(key)
        await settled(app, pilot)
        return list(wrapped)

    found = drive(app_of(demo), then=look)

    assert [name for name, _ in found] == [pane]
    assert found[0][1] > 0


def test_a_screen_that_is_shown_again_is_not_wrapped_again_but_at_another_width(drive, demo, wrapped):
    async def look(app, pilot):
        await pilot.press("2")
        await settled(app, pilot)
        wrapped.clear()
        await pilot.press("1")
        await settled(app, pilot)
        again = list(wrapped)
        await pilot.resize_terminal(140, 40)
        await settled(app, pilot)
        return again, {name for name, _ in wrapped}, drawn(app)

    again, wider, lines = drive(app_of(demo), then=look)

    assert again == []
    assert wider == {"why", "evidence", "next"}
    assert any("◆" in line for line in lines)


@pytest.mark.parametrize("key", "2345689")
def test_what_is_in_sight_stays_where_it_is_while_another_screen_is_opened(drive, demo, key):
    async def look(app, pilot):
        panes = [app.query_one(name) for name in ("#why", "#evidence", "#next")]
        heights = []
        for pane in panes:
            was = pane.on_resize
            pane.on_resize = lambda event, pane=pane, was=was: (heights.append(pane.size.height), was(event))
        await pilot.press("j")
        await settled(app, pilot)
        before = [pane.scroll_offset.y for pane in panes]
        await pilot.press(key, "1")
        await settled(app, pilot)
        return before, [pane.scroll_offset.y for pane in panes], heights, panes[0].size.height

    before, after, heights, height = drive(app_of(demo), then=look, size=(80, 24))

    assert after == before
    assert min(heights, default=height) >= height - 1  # never squeezed by the other screen


@pytest.mark.parametrize(("key", "lines"), [("1", 3), ("2", 3), ("3", 2), ("6", 5)])
def test_in_the_least_room_the_list_that_is_walked_in_shows_several_lines(drive, demo, key, lines):
    async def look(app, pilot):
        await pilot.press(key)
        await settled(app, pilot)
        return app.lists.lists[0].size.height - 1

    assert drive(app_of(demo), then=look, size=SMALL) >= lines


def test_in_the_least_room_the_pane_with_the_focus_has_most_of_it(drive, demo):
    async def look(app, pilot):
        heights = {}
        for _ in range(3):
            heights[app.focused.id] = {pane.id: pane.outer_size.height for pane in app.lists.query("DrawnLines")}
            await pilot.press("tab")
            await pilot.pause()
        return heights

    heights = drive(app_of(demo), then=look, size=SMALL)

    assert set(heights) == {"causes-list-0", "why", "evidence"}
    for focused, of in heights.items():
        assert of[focused] == max(of.values())
        assert all(height >= 3 for name, height in of.items() if name != "next")
