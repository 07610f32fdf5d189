"""`diag snapshot convert`: any snapshot as an archive, or as the one JSON list that other tools read."""

from pathlib import Path

import click

from diag.cli.complete import files
from diag.cli.flags import flags_of, opening
from diag.cli.group import Examples

_EXAMPLES = (
    "diag snapshot convert must-gather.tar.gz cluster.jsonl.gz",
    "diag snapshot convert week.jsonl.zst@1 monday.json",
)


@click.command("convert", cls=Examples, examples=_EXAMPLES, configured=True)
@click.argument("from_", metavar="[NAME=]PATH", nargs=1, shell_complete=files)
@click.argument("to", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), shell_complete=files)
@opening
@click.pass_context
def command(ctx: click.Context, /, from_: str, to: Path, **_: object) -> None:
    """Write what PATH holds to FILE: .jsonl, .jsonl.gz or .jsonl.zst (an archive), or .json (a List, without logs)."""
    from diag.cli.saving import saved  # noqa: PLC0415  # help runs nothing

    saved(flags_of(ctx), (from_,), to, append=False)
