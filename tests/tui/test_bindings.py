"""Every key of the registry, pressed on every screen: what it does there. An action without an entry fails."""

import json
from importlib import resources
from types import SimpleNamespace

import pytest
from cluster_objects import node, pod, waiting
from textual.command import CommandPalette
from textual.widgets import ContentSwitcher, Input
from tui_driver import app_of, settled, toasts

from diag import api
from diag.llm.ask import Conversation
from diag.llm.spending import Spending
from diag.llm.tell import Choice
from diag.redact.names import named_in
from diag.redact.pseudonyms import Pseudonyms
from diag.redact.redact import Redactor
from diag.report.sanitize import cleaned
from diag.tui.actions import ACTIONS, SCREENS
from diag.tui.dialogs import Choose, Prompt, Reader
from diag.tui.paragraphs import Paragraphs
from diag.tui.source import Seen
from diag.tui.table import VirtualTable

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """The built-in example and another cluster, so that no list has one line alone."""
    path = tmp_path_factory.mktemp("other") / "cluster.json"
    items = [node("a"), pod("p", "a", gpus=8), waiting("w", gpus=16)]
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    files = sorted(str(each) for each in resources.files("diag.demo").iterdir() if each.name.endswith(".gz"))
    found = api.examine([*(f"demo={each}" for each in files), f"other={path}"])
    return Seen(report=cleaned(found.report), troubles=found.troubles)


@pytest.fixture
def world(two, monkeypatch):
    """The app, and what it did: texts copied, looks taken, whether it left."""
    done = SimpleNamespace(copied=[], looks=0, left=0, suspended=0)

    def copy(text, _write):
        done.copied.append(text)
        return "by hand"

    monkeypatch.setattr("diag.tui.app.copy", copy)

    def converse(report, cause):
        redactor = Redactor(Pseudonyms(b"k" * 32), named_in(report))
        choice = Choice(redactor=redactor, spending=Spending(most_calls=20, most_tokens=100_000))
        return Conversation(report, None, choice, cause=cause), ""

    app = app_of(two, two, source={"converse": converse, "save": lambda *_: "saved"})
    looks = app.source.looks

    def counted(say):
        done.looks += 1
        return looks(say)

    object.__setattr__(app.source, "looks", counted)

    def leave(*_, **__):
        done.left += 1

    def suspend():
        done.suspended += 1

    monkeypatch.setattr(app, "exit", leave)
    monkeypatch.setattr(app, "action_suspend_process", suspend)
    return app, done


def state(app, done):
    """What keys change."""
    frame = app.screen_stack[0]
    focused = frame.focused
    return SimpleNamespace(
        screen=frame.query_one(ContentSwitcher).current,
        over=app.screen if len(app.screen_stack) > 1 else None,
        depth=len(app.screen_stack),
        focused=focused,
        cursor=getattr(focused, "cursor", None),
        sorted=getattr(focused, "sorted_by", None),
        marked=set(getattr(focused, "marked", ())),
        maximized=frame.maximized,
        typing=isinstance(focused, Input),
        tab=getattr(frame.query_one("#causes"), "tab", 0),
        paused=app.paused,
        acknowledged=set(app.acknowledged),
        copied=len(done.copied),
        looks=done.looks,
        left=done.left,
        suspended=done.suspended,
        told=list(toasts(app)),
    )


def reads(title):
    """A text is opened whose title begins so."""
    return lambda _, now: isinstance(now.over, Reader) and now.over.heading.startswith(title)


def asks(kind=Prompt):
    """Something is asked."""
    return lambda _, now: isinstance(now.over, kind)


def says(words, other=None):
    """The person is told so in passing, or the other thing happens."""
    return lambda was, now: any(words in each for each in now.told[len(was.told) :]) or bool(other and other(was, now))


def goes(name):
    return lambda _, now: now.screen == name and now.depth == 1


def differs(field):
    """A field of the state is another one."""
    return lambda was, now: getattr(was, field) != getattr(now, field)


def moves(way):
    """The cursor moves that way, unless it is at that end."""
    return lambda was, now: (now.cursor - was.cursor) * way > 0


# By the id of an action: whether it did what it says, by the state before and after.
EFFECTS = {
    **{f"screen.{name}": goes(name) for name, _ in SCREENS.values()},
    "history.back": differs("screen"),
    "history.forward": differs("screen"),
    "filter": lambda _, now: now.typing and now.depth == 1,
    "help": reads("Keys"),
    "help.pane": lambda _, now: isinstance(now.over, Reader) and now.over.heading != "Keys",
    "quit": differs("left"),
    "quit.now": differs("left"),
    "suspend": differs("suspended"),
    "palette": lambda _, now: isinstance(now.over, CommandPalette),
    "command": asks(),
    "equivalent": reads("As a command"),
    "pane.next": differs("focused"),
    "pane.before": differs("focused"),
    "pane.jump": asks(Choose),
    "pane.zoom": lambda was, now: was.maximized is None and now.maximized is not None,
    "back": lambda was, now: was.maximized is not None and now.maximized is None,
    "refresh": differs("looks"),
    "copy": says("nothing to copy", differs("copied")),
    "copy.as": says("nothing to copy", asks(Choose)),
    "export": asks(),
    "suppress": asks(),
    "snapshot": asks(),
    "capture.before": says("capture"),
    "capture.next": says("capture"),
    "diff": lambda was, now: now.depth > was.depth or len(now.told) > len(was.told),
    "diff.mark": lambda was, now: len(now.told) > len(was.told),
    "pause": differs("paused"),
    "facts": reads("What a model is told"),
    "why": lambda _, now: now.screen == "causes" and now.focused.id == "why",
    "explain": reads("C"),
    "tab.next": lambda was, now: now.screen == "causes" and now.tab != was.tab,
    "fit": reads("Would the pods of"),
    "acknowledge": differs("acknowledged"),
    "yaml": says("No object", lambda _, now: isinstance(now.over, Reader) and now.over.subject is not None),
    "describe": says("No object", lambda _, now: isinstance(now.over, Reader) and now.over.subject is not None),
    "events": says("No object", reads("Events of")),
    "owner": says("no owner", lambda _, now: isinstance(now.over, Reader)),
    "timeline": goes("timeline"),
    "logs": goes("logs"),
    "move.down": moves(1),
    "move.up": moves(-1),
    "move.top": moves(-1),
    "move.bottom": moves(1),
    "move.page": moves(1),
    "move.page.up": moves(-1),
    "open": lambda was, now: (was.screen, was.depth, was.focused) != (now.screen, now.depth, now.focused),
    "mark": differs("marked"),
    "sort": differs("sorted"),
}  # fmt: skip
PANES = 3  # of one screen; those that it has more are of the same kinds
AT_THE_END = ("move.up", "move.top", "move.page.up")
# What a list of a screen does not open, as it shows what it stands for at once.
OPENS_NOTHING = {"ask-list-0"}


