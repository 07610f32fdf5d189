"""What each key does."""

import re
from dataclasses import replace

import pytest
from msgspec import structs
from textual.widgets import ContentSwitcher, Input
from tui_driver import app_of, drawn, settled, toasts

from diag.causes.rows import ref_row
from diag.errors import SnapshotError
from diag.tui.actions import SCREENS
from diag.tui.dialogs import Choose, Reader
from diag.tui.paragraphs import Paragraphs
from diag.views.table import Searched, Table


def current(app, _=None):
    return app.screen_stack[0].query_one(ContentSwitcher).current


def text(app, _=None):
    return "\n".join(drawn(app))


def test_the_worst_cause_its_tree_its_evidence_and_what_to_do_need_no_key(drive, demo):
    shown = drive(app_of(demo), then=text)

    assert "QUO501" in shown
    assert "◆ root" in shown
    assert "Evidence · " in shown
    assert "kubectl describe podgroup" in shown
    assert "read-only" in shown


def test_a_number_opens_its_screen(drive, demo):
    async def walk(app, pilot):
        opened = {}
        for key in SCREENS:
            await pilot.press(key)
            await settled(app, pilot)
            opened[key] = current(app)
            await pilot.press("escape")  # else a digit is a part of the question
        return opened

    assert drive(app_of(demo), then=walk) == {key: name for key, (name, _) in SCREENS.items()}


def test_brackets_go_back_and_forward(drive, demo):
    keys = ("2", "3", "left_square_bracket")

    assert drive(app_of(demo), *keys, then=current) == "gpus"
    assert drive(app_of(demo), *keys, "right_square_bracket", then=current) == "queues"
    assert drive(app_of(demo), "left_square_bracket", then=current) == "causes"


@pytest.mark.parametrize("look", ["quiet", "small", "demo"])
@pytest.mark.parametrize("size", [(60, 15), (80, 24), (300, 80)])
def test_every_screen_draws_every_look_at_every_size(drive, request, look, size):
    async def walk(app, pilot):
        lines = {}
        for key in SCREENS:
            for each in (key, "j", "tab"):
                await pilot.press(each)
                await settled(app, pilot)
            lines[current(app)] = len(drawn(app))
        return lines

    lines = drive(app_of(request.getfixturevalue(look)), then=walk, size=size)

    assert lines == {name: size[1] for name, _ in SCREENS.values()}


def test_a_filter_is_live_and_escape_ends_it(drive, demo):
    async def filtering(app, pilot):
        table = app.lists.lists[0]
        await pilot.press("slash", *"rule", "colon", *"QUO")
        await pilot.press("asterisk")
        await pilot.pause()
        kept = [line.values[3] for line in table.lines]
        await pilot.press("enter")
        focused = app.focused is table
        await pilot.press("escape")
        await pilot.pause()
        return kept, focused, len(table.lines)

    assert drive(app_of(demo), then=filtering) == (["QUO501", "QUO001"], True, 6)


def test_a_filter_that_is_wrong_says_so_and_hides_nothing(drive, demo):
    async def filtering(app, pilot):
        await pilot.press("slash", *"nothing", "colon", "x")
        await pilot.pause()
        return len(app.lists.lists[0].lines), app.lists.lists[0].border_subtitle

    lines, said = drive(app_of(demo), then=filtering)

    assert lines == 6
    assert "knows no field" in str(said)


def test_each_step_of_the_tree_opens_its_evidence(drive, demo):
    async def walk(app, pilot):
        table = app.lists.lists[0]
        table.go_to(4)
        await pilot.press("w", "g")
        await pilot.pause()
        places = []
        for _ in range(6):
            places.append(str(app.query_one("#evidence").border_title))
            await pilot.press("j")
            await pilot.pause()
        return app.focused.id, places

    focused, places = drive(app_of(demo), then=walk)

    assert focused == "why"
    assert len(set(places)) > 2


def test_the_cited_line_is_in_sight_and_marked(drive, demo):
    def cited(app, _):
        pane = app.query_one("#evidence", Paragraphs)
        return pane.current.tone, pane.current.text

    keys = ("j", "j", "w", "j")

    tone, line = drive(app_of(demo), *keys, then=cited)

    assert tone == "cited"
    assert line


