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
    from click.shell_completion import get_completion_class  # noqa: PLC0415  # help runs nothing

    from diag.cli.output import to_stdout  # noqa: PLC0415

    kind = get_completion_class(shell)
    if kind is not None:
        script = kind(ctx.find_root().command, {}, "diag", "_DIAG_COMPLETE")
        # Not `source()`: that starts a bash to ask for its version.
        to_stdout((script.source_template % script.source_vars()).encode())
