"""From capture to capture, and what changed between two."""

import json

import pytest
from cluster_objects import node, pod, waiting
from tui_driver import drawn, settled, toasts

from diag.cli import captures as stored
from diag.cli.feeding import source_for
from diag.cli.flags import Flags
from diag.config import Config
from diag.tui.app import DiagApp
from diag.tui.dialogs import Prompt, Reader

KUBE_SYSTEM = {
    "apiVersion": "v1", "kind": "Namespace",
    "metadata": {"name": "kube-system", "uid": "u-1", "creationTimestamp": "2026-11-20T00:00:00Z"},
}  # fmt: skip
KINDS = ("Namespace", "Node", "Pod", "ConfigMap")
CALM = [node("a"), pod("p", "a", gpus=8)]
NOTE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "ml"}, "data": {"x": "1"}}
LOOKS = (
    ("09:20", [*CALM, NOTE]),
    ("09:40", [*CALM, NOTE, waiting("w", gpus=16)]),
    ("10:00", [*CALM, {**NOTE, "data": {"x": "2"}}, waiting("w", gpus=16), waiting("v", gpus=32)]),
)


def capture(at, items):
    """A capture of all of these kinds, from a minute of a morning."""
    lines = [
        {"diag": "manifest", "schema": "diag.snapshot/v1", "tool": "diag", "captured_at": f"2026-11-26T{at}:00Z"},
        {"diag": "part", "path": "p", "listed": [{"kind": each, "namespaces": None} for each in KINDS]},
        KUBE_SYSTEM, *items, {"diag": "end", "objects": len(items) + 1, "logs": 0},
    ]  # fmt: skip
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


@pytest.fixture
def week(tmp_path):
    """An archive of three captures, and each as a file of its own."""
    path = tmp_path / "week.jsonl"
    path.write_text("".join(capture(*each) for each in LOOKS))
    for at, items in LOOKS:
        (tmp_path / f"{at[:2]}{at[3:]}.jsonl").write_text(capture(at, items))
    return path


@pytest.fixture
def read(monkeypatch):
    """Which sources were diagnosed."""
    asked = []
    kept = stored.StoredCaptures._read  # noqa: SLF001  # what is read is the point

    def reading(self, at, say):
        if at not in self._kept:
            asked.append(at)
        return kept(self, at, say)

    monkeypatch.setattr(stored.StoredCaptures, "_read", reading)
    return asked


def app_on(*paths):
    again = " ".join(f"--from {path}" for path in paths)
    flags = Flags(from_=tuple(map(str, paths)), config=Config(), origins={}, again=again)
    return DiagApp(source_for(flags, "test", {}, None))


def header(app, _=None):
    return str(app.query_one("#header").content)


def summaries(app):
    return [str(line.values[-1]) for line in app.lists.lists[0].lines if line.state != "gone"]


BACK, ON = "left_curly_bracket", "right_curly_bracket"


def test_the_header_says_which_capture_of_how_many_and_from_when(drive, week, read):
    assert "capture 3/3 of 2026-11-26T10:00:00Z" in drive(app_on(week), then=header)
    assert read == []
    assert "capture 2/3 of 2026-11-26T09:40:00Z" in drive(app_on(week), BACK, then=header)
    assert read == [1]
    assert "capture 3/3" in drive(app_on(week), BACK, BACK, ON, ON, then=header)


def test_both_ends_say_so_and_stay(drive, week):
    def told(app, _):
        return header(app), toasts(app)

    shown, said = drive(app_on(week), ON, then=told)
    assert "capture 3/3" in shown
    assert said == ["This is the last of 3 captures."]
    shown, said = drive(app_on(week), BACK, BACK, BACK, then=told)
    assert "capture 1/3" in shown
    assert said == ["This is the first of 3 captures."]


def test_there_and_back_reads_a_capture_once(drive, week, read):
    drive(app_on(week), BACK, ON, BACK, ON, then=header)

    assert read == [1, 2]


def test_files_of_one_cluster_are_captures_as_well_and_open_on_the_newest(drive, week, tmp_path):
    files = (tmp_path / "1000.jsonl", tmp_path / "0920.jsonl")

    def shown(app, _):
        return header(app), [str(one.name) for one in app.seen.snapshots[0].all("Pod").values()]

    assert "capture 2/2 of 2026-11-26T10:00:00Z" in drive(app_on(*files), then=shown)[0]
    first, pods = drive(app_on(*files), BACK, then=shown)
    assert "capture 1/2 of 2026-11-26T09:20:00Z" in first
    assert pods == ["p"]