def test_enter_drills_into_the_tree_and_escape_comes_back(drive, demo):
    assert drive(app_of(demo), "enter", then=lambda app, _: app.focused.id) == "why"
    assert drive(app_of(demo), "enter", "escape", then=lambda app, _: app.focused) is not None


def test_other_screens_are_of_the_selected_cause(drive, demo):
    shown = drive(app_of(demo), "j", "j", "j", "t", then=text)

    assert "Timeline · IMG201" in shown
    assert "storage-initializer" in shown or "atlas-chat" in shown


def test_logs_are_in_one_stream(drive, demo):
    assert "Events, conditions and logs" in drive(app_of(demo), "l", then=text)


def test_a_line_of_another_screen_leads_to_its_cause(drive, demo):
    def where(app, _):
        return current(app), app.cause

    assert drive(app_of(demo), "2", "enter", then=where) == ("causes", "C5")


@pytest.mark.parametrize("tab", ["Causes", "Ignored"])
def test_a_line_leads_to_its_cause_whatever_the_start_screen_showed(drive, demo, tab):
    async def go(app, pilot):
        if tab == "Ignored":
            await pilot.press("1", "v", "v", "v", "2")
            await settled(app, pilot)
        table = app.lists.lists[0]
        table.go_to(next(at for at, line in enumerate(table.lines) if "C3" in line.causes))
        await pilot.press("enter")
        await settled(app, pilot)
        return app.lists.heading(""), app.lists.lists[0].current.causes, app.cause

    at = drive(app_of(demo, screen="gpus"), then=go)

    assert at == ("Causes · by GPUs blocked × time", ("C3",), "C3")


def test_the_start_screen_opens_on_the_cause_that_was_chosen_before(drive, demo):
    async def go(app, pilot):
        await app.go_to("timeline C4")
        await settled(app, pilot)
        await pilot.press("1")
        await settled(app, pilot)
        return app.lists.lists[0].current.causes, app.cause

    assert drive(app_of(demo, screen="gpus"), then=go) == (("C4",), "C4")


def test_tab_walks_the_panes(drive, demo):
    walked = drive(app_of(demo), "tab", then=lambda app, _: app.focused.id)

    assert walked == "why"
    assert drive(app_of(demo), "tab", "shift+tab", then=lambda app, _: app.focused.id) == "causes-list-0"


def test_a_pane_is_zoomed_and_given_back(drive, demo):
    assert drive(app_of(demo), "z", then=lambda app, _: app.screen.maximized is not None)
    assert drive(app_of(demo), "z", "escape", then=lambda app, _: app.screen.maximized) is None


def test_a_letter_jumps_to_a_pane(drive, demo):
    async def jump(app, pilot):
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert isinstance(app.screen, Choose)
        await pilot.press("c")
        await settled(app, pilot)
        return app.focused.id

    assert drive(app_of(demo), then=jump) == "evidence"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("question_mark", "Filter this list"),
        ("f1", "on a heading it sorts"),
        ("d", "Events, newest first"),
        ("e", "No event speaks of it"),
        ("j j j e", " ago  "),
        ("x", "What is wrong"),
        ("y", "kind: PodGroup"),
        ("exclamation_mark", "diag scan --from dump.json"),
    ],
)
def test_a_key_opens_something_to_read_and_escape_closes_it(drive, demo, keys, words):
    shown = drive(app_of(demo), *keys.split(), then=text)

    assert words in shown
    assert drive(app_of(demo), *keys.split(), "escape", then=lambda app, _: len(app.screen_stack)) == 1


def test_the_equivalent_command_is_of_the_screen_and_its_filter(drive, demo):
    async def ask(app, pilot):
        await pilot.press("2", "slash", *"free>0".replace(">", "~"))
        await pilot.pause()
        app.lists.filter_text = "free>0"
        return app.equivalent()

    assert drive(app_of(demo), then=ask) == "diag gpus --from dump.json --filter 'free>0'"


