"""A look that follows another one leaves everybody where they were."""

from dataclasses import replace

import msgspec
import pytest
from tui_driver import app_of, settled

from diag.tui.paragraphs import Paragraph, Paragraphs


def titles(app):
    return [str(table.border_title) for table in app.lists.lists if table.display]


def older(demo):
    """The same causes a while later: all that is said of them has changed."""
    report = demo.report
    findings = [msgspec.structs.replace(row, summary=f"{row.summary} (1 min later)") for row in report.findings]
    return replace(demo, report=msgspec.structs.replace(report, findings=findings))


@pytest.mark.parametrize("words", ["the same", "others"])
def test_the_tree_keeps_its_cursor_and_its_scrolling(drive, demo, words):
    async def look(app, pilot):
        await pilot.press("w", "g", "j", "j", "j")
        await settled(app, pilot)
        tree, proof = app.lists.pane, app.query_one("#evidence", Paragraphs)
        tree.scroll_to(y=2, animate=False, immediate=True)
        proof.scroll_to(y=proof.scroll_offset.y + 1, animate=False, immediate=True)
        before = tree.cursor, tree.scroll_offset.y, proof.scroll_offset.y, app.focused
        await pilot.press("r")
        await settled(app, pilot)
        assert app.lists.made_of[0] is not demo
        return before, (tree.cursor, tree.scroll_offset.y, proof.scroll_offset.y, app.focused), tree.current.text

    after = replace(demo) if words == "the same" else older(demo)
    before, now, text = drive(app_of(demo, after), then=look, size=(80, 24))

    assert before[:2] == (3, 2)
    assert now[:2] == before[:2]
    assert now[3] is before[3]
    if words == "the same":
        assert now[2] == before[2]
    assert text


def test_the_cursor_follows_a_text_that_others_came_before(drive, demo):
    async def look(app, pilot):
        pane = app.lists.pane
        pane.show([Paragraph(text=each) for each in "abc"], cursor=1, of="x")
        pane.show([Paragraph(text=each) for each in "zabc"], of="x")
        kept = pane.cursor
        pane.show([Paragraph(text=each) for each in "zabc"], of="y")
        return kept, pane.cursor

    assert drive(app_of(demo), then=look) == (2, 0)


def test_another_cause_begins_at_its_root(drive, demo):
    async def look(app, pilot):
        await pilot.press("w", "G")
        await settled(app, pilot)
        await pilot.press("escape", "j")
        await settled(app, pilot)
        pane = app.lists.pane
        return pane.current.tone, pane.cursor

    tone, _ = drive(app_of(demo), then=look)

    assert tone == "title"


def test_details_keep_their_scrolling(drive, demo):
    async def look(app, pilot):
        await pilot.press("2")
        await settled(app, pilot)
        pane = app.lists.pane
        pane.scroll_to(y=5, animate=False, immediate=True)
        await pilot.press("r")
        await settled(app, pilot)
        return pane.scroll_offset.y

    assert drive(app_of(demo, replace(demo)), then=look) == 5


@pytest.mark.parametrize("column", [0, 3])
@pytest.mark.parametrize("focus", ["column", "details"])
def test_a_narrowed_topology_stays_narrow_and_esc_widens_it(drive, demo, column, focus):
    async def look(app, pilot):
        await pilot.press("4")
        await settled(app, pilot)
        wide = titles(app)
        table = app.lists.lists[column]
        table.focus()
        table.go_to(2)
        await settled(app, pilot)
        if focus == "details":
            app.lists.pane.focus()
        narrow, key = titles(app), table.current.key
        await pilot.press("r")
        await settled(app, pilot)
        assert app.lists.made_of[0] is not demo
        seen = titles(app), table.current.key
        await pilot.press("escape")
        await settled(app, pilot)
        return wide, (narrow, key), seen, titles(app)

    wide, before, after, again = drive(app_of(demo, replace(demo)), then=look)

    assert before[0] != wide
    assert after == before
    assert again == wide


def test_a_topology_widens_when_what_narrowed_it_is_gone(drive, demo, small):
    async def look(app, pilot):
        await pilot.press("4", "j")
        await settled(app, pilot)
        await pilot.press("r")
        await settled(app, pilot)
        return [len([line for line in table.lines if line.state != "gone"]) for table in app.lists.lists[:4]]

    async def fresh(app, pilot):
        await pilot.press("4")
        await settled(app, pilot)
        return [len(table.lines) for table in app.lists.lists[:4]]

    assert drive(app_of(demo, small), then=look) == drive(app_of(small), then=fresh)
