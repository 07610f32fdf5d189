"""`diag snapshot`: look into saved snapshots, and make them."""

import click

from diag.cli.group import CONTEXT, LazyGroup

_COMMANDS = {
    "save": ("diag.cli.snapshot_save", "keep a cluster's objects, and the logs that tell, in one file"),
    "info": ("diag.cli.snapshot_info", "what a snapshot holds, how complete it is, and what it cannot show"),
    "convert": ("diag.cli.snapshot_convert", "write any snapshot as an archive, or as one JSON list"),
    "redact": ("diag.cli.snapshot_redact", "an archive that may be passed on: pseudonyms in place of all names"),
    "restore": ("diag.cli.snapshot_restore", "put the real names back into what was redacted here"),
    "diff": ("diag.cli.diff", "what changed between two snapshots, as `diag diff`"),
}
_EXAMPLES = (
    "diag snapshot save monday.jsonl.gz --from must-gather/",
    "diag snapshot info must-gather.tar.gz",
    "diag snapshot convert must-gather/ cluster.json",
    "diag snapshot redact monday.jsonl.gz public.jsonl.gz",
)


@click.group(
    "snapshot",
    cls=LazyGroup,
    lazy=_COMMANDS,
    aliases={},
    examples=_EXAMPLES,
    context_settings=CONTEXT,
    invoke_without_command=True,
    no_args_is_help=False,
)
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """Look into saved snapshots: files, folders and bundles, as `--from` takes them."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