def test_the_owner_of_what_is_shown_is_opened_and_again_its_owner(drive, demo):
    async def owners(app, pilot):
        ref = next(
            item.ref
            for snap in demo.snapshots
            for item in snap.pods
            if item.owners and item.owners[0].kind == "ReplicaSet"
        )
        app.read_object(ref_row(ref))
        await pilot.pause()
        await pilot.press("o", "o")
        await pilot.pause()
        return app.screen.subject.kind

    assert drive(app_of(demo), then=owners) == "Deployment"


def test_evidence_opens_from_the_explanation(drive, demo):
    async def cited(app, pilot):
        await pilot.press("x", "G", "enter")
        await pilot.pause()
        return len(app.screen_stack), isinstance(app.screen, Reader)

    assert drive(app_of(demo), then=cited) == (3, True)


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        ("gpus", "gpus"),
        ("explain C5", "causes"),
        ("C5", "causes"),
        ("timeline C4", "timeline"),
        ("diag queues", "queues"),
    ],
)
def test_a_command_goes_where_it_says(drive, demo, typed, where):
    async def say(app, pilot):
        await pilot.press("colon")
        await pilot.pause()
        app.screen.query_one(Input).value = typed
        await pilot.press("enter")
        await settled(app, pilot)
        await settled(app, pilot)
        return current(app), app.cause

    screen, cause = drive(app_of(demo), then=say)

    assert screen == where
    assert typed[-2:] not in ("C4", "C5") or cause == typed[-2:]


def test_a_command_that_means_nothing_says_so(drive, demo):
    async def say(app, pilot):
        await pilot.press("colon")
        await pilot.pause()
        app.screen.query_one(Input).value = "pod/ml/nobody"
        await pilot.press("enter")
        await settled(app, pilot)
        return toasts(app)

    assert any("Nothing is called" in note for note in drive(app_of(demo), then=say))


def test_a_refresh_keeps_the_cursor_on_the_same_cause(drive, demo, small):
    def key(app, _):
        return app.lists.lists[0].current.key

    first = drive(app_of(demo), "j", "j", then=key)

    assert drive(app_of(demo, demo), "j", "j", "r", then=key) == first


def test_a_refresh_that_fails_loses_nothing_and_says_so(drive, demo):
    def shown(app, _):
        return len(app.lists.lists[0].lines), text(app)

    lines, said = drive(app_of(demo, SnapshotError("connection refused")), "r", then=shown)

    assert lines == 6
    assert re.search(r"stale \d+m?s?: connection refused", said)


def test_a_source_that_fails_at_once_leaves_the_app_alive(drive):
    said = drive(app_of(RuntimeError("no [bold]such thing")), "2", "1", then=text)

    assert "Nothing was read. RuntimeError" in said
    assert "Reading" not in said


def test_q_leaves(drive, demo):
    assert drive(app_of(demo), "q", then=lambda app, _: app.return_code) == 0


def test_below_the_least_size_there_is_one_sentence_and_it_comes_back(drive, demo):
    async def resize(app, pilot):
        await pilot.resize_terminal(59, 14)
        await pilot.pause()
        small = text(app)
        await pilot.resize_terminal(120, 36)
        await pilot.pause()
        return small, text(app), app.focused is app.lists.lists[0]

    small, back, is_focused = drive(app_of(demo), then=resize)

    assert is_focused

    assert "59×14 is too small" in small
    assert "diag scan --from dump.json" in small
    assert "QUO501" in back


def test_ascii_draws_nothing_else(drive, small):
    shown = drive(app_of(small, ascii=True), then=text)

    assert shown.isascii()


def test_no_cause_teaches_where_to_look(drive, quiet):
    shown = drive(app_of(quiet), then=text)

    assert "No causes." in shown
    assert "not all: no pods" in shown  # of which none were read


def test_the_palette_holds_every_action(drive, demo):
    async def palette(app, pilot):
        return [command.title for command in app.get_system_commands(app.screen)]

    titles = drive(app_of(demo), then=palette)

    assert any(title.startswith("export") for title in titles)
    assert "theme" in titles


