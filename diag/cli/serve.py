"""`diag serve`: the TUI in a browser of this machine."""

import click

from diag.cli.flags import flags_of, watching
from diag.cli.group import Examples

_EXAMPLES = (
    "diag serve --demo",
    "diag serve --from dump.json --port 8010",
    "diag serve --context prod -n ml",
)


@click.command("serve", cls=Examples, examples=_EXAMPLES, configured=True)
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=8764,
    metavar="N",
    envvar="DIAG_PORT",
    help="Listen on this port of 127.0.0.1 (8764).",
)
@watching
@click.pass_context
def command(ctx: click.Context, /, *, port: int, **_: object) -> int:
    """Open the TUI in a browser of this machine: the address has a token that holds for one visitor. Read-only."""
    import shlex  # noqa: PLC0415  # help runs nothing
    import sys  # noqa: PLC0415
    from importlib.util import find_spec  # noqa: PLC0415

    from diag.errors import DiagError, UsageError  # noqa: PLC0415

    if find_spec("textual_serve") is None:
        raise UsageError("diag serve needs the package textual-serve", hint="pip install 'kube-diag[serve]'")
    from diag.cli.looking import reads_stdin, sources  # noqa: PLC0415

    flags = flags_of(ctx)
    if reads_stdin(flags.from_):
        raise UsageError("each visitor looks anew, and a pipe is read once", hint="save the dump to a file")
    sources(flags)  # a slip of the pen is told before a browser opens an empty page

    from diag.cli.diagnostics import ExitCode, say  # noqa: PLC0415
    from diag.tui.serving import Served  # noqa: PLC0415  # aiohttp, only now

    words = [sys.executable, "-m", "diag", "tui", *shlex.split(flags.again)]
    words += [word for text in flags.filter for word in ("--filter", text)] + ["--ascii"] * flags.ascii

    def announce(address: str) -> None:
        say(f"diag: open {address}\ndiag: the address holds for one browser; Ctrl-C ends it")

    try:
        Served(shlex.join(words), port=port, announce=announce).serve()
    except OSError as error:
        raise DiagError(f"cannot listen on port {port}: {error.strerror or error}", hint="try --port 8010") from error
    return ExitCode.OK