@pytest.mark.parametrize("key", ["1", "5"])
def test_the_cursor_stays_on_the_same_thing(drive, week, key):
    async def walk(app, pilot):
        app.lists.lists[0].go_to(1)  # the pod w, which two captures have
        await settled(app, pilot)
        await pilot.press(key)
        await settled(app, pilot)
        table = app.lists.lists[0]
        table.go_to(len(table.lines) - 1)
        await settled(app, pilot)
        at, cause = table.current.key, app.chosen.root.name
        seen = []
        for way in (BACK, ON):
            await pilot.press(way)
            await settled(app, pilot)
            seen.append((table.current.key, app.chosen.root.name, app.lists.id))
        return at, cause, seen

    at, cause, seen = drive(app_on(week), then=walk)

    assert [each[:2] for each in seen] == [(at, cause)] * 2
    assert {each[2] for each in seen} == {"timeline" if key == "5" else "causes"}


def test_a_cause_that_a_capture_does_not_have_is_named_and_found_again(drive, week):
    async def walk(app, pilot):
        await pilot.press("5")
        await settled(app, pilot)
        seen = []
        for way in (BACK, ON):
            await pilot.press(way)
            await settled(app, pilot)
            seen.append((app.lists.lists[0].heading, len(app.lists.lists[0].lines) > 0))
        return seen

    (gone, lines), (again, lines_again) = drive(app_on(week), then=walk)

    assert "is not in this look" in gone
    assert not lines
    assert "is not in this look" not in again
    assert lines_again


def test_what_a_step_brings_and_takes_is_marked_and_the_next_step_forgets_it(drive, week):
    async def walk(app, pilot):
        table = app.lists.lists[0]
        seen = []
        for key in (BACK, BACK, ON):
            await pilot.press(key)
            await settled(app, pilot)
            seen.append(({line.ref.name: line.state for line in table.lines}, str(table.border_title)))
        gone = next(line for line in drawn(app) if "SCH101" in line[:40])
        return seen, gone

    (one, two, three), drawn_new = drive(app_on(week), then=walk)

    assert one[0] == {"v": "gone", "w": ""}
    assert one[1].endswith(" 1 · 1 gone")
    assert two[0] == {"w": "gone"}
    assert two[1].endswith(" 0 · 1 gone")
    assert three[0] == {"w": "new"}
    assert three[1].endswith(" 1 · 1 new")
    assert "+" in drawn_new[:6]


@pytest.mark.parametrize("ascii_", [False, True])
def test_a_gone_row_is_struck_through_led_by_a_minus_and_told_as_gone(drive, week, monkeypatch, ascii_):
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(week)
    app.marks = type(app.marks)(ascii=ascii_)

    async def walk(app, pilot):
        await pilot.press(BACK)
        await settled(app, pilot)
        strips = app.screen._compositor.render_strips()  # noqa: SLF001  # as the terminal gets it
        row = next(strip for strip in strips if "SCH101" in strip.text[:40])
        struck = [each.text for each in row if each.style and each.style.strike]
        return row.text, struck, app.lists.lists[0].current.ref.name, text(app)

    row, struck, cursor, shown = drive(app, then=walk)

    assert "-" in row[:6]
    assert any("SCH101" in each for each in struck)
    assert cursor == "v"
    assert "It is gone" in shown


def test_an_id_stands_beside_each_cause_and_none_beside_one_that_is_gone(drive, week):
    """C1 of this look is another cause than C1 of the look before."""

    def ids(app, _):
        return [(line.state, line.values[0], line.causes) for line in app.lists.lists[0].lines]

    assert drive(app_on(week), then=ids) == [("", "C1", ("C1",)), ("", "C2", ("C2",))]
    assert ("gone", "", ()) in drive(app_on(week), BACK, then=ids)


def test_a_filter_finds_what_is_gone(drive, week):
    async def walk(app, pilot):
        await pilot.press(BACK, "slash", *"ml/v")
        await settled(app, pilot)
        return [line.ref.name for line in app.lists.lists[0].lines]

    assert drive(app_on(week), then=walk) == ["v"]


def test_the_equivalent_command_looks_at_the_capture_that_is_shown(drive, week):
    shown = drive(app_on(week), BACK, "exclamation_mark", then=lambda app, _: app.screen.paragraphs[0].text)

    assert shown == f"diag scan --from {week}@2"


