"""`diag tui`, and `diag` alone on a terminal: the causes on a screen of their own."""

from pathlib import Path
from typing import Any

import click

from diag.cli.complete import files
from diag.cli.diagnostics import ExitCode
from diag.cli.flags import Flags, flags_of, watching
from diag.cli.group import Examples
from diag.cli.modelling import asking

_EXAMPLES = (
    "diag --demo",
    "diag --from dump.json --screen gpus",
    "diag --from prod=prod.json --from test=test.json -n ml",
)
# The commands that print what a screen shows.
_TWINS = {
    "causes": "scan", "gpus": "gpus", "queues": "queues", "topology": "topology", "timeline": "timeline",
    "logs": "timeline", "ask": "explain", "clusters": "clusters", "coverage": "coverage",
}  # fmt: skip


@click.command("tui", cls=Examples, examples=_EXAMPLES, configured=True)
@click.option(
    "--screen", type=click.Choice(list(_TWINS)), metavar="NAME", envvar="DIAG_SCREEN", help="Open this screen first."
)
@click.option("--plain", is_flag=True, envvar="DIAG_PLAIN", help="Print the screen as lines of words, and exit.")
@click.option(
    "--inline", is_flag=True, envvar="DIAG_INLINE", help="Below the prompt; what the terminal showed before stays."
)
@click.option(
    "--mouse/--no-mouse", default=True, envvar="DIAG_MOUSE", help="Whether the mouse is taken; keys do all it does."
)
@click.option(
    "--baseline",
    metavar="REPORT",
    shell_complete=files,
    envvar="DIAG_BASELINE",
    help="What this report (-o json) does not hold is new.",
)
@asking
@watching
@click.pass_context
def command(
    ctx: click.Context, /, *, screen: str | None, plain: bool, inline: bool, mouse: bool, baseline: str | None,
    **asked: Any,
) -> int:  # fmt: skip
    """Open the TUI, as `diag` alone does on a terminal: causes, why, evidence, GPUs, queues. Changes nothing."""
    import os  # noqa: PLC0415  # help runs nothing
    import sys  # noqa: PLC0415

    from diag.cli.looking import reads_stdin, sources  # noqa: PLC0415
    from diag.errors import UsageError  # noqa: PLC0415

    flags = flags_of(ctx)
    if plain:
        return _plain(flags, screen or "causes")
    if reads_stdin(flags.from_):
        raise UsageError("the TUI takes its keys from stdin, so no dump can come there", hint="save the dump to a file")
    served = "TEXTUAL_DRIVER" in os.environ  # by `diag serve`, which speaks over pipes
    if not served and not (sys.stdout.isatty() and sys.stdin.isatty()):
        raise UsageError("the TUI needs a terminal", hint="`diag scan` prints the causes, --plain any screen")
    sources(flags)  # a slip of the pen is told before the screen is taken
    known = None
    if baseline:
        from diag.cli.baseline import old_report  # noqa: PLC0415  # only then

        known = frozenset(cause.fingerprint for cause in old_report(baseline).causes)

    import platformdirs  # noqa: PLC0415

    from diag.cli.feeding import source_for  # noqa: PLC0415
    from diag.cli.modelling import weighed  # noqa: PLC0415
    from diag.tui.app import DiagApp  # noqa: PLC0415  # Textual, only now
    from diag.tui.kept import Memory  # noqa: PLC0415
    from diag.tui.keymap import chosen  # noqa: PLC0415

    actions = chosen(flags.config.keymap)
    name = "demo" if flags.demo else ", ".join((*flags.from_, *flags.context)) or "current context"
    app = DiagApp(
        source_for(flags, name, weighed(ctx, asked, flags), known), ascii=flags.ascii, actions=actions,
        theme=flags.config.theme, screen=screen or "",
        memory=Memory(name, Path(platformdirs.user_state_dir("diag", appauthor=False))),
    )  # fmt: skip
    try:
        app.run(inline=inline, inline_no_clear=inline, mouse=mouse)
    finally:
        app.source.close()
    return ExitCode.OK


def _plain(flags: Flags, screen: str) -> int:
    """What a screen shows, as its text twin prints it."""
    import shlex  # noqa: PLC0415  # only then

    from diag.cli.root import run  # noqa: PLC0415  # the other way round it imports this

    filters = [word for text in flags.filter for word in ("--filter", text)]
    return run([_TWINS[screen], *shlex.split(flags.again), *filters, "-o", "plain"])
