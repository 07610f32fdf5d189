"""The screens that are more than lists: linked columns, lanes, whole logs, clusters."""

import pytest
from tui_driver import app_of, drawn, settled

from diag.tui.logs import LogReader
from diag.tui.marks import Marks
from diag.tui.table import VirtualTable


def titles(app):
    return [str(table.border_title) for table in app.lists.lists if table.display]


def test_moving_in_a_column_narrows_the_others_and_esc_widens_them(drive, demo):
    async def walk(app, pilot):
        await pilot.press("4")
        await settled(app, pilot)
        wide = titles(app)
        await pilot.press("j")
        await settled(app, pilot)
        narrow, nodes = titles(app), [line.values[0] for line in app.lists.lists[3].lines]
        await pilot.press("escape")
        await settled(app, pilot)
        return wide, narrow, nodes, titles(app)

    wide, narrow, nodes, again = drive(app_of(demo), then=walk)

    assert wide[0].startswith("Workloads 11")
    assert narrow[0] == wide[0]
    assert narrow[2] == "Pods 4"
    assert nodes == ["serve-l40s-02", "serve-l40s-01"]
    assert again == wide


def test_a_node_narrows_the_workloads(drive, demo):
    async def walk(app, pilot):
        await pilot.press("4")
        await settled(app, pilot)
        nodes = app.lists.lists[3]
        nodes.focus()
        nodes.go_to(next(at for at, line in enumerate(nodes.lines) if line.values[0] == "serve-l40s-03"))
        await settled(app, pilot)
        return [line.values[0] for line in app.lists.lists[0].lines], len(nodes.lines)

    workloads, nodes = drive(app_of(demo), then=walk)

    assert "Deployment/atlas-serve/atlas-chat-32b" in workloads
    assert len(workloads) < 11
    assert nodes > 1


def test_lanes_stand_on_one_scale_and_starts_are_bars(drive, demo):
    shown = "\n".join(drive(app_of(demo), "j", "j", "j", "5", then=lambda app, _: drawn(app)))

    assert "now" in shown
    assert "▲░" in shown
    assert "longest mostly: init" in shown
    assert "▒ init 31m" in shown


def test_each_cluster_is_a_line(drive, demo):
    def shown(app, _):
        (line,) = app.lists.lists[0].lines
        return line.values[:5], line.causes

    values, causes = drive(app_of(demo), "8", then=shown)

    assert values == ("demo", 18, 112, 62, 36)
    assert causes == tuple(cause.id for cause in demo.report.causes)


@pytest.fixture
def reading():
    """A log of 1,000 lines, one of which holds a secret, opened at the 500th."""
    lines = [f"step {at}" for at in range(1000)]
    lines[700] = "password=hunter2hunter2"
    return LogReader("log", lines, at=499, marks=Marks())


def test_a_whole_log_opens_at_its_line_filters_and_comes_back_to_the_neighbours(drive, demo, reading):
    async def read(app, pilot):
        await app.push_screen(reading)
        await settled(app, pilot)
        table = reading.query_one(VirtualTable)
        first = table.current.values
        await pilot.press("slash", *"STEP 77")
        await settled(app, pilot)
        kept = [line.values[1] for line in table.lines]
        await pilot.press("enter", "j", "enter")
        await settled(app, pilot)
        return first, kept, len(table.lines), table.current.values

    first, kept, every, at = drive(app_of(demo), then=read)

    assert first == (500, "step 499")
    assert kept == ["step 77", *(f"step 77{each}" for each in range(10))]
    assert every == 1000
    assert at == (771, "step 770")


def test_a_whole_log_masks_secrets_and_closes_with_esc(drive, demo, reading):
    async def read(app, pilot):
        await app.push_screen(reading)
        await settled(app, pilot)
        secret = reading.query_one(VirtualTable).lines[700].values[1]
        await pilot.press("slash", *"nothing", "escape")
        await settled(app, pilot)
        still = app.screen is reading
        await pilot.press("escape")
        await settled(app, pilot)
        return secret, still, app.screen is reading

    secret, still, open_ = drive(app_of(demo), then=read)

    assert "hunter2" not in secret
    assert still
    assert not open_


def test_a_line_of_a_log_opens_the_whole_log(drive, demo):
    async def read(app, pilot):
        for cause in app.seen.report.causes:
            app.choose_cause(cause.id)
            await app.action_open_screen("logs")
            await settled(app, pilot)
            table, logged = app.lists.lists[0], app.lists.logged
            at = next((at for at, line in enumerate(table.lines) if line.key in logged), None)
            if at is not None:
                table.go_to(at)
                wanted = logged[table.current.key]
                await pilot.press("enter")
                await settled(app, pilot)
                return app.screen, wanted
        return None, None

    screen, wanted = drive(app_of(demo), then=read)

    assert isinstance(screen, LogReader)
    assert screen.at == wanted.number - 1
    assert wanted.container in screen.heading
