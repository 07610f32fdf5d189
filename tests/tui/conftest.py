"""The app on small looks, without a terminal."""

import asyncio
import json
from importlib import resources

import pytest
from cluster_objects import node, pod, waiting
from tui_driver import Svg, settled, shot

from diag import api
from diag.report.sanitize import cleaned
from diag.tui.source import Seen

NOW = "2026-11-26T10:00:00Z"


def seen(examination, hidden=""):
    return Seen(report=cleaned(examination.report), troubles=examination.troubles, hidden=hidden)


@pytest.fixture(scope="session")
def demo():
    """The built-in example."""
    files = sorted(str(each) for each in resources.files("diag.demo").iterdir() if each.name.endswith(".gz"))
    return seen(api.examine([f"demo={each}" for each in files]))


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A cluster with one node and one pod that waits for more than it has."""
    path = tmp_path_factory.mktemp("small") / "cluster.json"
    items = [node("a"), pod("p", "a", gpus=8), waiting("w", gpus=16)]
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return seen(api.examine([path], now=NOW))


@pytest.fixture(scope="session")
def quiet(tmp_path_factory):
    """A cluster in which nothing is wrong and nothing has GPUs."""
    path = tmp_path_factory.mktemp("quiet") / "cluster.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [node("a", gpus=0)]}))
    return seen(api.examine([path], now=NOW))


@pytest.fixture
def drive():
    """Runs an app: presses keys, then asks `then(app, pilot)`; returns its answer."""

    def driven(app, *keys, then=None, size=(120, 36)):
        async def run():
            async with app.run_test(size=size) as pilot:
                await settled(app, pilot)
                for key in keys:
                    await pilot.press(key)
                    await settled(app, pilot)
                answer = then(app, pilot) if then else None
                return await answer if asyncio.iscoroutine(answer) else answer

        return asyncio.run(run())

    return driven


@pytest.fixture
def screen(snapshot, drive):
    """Compares the screen after some keys with the stored SVG."""

    def check(app, *keys, size=(120, 36)):
        return drive(app, *keys, then=lambda app, _: shot(app), size=size) == snapshot(extension_class=Svg)

    return check
