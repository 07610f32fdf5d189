"""`diag cache`: what is kept of models' answers."""

import click

from diag.cli.group import CONTEXT, Examples


@click.group("cache", context_settings=CONTEXT, invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """Answers of models, kept with pseudonyms in place of names; the same question needs no second call."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("info", cls=Examples, examples=("diag cache info",))
def info() -> None:
    """Where the cache lies, and how much is in it."""
    from diag.cli.output import to_stdout  # noqa: PLC0415  # help runs nothing
    from diag.llm.cache import Cache, default_folder  # noqa: PLC0415  # as above
    from diag.views.wording import counted  # noqa: PLC0415  # as above

    files = Cache(default_folder()).files()
    size = sum(path.stat().st_size for path in files)
    to_stdout(f"{default_folder()}: {counted(len(files), 'answer')}, {size:,} bytes\n".encode())


@command.command("clear", cls=Examples, examples=("diag cache clear",))
def clear() -> None:
    """Delete what is kept."""
    from diag.cli.output import to_stdout  # noqa: PLC0415  # help runs nothing
    from diag.errors import DiagError  # noqa: PLC0415  # as above
    from diag.llm.cache import Cache, default_folder  # noqa: PLC0415  # as above
    from diag.views.wording import counted  # noqa: PLC0415  # as above

    files = Cache(default_folder()).files()
    try:
        for path in files:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise DiagError(f"cannot delete {error.filename}: {error.strerror}", hint="see its permissions") from error
    to_stdout(f"{counted(len(files), 'answer')} deleted\n".encode())
