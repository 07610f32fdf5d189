"""The flags that `scan` and `explain` share. Each has a variable `DIAG_<NAME>` and a key in the configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click
from click.core import ParameterSource

from diag.cli.types import duration, moment, size
from diag.config import Config
from diag.report.formats import FORMATS

_SEVERITIES = ("error", "warning", "info", "never")


def _flag(*names: str, **kwargs: Any) -> Callable[[Any], Any]:
    """One option with its variable; the variable of a repeatable one holds words."""
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    return click.option(*names, envvar=f"DIAG_{long[2:].replace('-', '_').upper()}", **kwargs)


_Options = tuple[Callable[[Any], Any], ...]

_SOURCES: _Options = (
    _flag("--from", "from_", multiple=True, metavar="[NAME=]PATH", help="File, folder, archive or - (stdin)."),
    _flag("--demo", is_flag=True, help="Look at the built-in example."),
)
_CHOICES: _Options = (
    _flag("-n", "--namespace", multiple=True, metavar="NS", help="Show symptoms of this namespace."),
    _flag("-A", "--all-namespaces", is_flag=True, help="Show symptoms of all (the default)."),
    _flag("-l", "--selector", metavar="LABELS", help="Show symptoms of objects with these labels."),
    _flag("--filter", metavar="TERMS", multiple=True, help="Show matching causes: sev:error age>10m -ns:dev."),
    _flag("--select", multiple=True, metavar="RULES", help="Run these rules only: QUO*,SCH101."),
    _flag("--ignore", multiple=True, metavar="RULES", help="Leave these rules out: QUO*,SCH101."),
    _flag("--since", type=duration, metavar="TIME", help="Show symptoms younger than this: 2h."),
)
_NOW: _Options = (_flag("--now", type=moment, metavar="TIME", help="Take this as the time of the snapshot."),)
_SHOWN: _Options = (
    _flag("-o", "--output", multiple=True, metavar="FORMAT[=PATH]", help=", ".join(FORMATS)),
    _flag("--limit", type=click.IntRange(min=1), metavar="N", help="Show N causes at most, in texts."),
    _flag("--strict", is_flag=True, help="Exit with 4 if parts could not be checked."),
    _flag("--show-ignored", is_flag=True, help="List what was ignored, and why."),
)
_MANNERS: _Options = (
    _flag("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors."),
    _flag("-v", "--verbose", count=True, help="Say more on stderr; -vv everything."),
    _flag(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        metavar="WHEN",
        help="auto, always or never (also NO_COLOR).",
    ),
    _flag("--ascii", is_flag=True, help="Draw with ASCII characters only."),
    _flag("--width", type=click.IntRange(min=20), hidden=True),
    _flag("--max-bytes", type=size, metavar="SIZE", help="Read at most this much: 2Gi."),
    _flag("--max-objects", type=click.IntRange(min=1), metavar="N", help="Read at most N objects."),
    _flag("--max-files", type=click.IntRange(min=1), metavar="N", help="Read at most N files."),
)


def shared(*, fail_on: str) -> Callable[[Any], Any]:
    """All shared flags; `fail_on` is this command's threshold when none is given."""

    def decorate(function: Any) -> Any:
        threshold = _flag(
            "--fail-on",
            type=click.Choice(_SEVERITIES),
            default=fail_on,
            metavar="SEVERITY",
            help="Exit 1 from error, warning, info on; or never.",
        )
        return _with(function, (*_SOURCES, *_CHOICES, *_NOW, *_SHOWN, *_MANNERS, threshold))

    return decorate


def reading(function: Any) -> Any:
    """Only the flags that say what is read and how a text is drawn, for commands that show no causes."""
    return _with(function, (*_SOURCES, *_NOW, *_MANNERS))


def _with(function: Any, options: _Options) -> Any:
    for option in reversed(options):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The values of the shared flags once flag, profile, variable, file and default were weighed.

    Those with a default are of commands that show causes.
    """

    from_: tuple[str, ...]
    demo: bool
    namespace: tuple[str, ...] = ()
    all_namespaces: bool = False
    selector: str | None = None
    filter: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    since: float | None = None
    now: str | None
    output: tuple[str, ...] = ()
    limit: int | None = None
    strict: bool = False
    show_ignored: bool = False
    quiet: bool
    verbose: int
    color: str
    ascii: bool
    width: int | None
    max_bytes: int | None
    max_objects: int | None
    max_files: int | None
    fail_on: str = "never"
    config: Config

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that were asked for; `-A` asks for all, whatever a file says."""
        return () if self.all_namespaces else self.namespace


def flags_of(ctx: click.Context) -> Flags:
    """The weighed values of this command. A profile of the context loses only to a typed flag."""
    config = ctx.find_object(Config) or Config()
    values = {name: ctx.params[name] for name in Flags.__dataclass_fields__ if name in ctx.params}
    contexts = [path.partition("=")[0] for path in values["from_"] if "=" in path] + ["demo"] * values["demo"]
    profile = {_param(ctx, name): each.value for name, each in config.profile(contexts).items()}
    for param in ctx.command.params:
        typed = ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
        if param.name in profile and param.name in values and not typed:
            values[param.name] = param.type_cast_value(ctx, profile[param.name])
    # A namespace that is typed stands against an -A from a file, and the other way round.
    if ctx.get_parameter_source("namespace") is ParameterSource.COMMANDLINE and values.get("namespace"):
        values["all_namespaces"] &= ctx.get_parameter_source("all_namespaces") is ParameterSource.COMMANDLINE
    return Flags(**values, config=config)


def _param(ctx: click.Context, setting: str) -> str:
    names = {each.name for each in ctx.command.params}
    return f"{setting}_" if f"{setting}_" in names else setting
