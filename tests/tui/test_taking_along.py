"""What is copied and exported, and how that is said."""

import json

import pytest
from textual.widgets import Input
from tui_driver import app_of, settled, toasts

from diag.tui.dialogs import Prompt


@pytest.fixture
def copied(monkeypatch):
    """What would have gone to the clipboard."""
    taken = []

    def take(text, _write):
        taken.append(text)
        return "by hand"

    monkeypatch.setattr("diag.tui.app.copy", take)
    return taken


def test_the_line_is_copied_and_marked_lines_together(drive, demo, copied):
    drive(app_of(demo), "c")
    drive(app_of(demo), "space", "space", "c")

    assert copied[0].count("\n") == 0
    assert "QUO501" in copied[0]
    assert copied[1].count("\n") == 1


@pytest.mark.parametrize(
    ("letter", "words"),
    [
        ("a", "PodGroup/orca-pretrain/orca-moe-stage2"),
        ("b", "kubectl get podgroup.scheduling.x-k8s.io orca-moe-stage2 -n orca-pretrain -o yaml"),
        ("c", "diag explain --from dump.json e31d96a3"),
        ("d", "kind: PodGroup"),
        ("e", "**QUO501 gang-does-not-fit**"),
        ("f", '"rule": "QUO501"'),
    ],
)
def test_what_is_selected_is_copied_in_a_form(drive, demo, copied, letter, words):
    async def choose(app, pilot):
        await pilot.press("C")
        await pilot.pause()
        await pilot.press(letter)
        await settled(app, pilot)

    drive(app_of(demo), then=choose)

    assert words in copied[0]


def test_a_command_among_the_remedies_is_copied_never_run(drive, demo, copied):
    async def choose(app, pilot):
        app.query_one("#next").focus()
        await pilot.press("j", "j", "enter")  # past the heading and the step
        await pilot.pause()

    drive(app_of(demo), then=choose)

    assert copied == ["kubectl describe podgroup.scheduling.x-k8s.io orca-moe-stage2 -n orca-pretrain"]


def test_the_report_is_exported_in_any_format(drive, demo, tmp_path):
    async def write(app, pilot):
        await pilot.press("E")
        await pilot.pause()
        assert isinstance(app.screen, Prompt)
        app.screen.query_one(Input).value = f"json={tmp_path}/out/report.json"
        await pilot.press("enter")
        await settled(app, pilot)

    drive(app_of(demo), then=write)

    assert json.loads((tmp_path / "out" / "report.json").read_text())["schema"] == "diag.report/v1"


def test_an_export_that_cannot_be_written_says_so(drive, demo):
    async def write(app, pilot):
        await pilot.press("E")
        await pilot.pause()
        app.screen.query_one(Input).value = "nonsense"
        await pilot.press("enter")
        await settled(app, pilot)
        return toasts(app)

    assert any("FORMAT=PATH" in note for note in drive(app_of(demo), then=write))
