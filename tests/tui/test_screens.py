"""Screens as pictures, of a report that no change of a rule touches. `pytest --snapshot-update` stores new ones."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from tui_driver import Svg, app_of, settled, shot

from diag.catalog.registry import RuleInfo
from diag.document import Report
from diag.tui.source import Seen

PINNED = Path(__file__).parent / "pinned" / "report.json"
SIZES = [(80, 24), (120, 36), (200, 60)]


@pytest.fixture
def pinned(demo, monkeypatch):
    """The built-in example with the report that was stored, and a catalogue of two rules."""
    rules = [
        RuleInfo(
            id=name, name=f"name-of-{name.lower()}", role="cause", family=name[:3], severity="error", question="placed",
            basis="counted", inputs=(), since="", status="", summary="What it finds.", doc="", source_file="",
        )
        for name in ("QUO501", "APP001")
    ]  # fmt: skip
    monkeypatch.setattr("diag.catalog.registry.infos", lambda _: rules)
    report = msgspec.json.decode(PINNED.read_bytes(), type=Report)
    return Seen(report=report, troubles=demo.troubles)


def test_every_screen_at_three_sizes(drive, snapshot, pinned):
    async def walk(app, pilot):
        taken = {}
        for key in "123456789":
            await pilot.press(key)
            await settled(app, pilot)
            taken[f"{key}-{app.size.width}x{app.size.height}"] = shot(app)
            if key == "7":  # else the next key is a part of the question
                await pilot.press("escape")
        return taken

    taken = {}
    for size in SIZES:
        taken |= drive(app_of(pinned, name="demo"), then=walk, size=size)

    assert len(taken) == 9 * len(SIZES)
    assert [name for name, one in taken.items() if one != snapshot(name=name, extension_class=Svg)] == []


@pytest.fixture
def before(pinned):
    """The same cluster an hour before: the worst cause was not there, and another one was."""
    report = pinned.report
    first, second, *rest = report.causes
    other = msgspec.structs.replace(
        second, id="C9", rule="PVC102", name="claim-never-bound", fingerprint="f" * 12,
        summary="PersistentVolumeClaim ml/weights is not bound",
        root=msgspec.structs.replace(first.root, name="weights"),
    )  # fmt: skip
    return replace(pinned, report=msgspec.structs.replace(report, causes=[second, other, *rest]))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_rows_that_came_and_went(screen, pinned, before, size):
    assert screen(app_of(before, pinned, name="demo"), "r", size=size)


def test_rows_that_came_and_went_without_colours(screen, pinned, before, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    assert screen(app_of(before, pinned, name="demo"), "r")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_what_changed(screen, pinned, before, size):
    assert screen(app_of(before, pinned, name="demo"), "r", "D", size=size)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_cluster_that_does_not_answer(screen, pinned, monkeypatch, size):
    monkeypatch.setattr("diag.tui.header.short_duration", lambda _: "3m")  # the age is of the clock that runs on
    lost = replace(pinned, lost="prod-eu does not answer (Connection refused)")

    assert screen(app_of(pinned, lost, name="prod-eu", source={"lives": True}), "r", size=size)


@pytest.mark.parametrize("theme", ["textual-light", "safe-dark", "safe-light"])
def test_the_main_screen_in_other_colours(screen, pinned, theme):
    app = app_of(pinned, name="demo")
    app.theme = theme

    assert screen(app)


def test_the_main_screen_without_colours(screen, pinned, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    assert screen(app_of(pinned, name="demo"))


def test_the_main_screen_in_ascii(screen, pinned):
    assert screen(app_of(pinned, name="demo", ascii=True))


def test_a_cause_in_words(screen, pinned):
    assert screen(app_of(pinned, name="demo"), "x")
