"""`diag snapshot info`: what a snapshot holds, how complete it is, and what a diagnosis on it cannot see."""

import click

from diag.cli.complete import files
from diag.cli.flags import flags_of, reading
from diag.cli.group import Examples

_EXAMPLES = (
    "diag snapshot info must-gather.tar.gz",
    "diag snapshot info prod=support-bundle/ dev=dump.json",
    "diag snapshot info dump.json -o json | jq '.clusters[].missing'",
)
_FORMATS = "table, plain, json"


@click.command("info", cls=Examples, examples=_EXAMPLES, configured=True)
@click.argument("paths", nargs=-1, metavar="[[NAME=]PATH]...", shell_complete=files)
@reading
@click.option("-o", "--output", "outputs", multiple=True, metavar="FORMAT[=PATH]", help=_FORMATS)
@click.pass_context
def command(ctx: click.Context, /, *, paths: tuple[str, ...], outputs: tuple[str, ...], **_: object) -> None:
    """Print what files, folders or bundles hold, from when it is, and which rules would be blind."""
    import sys  # noqa: PLC0415  # help runs nothing
    from dataclasses import replace  # noqa: PLC0415

    from diag import api  # noqa: PLC0415
    from diag.cli.bounds import limits  # noqa: PLC0415
    from diag.cli.diagnostics import Narrator  # noqa: PLC0415
    from diag.cli.looking import look, reads_stdin, sources  # noqa: PLC0415
    from diag.cli.output import deliver, targets  # noqa: PLC0415
    from diag.report.contents import FORMATS, contents_bytes  # noqa: PLC0415

    flags = flags_of(ctx)
    flags = replace(flags, from_=(*flags.from_, *paths))
    to = targets(outputs, FORMATS, "table" if sys.stdout.isatty() else "plain", flags.from_)
    read = sources(flags)
    narrator = Narrator(quiet=flags.quiet, verbose=flags.verbose)
    found = api.contents(
        read, now=flags.now, stdin=sys.stdin.buffer if reads_stdin(read) else None, limits=limits(flags),
        progress=narrator.progress,
    )  # fmt: skip
    narrator.done()
    deliver(to, lambda target: contents_bytes(found, target.form, look(flags, target)))
