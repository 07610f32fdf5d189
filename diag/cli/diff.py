"""`diag diff`: two looks at a cluster, and what somebody changed in between."""

import click

from diag.cli.complete import files
from diag.cli.flags import flags_of, opening
from diag.cli.group import Examples

_EXAMPLES = (
    "diag diff monday.jsonl.gz tuesday.jsonl.gz",
    "diag diff week.jsonl.zst              # its last two captures",
    "diag diff before.json after.json -o json | jq '.causes.new[].name'",
)
_FORMATS = "table, plain, json"


@click.command("diff", cls=Examples, examples=_EXAMPLES, configured=True)
@click.argument("from_", nargs=-1, metavar="BEFORE [AFTER]", shell_complete=files)
@opening
@click.option("-o", "--output", "outputs", multiple=True, metavar="FORMAT[=PATH]", help=_FORMATS)
@click.option("--exit-code", is_flag=True, help="Exit with 1 when a cause is new.")
@click.pass_context
def command(ctx: click.Context, /, *, outputs: tuple[str, ...], exit_code: bool, **_: object) -> int:
    """Which causes are new, gone or changed, and what was changed in the objects, the likeliest trigger first.

    BEFORE and AFTER are snapshots as `--from` takes them, or reports (-o json).
    """
    import sys  # noqa: PLC0415  # help runs nothing
    from pathlib import Path  # noqa: PLC0415

    from diag import api  # noqa: PLC0415
    from diag.cli.bounds import limits  # noqa: PLC0415
    from diag.cli.diagnostics import Narrator  # noqa: PLC0415
    from diag.cli.looking import look, reads_stdin  # noqa: PLC0415
    from diag.cli.output import deliver, targets  # noqa: PLC0415
    from diag.errors import UsageError  # noqa: PLC0415
    from diag.report.difference import FORMATS, difference_bytes  # noqa: PLC0415
    from diag.snapshot.archive.read import captures_in  # noqa: PLC0415
    from diag.snapshot.sources.source import taken_apart  # noqa: PLC0415

    flags = flags_of(ctx)
    to = targets(outputs, FORMATS, "table" if sys.stdout.isatty() else "plain", flags.from_)
    paths = flags.from_
    if len(paths) == 1 and not reads_stdin(paths):
        location = Path(taken_apart(paths[0])[1])
        if location.exists() and captures_in(location) < 2:  # noqa: PLR2004  before and after
            raise UsageError(f"{paths[0]} holds one look only", hint=f"name a second one: diag diff {paths[0]} AFTER")
        paths = (f"{paths[0]}@-2", paths[0])
    if len(paths) != 2:  # noqa: PLR2004  before and after
        raise UsageError(
            "a comparison needs two looks", hint="diag diff BEFORE AFTER, or one archive with two captures"
        )
    if all(reads_stdin([each]) for each in paths):
        raise UsageError("both looks are to come from one pipe", hint="save one of them to a file first")
    narrator = Narrator(quiet=flags.quiet, verbose=flags.verbose)
    found = api.diff(
        *paths, stdin=sys.stdin.buffer if reads_stdin(paths) else None, limits=limits(flags), progress=narrator.progress
    )
    narrator.done()
    deliver(to, lambda target: difference_bytes(found, target.form, look(flags, target)))
    return int(exit_code and bool(found.causes.new))
