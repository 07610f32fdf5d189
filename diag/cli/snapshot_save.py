"""`diag snapshot save`: one cluster in one file, to be looked at later, elsewhere, or beside another."""

from pathlib import Path

import click

from diag.cli.complete import files
from diag.cli.flags import flags_of, reading
from diag.cli.group import Examples

_EXAMPLES = (
    "diag snapshot save monday.jsonl.gz --from must-gather/",
    "diag snapshot save week.jsonl.zst --append --context prod",
    "kubectl get all,nodes,events -A -o json | diag snapshot save now.jsonl.gz --from -",
)


@click.command("save", cls=Examples, examples=_EXAMPLES, configured=True)
@click.argument("to", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), shell_complete=files)
@click.option("--append", is_flag=True, help="Add a capture behind those that FILE holds.")
@click.option("--replace", is_flag=True, help="Write FILE anew, though it holds several captures.")
@click.option(
    "-n",
    "--namespace",
    multiple=True,
    metavar="NS",
    envvar="DIAG_NAMESPACE",
    help="Look into these where the whole cluster may not be listed.",
)
@reading
@click.pass_context
def command(ctx: click.Context, /, to: Path, *, append: bool, replace: bool, **_: object) -> int:
    """Write FILE: .jsonl, .jsonl.gz or .jsonl.zst. Secrets are left out; names and log lines are not hidden."""
    from diag.cli.saving import saved  # noqa: PLC0415  # help runs nothing
    from diag.errors import UsageError  # noqa: PLC0415

    if append and replace:
        raise UsageError("--append adds to FILE and --replace writes it anew", hint="leave one of them out")
    flags = flags_of(ctx)
    return saved(flags, flags.from_, to, append=append, replace=replace)
