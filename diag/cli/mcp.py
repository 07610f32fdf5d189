"""`diag mcp`: what was found, for the models of other programs, over the Model Context Protocol."""

from pathlib import Path

import click

from diag.cli.complete import files
from diag.cli.flags import flags_of, watching
from diag.cli.group import Examples

_EXAMPLES = (
    "diag mcp --from dump.json                # a client starts this and speaks over its pipe",
    "diag mcp --context prod --snapshots ./saved",
    "DIAG_MCP_TOKEN=… diag mcp --http --port 8765",
)
_KEEP_S = 60.0  # a scan of a living cluster tells of a look that is no older
_LEAST_TOKEN = 16


@click.command("mcp", cls=Examples, examples=_EXAMPLES, configured=True)
@click.option("--http", is_flag=True, envvar="DIAG_HTTP", help="Serve HTTP on 127.0.0.1 instead of stdin and stdout.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8765,
    metavar="N",
    envvar="DIAG_PORT",
    help="Where --http listens (8765; 0: any free port).",
)
@click.option(
    "--snapshots",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    shell_complete=files,
    envvar="DIAG_SNAPSHOTS",
    help="Offer the snapshots in FOLDER for comparison.",
)
@watching
@click.pass_context
def command(ctx: click.Context, /, *, http: bool, port: int, snapshots: tuple[Path, ...], **_: object) -> int:
    """Answer the models of other programs: scan, explain, evidence, gpus, queues, timeline. Read-only.

    With --http a client needs the token of DIAG_MCP_TOKEN; where that is not set, one is made and told on stderr.
    """
    from importlib.util import find_spec  # noqa: PLC0415  # help runs nothing

    from diag.errors import UsageError  # noqa: PLC0415

    if find_spec("mcp") is None:
        raise UsageError("diag mcp needs the package mcp", hint="pip install 'kube-diag[mcp]'")
    from diag.cli.looking import Looked, looked, reads_stdin, sources  # noqa: PLC0415

    flags = flags_of(ctx)
    if reads_stdin(flags.from_):
        raise UsageError("diag mcp looks more than once, and a pipe is read once", hint="save the dump to a file")
    living = not isinstance(sources(flags), list)  # a slip of the pen is told before a client waits for an answer

    from diag.cli.diagnostics import ExitCode, Narrator, say  # noqa: PLC0415
    from diag.collect.requests import Stop  # noqa: PLC0415
    from diag.mcp.asking import Room  # noqa: PLC0415
    from diag.mcp.looks import Look, Looks  # noqa: PLC0415
    from diag.report.sanitize import cleaned  # noqa: PLC0415
    from diag.views.causes import summary_line  # noqa: PLC0415

    under_way: list[Stop] = []

    def take() -> Look:
        reading = sources(flags)
        if not isinstance(reading, list):
            under_way[:] = [reading.stop]
        found: Looked = looked(flags, Narrator(quiet=True, verbose=0))
        report = cleaned(found.report)
        return Look(
            report=report,
            snapshots=found.snapshots,
            troubles=found.troubles,
            known=lambda: list(found.known()),
            put_aside=found.put_aside,
            summary=summary_line(report, hidden=found.hidden),
            hidden=f"{found.hidden.count} hidden by {found.hidden.by}" if found.hidden.count else "",
        )

    def stop() -> None:
        for one in under_way:
            one.interrupted.set()

    from diag.mcp.server import server  # noqa: PLC0415  # the package, only now

    room = Room(looks=Looks(take=take, keep_s=_KEEP_S if living else None), folders=snapshots)
    try:
        if http:
            from diag.mcp.http import serve  # noqa: PLC0415

            serve(server(room), port=port, token=_token(flags.quiet), ready=lambda url: say(f"diag: serving {url}"))
        else:
            from diag.mcp.stdio import talk  # noqa: PLC0415

            talk(server(room))
    finally:
        stop()
    return ExitCode.OK


def _token(quiet: bool) -> str:  # noqa: FBT001  # one word of the caller's
    """The token that clients must show. Raises UsageError for one that can be guessed."""
    import os  # noqa: PLC0415  # help runs nothing
    import secrets  # noqa: PLC0415

    from diag.cli.diagnostics import say  # noqa: PLC0415
    from diag.errors import UsageError  # noqa: PLC0415

    given = os.environ.get("DIAG_MCP_TOKEN", "")
    if given:
        if len(given) < _LEAST_TOKEN or not given.isascii() or not given.isprintable():
            raise UsageError(f"DIAG_MCP_TOKEN needs {_LEAST_TOKEN} printable characters", hint="openssl rand -hex 24")
        return given
    if quiet:
        raise UsageError("--quiet tells no token, and DIAG_MCP_TOKEN is not set", hint="set it: openssl rand -hex 24")
    made = secrets.token_urlsafe(24)
    say(f"diag: token {made}")
    return made
