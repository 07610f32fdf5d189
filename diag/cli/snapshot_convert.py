"""`diag snapshot convert`: any snapshot as an archive, or as the one JSON list that other tools read."""

from pathlib import Path

import click

from diag.cli.complete import files
from diag.cli.flags import flags_of, reading
from diag.cli.group import Examples

_EXAMPLES = (
    "diag snapshot convert must-gather.tar.gz cluster.jsonl.gz",
    "diag snapshot convert week.jsonl.zst@1 monday.json",
    "diag snapshot convert --from dump.json --from logs.json both.jsonl.gz",
)


@click.command("convert", cls=Examples, examples=_EXAMPLES, configured=True)
@click.argument("words", metavar="[NAME=]PATH... FILE", nargs=-1, required=True, shell_complete=files)
@reading
@click.pass_context
def command(ctx: click.Context, /, words: tuple[str, ...], **_: object) -> int:
    """Write what PATH holds to FILE: .jsonl, .jsonl.gz or .jsonl.zst (an archive), or .json (a List, without logs)."""
    from diag.cli.saving import saved  # noqa: PLC0415  # help runs nothing
    from diag.errors import UsageError  # noqa: PLC0415

    flags = flags_of(ctx)
    *paths, to = words
    if not (paths or flags.from_ or flags.demo or flags.context):
        raise UsageError(f"what should become of {to} is not said", hint=f"diag snapshot convert {to} NEW-FILE")
    return saved(flags, (*flags.from_, *paths), Path(to), append=False)