def test_one_capture_has_nothing_to_step_to(drive, tmp_path, week):
    assert drive(app_on(tmp_path / "0920.jsonl"), BACK, then=lambda app, _: toasts(app)) == [
        "There is one capture here, and none to step to."
    ]


def test_a_capture_that_can_no_longer_be_read_leaves_what_is_shown(drive, week):
    async def walk(app, pilot):
        week.write_text("")
        await pilot.press(BACK)
        await settled(app, pilot)
        return header(app), len(app.lists.lists[0].lines), app.at

    shown, lines, at = drive(app_on(week), then=walk)

    assert "capture 3/3" in shown
    assert "stale" in shown
    assert (lines > 0, at) == (True, 2)


def text(app, _=None):
    return "\n".join(drawn(app))


def test_what_changed_since_the_capture_before(drive, week):
    shown = drive(app_on(week), "D", then=text)

    assert "from the capture before to capture 3/3" in shown
    assert "2 objects changed in between, 1 besides those above" in shown
    assert 'data.x: "1" → "2"' in shown
    shown = drive(app_on(week), BACK, "D", then=text)
    assert "New (1)" in shown
    assert "Pod ml/w" in shown


def test_a_look_that_is_kept_is_the_one_that_is_compared_with(drive, week):
    async def keep(app, pilot):
        for key in (BACK, BACK, "m", ON, ON, "D"):
            await pilot.press(key)
            await settled(app, pilot)
        return text(app)

    assert "from capture 1/3 of 2026-11-26T09:20:00Z to capture 3/3" in drive(app_on(week), then=keep)


def test_a_line_of_what_changed_leads_to_the_field_and_to_the_cause(drive, week):
    async def walk(app, pilot):
        await pilot.press(BACK, BACK, ON)
        await settled(app, pilot)
        await pilot.press("D")
        await settled(app, pilot)
        pane = app.screen.query_one("#read")
        pane.go_to(next(at for at, each in enumerate(pane.paragraphs) if "error: Pod ml/w" in each.text))
        await pilot.press("enter")
        await settled(app, pilot)
        return len(app.screen_stack), app.lists.id, app.lists.lists[0].current.ref.name

    assert drive(app_on(week), then=walk) == (1, "causes", "w")

    async def field(app, pilot):
        await pilot.press("D")
        await settled(app, pilot)
        pane = app.screen.query_one("#read")
        pane.go_to(next(at for at, each in enumerate(pane.paragraphs) if "data.x" in each.text))
        await pilot.press("enter")
        await settled(app, pilot)
        assert isinstance(app.screen, Reader)
        return app.screen.query_one("#read").current.text

    assert drive(app_on(week), then=field).strip().startswith("x:")


def test_a_cause_that_is_gone_opens_with_the_tree_of_then(drive, week):
    async def walk(app, pilot):
        await pilot.press("m", BACK, BACK)
        await settled(app, pilot)
        await pilot.press("D")
        await settled(app, pilot)
        pane = app.screen.query_one("#read")
        pane.go_to(next(at for at, each in enumerate(pane.paragraphs) if "error: Pod ml/w" in each.text))
        await pilot.press("enter")
        await settled(app, pilot)
        return app.screen.heading, app.screen.text()

    heading, told = drive(app_on(week), then=walk)

    assert heading.startswith("Why, then · ")
    assert "◆ root" in told


def test_one_file_is_compared_with_one_that_is_typed(drive, week, tmp_path):
    async def walk(app, pilot):
        await pilot.press("D")
        await settled(app, pilot)
        assert isinstance(app.screen, Prompt)
        await pilot.press(*str(tmp_path / "0920.jsonl"), "enter")
        await settled(app, pilot)
        return text(app)

    assert "New (" in drive(app_on(tmp_path / "1000.jsonl"), then=walk)


def test_a_file_that_cannot_be_read_is_told_and_costs_nothing(drive, week, tmp_path):
    async def walk(app, pilot):
        await pilot.press("D")
        await settled(app, pilot)
        await pilot.press(*str(tmp_path / "nowhere"), "enter")
        await settled(app, pilot)
        return len(app.screen_stack), toasts(app)

    screens, told = drive(app_on(tmp_path / "1000.jsonl"), then=walk)

    assert screens == 1
    assert "nowhere" in told[0]