def test_every_action_has_an_entry():
    assert [one.id for one in ACTIONS if one.id not in EFFECTS] == []


async def back_on(app, pilot, name, *, anew=False):
    """The screen as it is when it is opened, with the cursor on the first cause. `anew`: another one lies before it.

    Undone is what was done: each thing that is drawn for nothing is drawn for every key of every screen.
    """
    with app.batch_update():
        close_all(app)
        if anew:
            await app.action_open_screen("gpus" if name == "causes" else "causes")
        app.choose_cause("C1")
        if app.lists.id != name:
            await app.action_open_screen(name)
        lists = app.lists
        if lists.query_one(Input).display or lists.filter_text:
            lists.close_filter(clear=True)
        if name == "causes":
            lists.tab = 0
        lists.show(app.seen, "C1")
    await settled(app, pilot)
    for table in lists.lists:
        table.marked, table.sorted_by, table.cursor = set(), None, 0
    if name == "causes" and lists.pane.current.tone != "title":  # off the root, other evidence is shown
        lists.pane.show(())
        lists.tell(lists.lists[0].current)
    front = lists.pane if isinstance(lists.front, Input) else lists.front
    if app.focused is not front:
        front.focus()
        await pilot.pause()


def close_all(app):
    """Closes what lies over the screen, and forgets what was told or chosen."""
    while len(app.screen_stack) > 1:
        app.pop_screen()
    if app.screen.maximized is not None:
        app.screen.minimize()
    app.paused = False
    app.acknowledged.clear()
    if list(toasts(app)):
        app.clear_notifications()


def panes(app, context):
    """The panes of the screen in which keys of a context count, those with several lines."""
    kinds = (VirtualTable,) if context == "table" else (VirtualTable, Paragraphs)
    for kind in kinds:
        for pane in app.lists.query(kind):
            lines = pane.lines if isinstance(pane, VirtualTable) else pane.paragraphs
            if pane.display and pane.region.area and len(lines) > 1:
                yield pane


async def press(app, pilot, done, action, key):
    """Presses a key, and says whether it did what it should."""
    if action.id == "history.forward":
        await pilot.press("left_square_bracket")
        await settled(app, pilot)
    if action.id == "back":
        await pilot.press("z")
        await pilot.pause()
    was = state(app, done)
    await pilot.press(key)
    await settled(app, pilot)
    return EFFECTS[action.id](was, state(app, done))


async def have_answered(app, pilot):
    """Asks on the screen for it, so that there is evidence to walk in."""
    await app.action_open_screen("ask")
    app.choose_cause("C1")
    await settled(app, pilot)
    await pilot.press("enter")
    await settled(app, pilot)


@pytest.mark.parametrize("name", [name for name, _ in SCREENS.values()])
def test_every_key_does_on_every_screen_what_it_says(drive, world, name):
    app, done = world

    async def all_keys(app, pilot):
        if name == "ask":
            await have_answered(app, pilot)
        wrong, tried = [], set()
        for action in ACTIONS:
            # Other keys of an action are pressed on one screen: a binding has all of its keys wherever it is.
            for key in action.keys.split(",")[: None if name == "causes" else 1]:
                await back_on(app, pilot, name, anew=action.id.startswith("history"))
                if action.context == "app":
                    tried.add(action.id)
                    if not await press(app, pilot, done, action, key):
                        wrong.append((action.id, key, app.focused and app.focused.id))
                    continue
                shown = list(panes(app, action.context))[: PANES if name == "causes" else 1]
                for at, pane in enumerate(each for each in shown if action.id != "open" or opens(each)):
                    if at:
                        await back_on(app, pilot, name)
                    pane.focus()
                    pane.go_to(10**6 if action.id in AT_THE_END else 0)
                    await settled(app, pilot)
                    tried.add(action.id)
                    if not await press(app, pilot, done, action, key):
                        wrong.append((action.id, key, pane.id))
        return wrong, tried

    wrong, tried = drive(app, then=all_keys, size=(100, 24))  # laid out as wide ones, with less to draw

    assert wrong == []
    assert {one.id for one in ACTIONS} - tried - {"open"} == set()


def opens(pane):
    """Whether there is something to open in a pane: of paragraphs, in those that stand for something."""
    if isinstance(pane, Paragraphs):
        return pane.id == "why"
    return pane.id not in OPENS_NOTHING
