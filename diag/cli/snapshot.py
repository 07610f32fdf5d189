"""`diag snapshot`: look into saved snapshots, and make them."""

import click

from diag.cli.group import CONTEXT, LazyGroup

_COMMANDS = {
    "info": ("diag.cli.snapshot_info", "what a snapshot holds, how complete it is, and what it cannot show"),
}
_EXAMPLES = ("diag snapshot info must-gather.tar.gz",)


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
