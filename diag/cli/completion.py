"""`diag completion`: the lines that teach a shell to complete `diag`."""

import click

from diag.cli.group import Examples

_EXAMPLES = (
    'eval "$(diag completion bash)"                                # in ~/.bashrc',
    'eval "$(diag completion zsh)"                                 # in ~/.zshrc',
    "diag completion fish > ~/.config/fish/completions/diag.fish",
)


@click.command("completion", cls=Examples, examples=_EXAMPLES)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print completion for a SHELL."""
    from diag.cli.output import to_stdout  # noqa: PLC0415  # help runs nothing
    from diag.cli.shells import kinds  # noqa: PLC0415

    script = kinds()[shell](ctx.find_root().command, {}, "diag", "_DIAG_COMPLETE")
    # Not `source()`: that starts a bash to ask for its version.
    to_stdout((script.source_template % script.source_vars()).encode())
