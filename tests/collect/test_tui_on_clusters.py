"""The TUI on clusters that run: every screen takes what changes, and the cursor stays."""

import asyncio

import pytest
from cluster_objects import node, pod, waiting

from diag.cli.feeding import source_for
from diag.cli.flags import Flags
from diag.config import Config
from diag.tui.actions import SCREENS
from diag.tui.app import DiagApp

_PATIENCE = 300  # tenths of a second


@pytest.fixture(autouse=True)
def eager(monkeypatch):
    """Diagnoses what changed at once: how long it is gathered is not what these tests are about."""
    monkeypatch.setattr("diag.collect.watching.BATCH_S", 0.1)


def made(item):
    """An object as a server has it."""
    return {**item, "metadata": {"creationTimestamp": "2026-11-26T09:00:00Z", "uid": item["metadata"]["name"],
                                 **item["metadata"]}}  # fmt: skip


ITEMS = [made(node("a")), made(pod("p", "a", gpus=8)), made(waiting("w", gpus=16))]


def app_on(server):
    flags = Flags(kubeconfig=server.config, config=Config(), origins={}, again="")
    return DiagApp(source_for(flags, "test", {}, None))


async def until(holds):
    for _ in range(_PATIENCE):
        if holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it did not come")


def on(server, then):
    async def run():
        app = app_on(server)
        async with app.run_test(size=(120, 36)) as pilot:
            try:
                await until(lambda: app.seen is not None)
                await pilot.pause()
                return await then(app, pilot)
            finally:
                app.source.stop()

    return asyncio.run(run())


@pytest.mark.parametrize("name", [name for name, _ in SCREENS.values()])
def test_each_screen_takes_what_changes_and_the_cursor_stays(serve, name):
    server = serve(ITEMS)

    async def watch(app, pilot):
        await until(lambda: app.cause)
        chosen = app.chosen.fingerprint
        await app.action_open_screen(name)
        await until(lambda: app.lists.made_of is not None and app.lists.made_of[0] is app.seen)
        await pilot.pause()
        table = app.lists.lists[0]
        at = table.current.key if table.current else None
        server.store.put(made(waiting("v", gpus=32)))
        await until(lambda: any(cause.root.name == "v" for cause in app.seen.report.causes))
        await until(lambda: app.lists.made_of[0] is app.seen)
        await pilot.pause(0.3)
        assert app.chosen.fingerprint == chosen
        assert app.seen.cause(app.cause).fingerprint == chosen
        return at, table.current.key if table.current else None

    before, after = on(server, watch)

    assert before == after


def test_a_row_that_goes_away_stays_struck_through_and_a_new_one_is_marked(serve):
    server = serve(ITEMS)

    async def watch(app, pilot):
        table = app.lists.lists[0]
        await until(lambda: len(table.lines) == 1)
        server.store.put(made(waiting("v", gpus=32)))
        await until(lambda: any(line.state == "new" for line in table.lines))
        server.store.remove(ITEMS[2])
        await until(lambda: any(line.state == "gone" for line in table.lines))
        await pilot.pause()
        return {line.ref.name: line.state for line in table.lines}, str(table.border_title)

    states, title = on(server, watch)

    assert states == {"v": "new", "w": "gone"}
    assert title.endswith(" 1 · 1 new · 1 gone")


def test_a_cluster_that_goes_away_leaves_what_was_read_and_is_called_stale(serve):
    server = serve(ITEMS)

    async def watch(app, pilot):
        table = app.lists.lists[0]
        await until(lambda: len(table.lines) == 1)
        before = str(app.query_one("#header").content)
        server.__exit__()
        await until(lambda: "stale" in str(app.query_one("#header").content))
        await pilot.pause(0.3)
        return before, str(app.query_one("#header").content), [line.state for line in table.lines]

    before, header, states = on(server, watch)

    assert "live, " in before
    assert "gpu does not answer" in header
    assert "object at" not in header
    assert "'" not in header
    assert states == [""]
