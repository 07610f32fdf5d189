"""Every action of the TUI, once: bindings, footer, help, palette, the page in docs/ and the collision test read this.

An action is bound where its context has the focus: `app` everywhere, `list` in every list, the others on one screen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """`id` is what a keymap names; `does` is Textual's action; `footer` shows it there, as long as there is room.

    `typing`: what is typed after it belongs to the line that it opens, however fast it comes.
    """

    id: str
    keys: str
    does: str
    label: str
    help: str
    context: str = "app"
    footer: bool = False
    typing: bool = False

    @property
    def shown_keys(self) -> str:
        """The keys as a person reads them."""
        return " ".join(_KEY_NAMES.get(key, key) for key in self.keys.split(","))


_KEY_NAMES = {
    "slash": "/", "question_mark": "?", "exclamation_mark": "!", "colon": ":", "left_square_bracket": "[",
    "right_square_bracket": "]", "left_curly_bracket": "{", "right_curly_bracket": "}", "greater_than_sign": ">",
    "space": "space", "up": "↑", "down": "↓",
}  # fmt: skip

SCREENS = {
    "1": ("causes", "Causes"),
    "2": ("gpus", "GPUs"),
    "3": ("queues", "Queues"),
    "4": ("topology", "Topology"),
    "5": ("timeline", "Timeline"),
    "6": ("logs", "Logs"),
    "7": ("ask", "Ask"),
    "8": ("clusters", "Clusters"),
    "9": ("coverage", "Coverage"),
}

ACTIONS = (
    *(
        Action(
            id=f"screen.{name}", keys=key, does=f"open_screen('{name}')", label=title, help=f"Open {title}.",
            footer=True,
        )
        for key, (name, title) in SCREENS.items()
    ),
    Action(id="history.back", keys="left_square_bracket", does="history(-1)", label="back", help="The screen before."),
    Action(id="history.forward", keys="right_square_bracket", does="history(1)", label="forward", help="The next one."),
    Action(
        id="filter", keys="slash", does="filter", label="filter", footer=True, typing=True,
        help='Filter this list: words, field:value, age>10m, -word, "exact", ~fuzzy.',
    ),
    Action(id="help", keys="question_mark", does="keys", label="help", help="All keys.", footer=True),
    Action(id="help.pane", keys="f1", does="help_pane", label="help here", help="What this pane shows and takes."),
    Action(
        id="quit", keys="q", does="close", label="quit", footer=True,
        help="Close what is open, else leave diag; asks first while something runs.",
    ),
    Action(id="quit.now", keys="ctrl+c", does="quit", label="quit now", help="Leave diag from anywhere."),
    Action(id="suspend", keys="ctrl+z", does="suspend_process", label="suspend", help="Back to the shell; fg returns."),
    Action(id="palette", keys="ctrl+p", does="command_palette", label="palette", help="Find an action by its name."),
    Action(
        id="command", keys="colon", does="command", label="command", typing=True,
        help="Type a screen, a cause or an object.",
    ),
    Action(
        id="equivalent", keys="exclamation_mark", does="equivalent", label="as a command",
        help="The command line that prints what this screen shows.",
    ),
    Action(id="pane.next", keys="tab", does="app.focus_next", label="next pane", help="The next pane."),
    Action(id="pane.before", keys="shift+tab", does="app.focus_previous", label="pane before", help="The one before."),
    Action(id="pane.jump", keys="ctrl+o", does="jump", label="jump", help="Go to a pane by its letter."),
    Action(id="pane.zoom", keys="z", does="zoom", label="zoom", help="Give the pane all the room, and back."),
    Action(id="back", keys="escape", does="leave", label="back", help="Close what is open, end the filter."),
    Action(id="refresh", keys="r", does="refresh_look", label="refresh", help="Look again."),
    Action(id="copy", keys="c", does="copy", label="copy", help="Copy what is selected."),
    Action(id="copy.as", keys="C", does="copy_as", label="copy as", help="Copy as a name, YAML, JSON or Markdown."),
    Action(id="export", keys="E", does="export", label="export", help="Write the report to a file, in any format."),
    Action(
        id="suppress", keys="s", does="suppress", label="suppress", help="Accept the selected cause until a day.",
    ),
    Action(id="snapshot", keys="S", does="snapshot", label="save snapshot", help="Save what is read, names redacted."),
    Action(
        id="capture.before", keys="left_curly_bracket", does="step(-1)", label="older",
        help="The capture before, where files hold several.",
    ),
    Action(
        id="capture.next", keys="right_curly_bracket", does="step(1)", label="newer", help="The capture after it.",
    ),
    Action(
        id="diff", keys="D", does="compare", label="compare",
        help="What changed since the capture before, the one kept with m, or the start; else asks for a file.",
    ),
    Action(id="diff.mark", keys="m", does="keep", label="keep to compare", help="Compare with this look from now on."),
    Action(id="pause", keys="p", does="pause", label="pause", help="Keep what is shown; once more goes on."),
    Action(id="facts", keys="F", does="facts", label="facts", help="What a model is told of the selected cause."),
    Action(id="why", keys="w", does="why", label="why", help="Go to the because-tree."),
    Action(id="explain", keys="x", does="explain", label="explain", help="The selected cause in words.", footer=True),
    Action(id="tab.next", keys="v", does="tab", label="view", help="Causes, all findings, new ones, ignored ones."),
    Action(
        id="fit", keys="f", does="fit", label="would it fit",
        help="Would its pods fit now, where, and what would have to move.",
    ),
    Action(
        id="acknowledge", keys="a", does="acknowledge", label="seen",
        help="Mark the causes of the line as seen, or take that back.",
    ),
    Action(id="yaml", keys="y", does="yaml", label="YAML", help="The selected object in full."),
    Action(id="describe", keys="d", does="describe", label="describe", help="The selected object in words."),
    Action(id="events", keys="e", does="events", label="events", help="The events of it and of what it owns."),
    Action(id="owner", keys="o", does="owner", label="owner", help="The owner of the object that is shown."),
    Action(id="timeline", keys="t", does="open_screen('timeline')", label="timeline", help="What happened to it."),
    Action(id="logs", keys="l", does="open_screen('logs')", label="logs", help="Its events, conditions and logs."),
    Action(id="move.down", keys="j,down", does="move(1)", label="down", help="One line down.", context="list"),
    Action(id="move.up", keys="k,up", does="move(-1)", label="up", help="One line up.", context="list"),
    Action(id="move.top", keys="g,home", does="end(-1)", label="top", help="The first line.", context="list"),
    Action(id="move.bottom", keys="G,end", does="end(1)", label="bottom", help="The last line.", context="list"),
    Action(id="move.page", keys="ctrl+d,pagedown", does="page(1)", label="page down", help="On.", context="list"),
    Action(id="move.page.up", keys="ctrl+u,pageup", does="page(-1)", label="page up", help="Back.", context="list"),
    Action(id="open", keys="enter", does="open", label="open", help="Drill in.", context="list"),
    Action(id="mark", keys="space", does="mark", label="mark", help="Mark the line; copy takes all.", context="table"),
    Action(
        id="sort", keys="greater_than_sign", does="sort", label="sort", context="table",
        help="Sort by the next column; each column both ways.",
    ),
)  # fmt: skip


def bindings(*contexts: str) -> list[Binding]:
    """What a widget of these contexts binds."""
    return [
        Binding(
            one.keys,
            one.does,
            one.label,
            id=one.id,
            show=one.footer,
            tooltip=one.help,
            priority=one.typing or one.id in ("quit.now", "suspend"),
        )
        for one in ACTIONS
        if one.context in contexts
    ]


def above(*ids: str) -> list[Binding]:
    """What something that lies over a screen binds as the screen itself does."""
    return [
        Binding(one.keys, f"app.{one.does}", one.label, id=one.id, show=False, tooltip=one.help)
        for one in ACTIONS
        if one.id in ids
    ]


def here(*ids: str) -> list[Binding]:
    """What a widget binds that does some actions of another context in a way of its own."""
    return [
        Binding(one.keys, one.does, one.label, id=one.id, show=False, tooltip=one.help)
        for one in ACTIONS
        if one.id in ids
    ]


def collisions(actions: Sequence[Action] = ACTIONS) -> Iterator[tuple[str, str, str]]:
    """Two actions that one key would mean at the same place: the key and both ids."""
    taken: dict[str, str] = {}
    for one in actions:
        for key in one.keys.split(","):
            if key in taken:
                yield key, taken[key], one.id
            taken[key] = one.id


def documented() -> str:
    """The keys as a table in Markdown, for the page in docs/."""
    rows = [f"| `{one.shown_keys}` | {one.id} | {one.help} |".replace("|` ", "| ") for one in ACTIONS]
    return "\n".join(["| keys | id | does |", "|---|---|---|", *rows]) + "\n"