def test_a_hundred_thousand_lines_are_filtered(drive, demo):
    async def many(app, pilot):
        await pilot.press("2")
        await settled(app, pilot)
        lists = app.lists
        line = lists.tables[0].lines[0]
        lines = [replace(line, key=f"k{at}", values=(f"node-{at}", *line.values[1:])) for at in range(100_000)]
        lists.tables = [Table(columns=lists.tables[0].columns, lines=lines), lists.tables[1]]
        lists.states = [(100_000, 0, 0), (0, 0, 0)]
        lists.searched = Searched(lists.tables[0])
        lists.filter_text = "node:node-9999*"
        lists.filter_anew()
        await settled(app, pilot)
        return len(lists.lists[0].lines)

    assert drive(app_of(demo), then=many) == 11


def test_what_is_typed_at_once_after_the_slash_is_the_filter(drive, demo):
    async def paste(app, pilot):
        for key in ("slash", *"gang"):
            app.simulate_key(key)
        await settled(app, pilot)
        field = app.lists.query_one(Input)
        return app.lists.filter_text, field.has_focus, drawn(app)[field.region.y].strip(), field.region.height

    assert drive(app_of(demo), then=paste) == ("gang", True, "gang", 1)


def test_a_letter_in_a_filter_is_a_letter_and_ctrl_c_leaves_from_there(drive, demo):
    keys = ("slash", "q", "colon", "slash", "c")

    assert drive(app_of(demo), *keys, then=lambda app, _: (app.lists.filter_text, app.return_code)) == ("q:/c", None)
    assert drive(app_of(demo), *keys, "ctrl+c", then=lambda app, _: app.return_code) == 0


@pytest.mark.parametrize(
    ("moves", "words"), [((), "4 pods of"), (("j",), "concerns no pod|would"), (("j", "j", "j", "j"), "1 pod of")]
)
def test_whether_its_pods_would_fit_is_worked_out(drive, demo, moves, words):
    async def fit(app, pilot):
        await pilot.press(*moves)
        await settled(app, pilot)
        await pilot.press("f")
        await settled(app, pilot)
        return text(app) + "".join(toasts(app))

    shown = drive(app_of(demo), then=fit)

    assert any(word in shown for word in words.split("|"))


def test_tabs_show_all_findings_and_what_is_ignored(drive, demo):
    async def walk(app, pilot):
        found = []
        for _ in range(4):
            await pilot.press("v")
            await settled(app, pilot)
            found.append((app.lists.heading(""), len(app.lists.lists[0].lines)))
        return found

    assert drive(app_of(demo), then=walk) == [
        ("All findings", len(demo.report.findings)), ("New", 0), ("Ignored", 0), ("Causes · by GPUs blocked × time", 6),
    ]  # fmt: skip


def test_a_finding_of_no_cause_shows_what_it_rests_on(drive, demo):
    cause = demo.report.causes[-1]
    lonely = replace(demo, report=structs.replace(demo.report, causes=demo.report.causes[:-1]))

    async def look(app, pilot):
        await pilot.press("v")
        await settled(app, pilot)
        table = app.lists.lists[0]
        table.go_to(next(at for at, line in enumerate(table.lines) if line.values[0] == cause.finding))
        await settled(app, pilot)
        return len(app.lists.pane.paragraphs), str(app.lists.pane.border_title)

    paragraphs, title = drive(app_of(lonely), then=look)

    assert paragraphs > 1
    assert title == "Finding"


def test_leaving_and_looking_again_end_the_look_that_is_under_way(drive, demo):
    stops = []

    def app():
        made = app_of(demo)
        made.source = replace(made.source, stop=lambda: stops.append("stop"))
        return made

    drive(app(), "r")
    assert stops == ["stop"]

    drive(app(), "q")
    assert stops == ["stop", "stop"]


def test_a_source_that_goes_on_replaces_what_is_shown(drive, demo, small):
    app = app_of(demo)
    app.source = replace(app.source, looks=lambda _: iter((demo, small)))

    assert drive(app, then=lambda app, _: len(app.lists.lists[0].lines)) == len(small.report.causes)
