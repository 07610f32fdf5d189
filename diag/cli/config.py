"""`diag config`: what is configured, where each value came from, what a file may hold."""

import json
import os

import click

from diag.cli.group import CONTEXT, Examples

_UNSET = "-"


@click.group("config", context_settings=CONTEXT, invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """Show the configuration, its files, or its schema."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("show", cls=Examples, examples=("diag config show", "DIAG_FAIL_ON=warning diag config show"))
def show() -> None:
    """Print each value and where it came from."""
    from diag import config  # noqa: PLC0415  # help runs nothing
    from diag.cli.output import to_stdout  # noqa: PLC0415
    from diag.report.sanitize import visible  # noqa: PLC0415

    found = config.load()
    rows: list[tuple[str, str, str]] = []
    for name, default in _defaults().items():
        variable = f"DIAG_{name.upper()}"
        if os.environ.get(variable):
            value, origin = os.environ[variable], f"variable {variable}"
        elif name in found.settings:
            value, origin = _written(found.settings[name].value), found.settings[name].origin
        else:
            value, origin = default, "default"
        rows.append((name.replace("_", "-"), value, origin))
    for pattern, settings in found.profiles.items():
        rows += [(f'context."{pattern}".{name}', _written(each.value), each.origin) for name, each in settings.items()]
    for each in found.ignores:
        until = f" until {each.until}" if each.until else ""
        rows.append(("ignore", f"{each.rule} {each.subject}{until}: {each.reason}", each.origin))
    widths = [max(len(row[at]) for row in rows) for at in (0, 1)]
    lines = [f"{name:{widths[0]}}  {visible(value):{widths[1]}}  {origin}" for name, value, origin in rows]
    to_stdout("".join(f"{line}\n" for line in lines).encode())


@command.command("path", cls=Examples, examples=("diag config path",))
def path() -> None:
    """Print the places that are looked at, the strongest first."""
    from diag import config  # noqa: PLC0415  # help runs nothing
    from diag.cli.output import to_stdout  # noqa: PLC0415

    lines = [f"{each}  {'found' if each.is_file() else 'not there'}\n" for each in config.places()]
    to_stdout("".join(lines).encode())


@command.command("schema", cls=Examples, examples=("diag config schema > diag.toml.schema.json",))
def schema() -> None:
    """Print the JSON Schema of a configuration file, for editors."""
    from diag import config  # noqa: PLC0415  # help runs nothing
    from diag.cli.output import to_stdout  # noqa: PLC0415

    to_stdout(json.dumps(config.schema(), indent=2).encode() + b"\n")


def _defaults() -> dict[str, str]:
    """Every setting with its default: those of `scan` and `explain`, one of `fail-on` for each."""
    from diag.cli import explain, scan  # noqa: PLC0415  # help runs nothing

    defaults = {}
    for param in (*scan.command.params, *explain.command.params):
        if isinstance(param, click.Option) and param.envvar and param.name:
            given = param.default
            plain = isinstance(given, str | int | float) and not isinstance(given, bool) and given != 0
            defaults[param.name.rstrip("_")] = str(given) if plain else _UNSET
    defaults["fail_on"] = "error (scan), never (explain)"
    return defaults


def _written(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
