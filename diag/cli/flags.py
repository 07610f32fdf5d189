"""The flags that `scan` and `explain` share. Each has a variable `DIAG_<NAME>` and a key in the configuration."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from diag.cli.complete import contexts, files, formats, rules
from diag.cli.types import duration, moment, size, written_duration
from diag.config import Config
from diag.report.formats import FORMATS

_SEVERITIES = ("error", "warning", "info", "never")


def _flag(*names: str, **kwargs: Any) -> Callable[[Any], Any]:
    """One option with its variable; the variable of a repeatable one holds words."""
    long = next(name for name in names if name.startswith("--")).split("/")[0]
    return click.option(*names, envvar=f"DIAG_{long[2:].replace('-', '_').upper()}", **kwargs)


_Options = tuple[Callable[[Any], Any], ...]

_DEMO = _flag("--demo", is_flag=True, help="Look at the built-in example.")
_SOURCES: _Options = (
    _flag(
        "--from",
        "from_",
        multiple=True,
        metavar="[NAME=]PATH",
        shell_complete=files,
        help="File, folder or - (stdin).",
    ),
    _DEMO,
)
_CLUSTERS: _Options = (
    _flag("--context", multiple=True, metavar="NAME", shell_complete=contexts, help="Look at this context; or all."),
    _flag("--kubeconfig", metavar="FILE", shell_complete=files, help="Take contexts and credentials from FILE."),
    _flag("--as", "as_", metavar="USER", help="Act as this user, as with kubectl."),
    _flag("--as-group", multiple=True, metavar="GROUP", help="Act as a member of this group."),
    _flag("--request-timeout", type=duration, metavar="TIME", help="Give up a request after this long: 30s."),
    _flag("--timeout", type=duration, metavar="TIME", help="Report what was read by then (exit 124): 2m."),
    _flag("--all-resources", is_flag=True, help="List also kinds that no rule reads."),
)
_FOLLOWING: _Options = (
    _flag("-w", "--watch", is_flag=True, help="Go on watching, and print what changes."),
    _flag("--wait", type=duration, metavar="TIME", help="Look until there is a cause, or for TIME: 5m."),
)
_CHOICES: _Options = (
    _flag("-n", "--namespace", multiple=True, metavar="NS", help="Show symptoms of these namespaces: ml,'dev-*'."),
    _flag("-A", "--all-namespaces", is_flag=True, help="Show symptoms of all (the default)."),
    _flag("-l", "--selector", metavar="LABELS", help="Show symptoms of objects with these labels."),
    _flag("--filter", metavar="TERMS", multiple=True, help="Show matching causes: sev:error age>10m -ns:dev."),
    _flag("--select", multiple=True, metavar="RULES", shell_complete=rules, help="Run these rules only: QUO*,SCH101."),
    _flag("--ignore", multiple=True, metavar="RULES", shell_complete=rules, help="Leave these rules out: QUO*,SCH101."),
    _flag("--since", type=duration, metavar="TIME", help="Show symptoms younger than this: 2h."),
)
_NOW: _Options = (_flag("--now", type=moment, metavar="TIME", help="Take this as the time of the snapshot."),)
_SHOWN: _Options = (
    _flag(
        "-o",
        "--output",
        multiple=True,
        metavar="FORMAT[=PATH]",
        shell_complete=formats(FORMATS),
        help=", ".join(FORMATS),
    ),
    _flag("--limit", type=click.IntRange(min=1), metavar="N", help="Show N causes at most, in texts."),
    _flag("--strict", is_flag=True, help="Exit with 4 if parts could not be checked."),
    _flag("--show-ignored", is_flag=True, help="List what was ignored, and why."),
    _flag("--share", is_flag=True, help="Write pseudonyms in place of names, to pass it on."),
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
    _flag("--width", type=click.IntRange(min=20, max=10_000), hidden=True),
    _flag("--max-bytes", type=size, metavar="SIZE", hidden=True, help="Read at most this much: 2Gi."),
    _flag("--max-objects", type=click.IntRange(min=1), metavar="N", hidden=True, help="Read at most N objects."),
    _flag("--max-files", type=click.IntRange(min=1), metavar="N", hidden=True, help="Read at most N files."),
    _flag(
        "--max-ratio",
        type=click.IntRange(min=1),
        metavar="N",
        hidden=True,
        help="Read what expands to N times its size.",
    ),
    _flag(
        "--max-path",
        type=click.IntRange(min=1),
        metavar="N",
        hidden=True,
        help="Read members with names of N characters.",
    ),
    _flag("--max-log-bytes", type=size, metavar="SIZE", hidden=True, help="Read the last SIZE of each log: 2Mi."),
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
        return _with(function, (*_SOURCES, *_CLUSTERS, *_FOLLOWING, *_CHOICES, *_NOW, *_SHOWN, *_MANNERS, threshold))

    return decorate


def reading(function: Any) -> Any:
    """Only the flags that say what is read and how a text is drawn, for commands that show no causes."""
    return _with(function, (*_SOURCES, *_CLUSTERS, *_NOW, *_MANNERS))


def showing(forms: Sequence[str]) -> Callable[[Any], Any]:
    """What is read, which troubles are shown and how, for the commands that print one screen in these formats."""
    output = _flag(
        "-o", "--output", multiple=True, metavar="FORMAT[=PATH]", shell_complete=formats(forms), help=", ".join(forms)
    )
    limit = _flag("--limit", type=click.IntRange(min=1), metavar="N", help="Show N lines at most, in texts.")
    return lambda function: _with(function, (*_SOURCES, *_CLUSTERS, *_CHOICES, *_NOW, output, limit, *_MANNERS))


def connecting(function: Any) -> Any:
    """Only the flags of clusters, and how a text is drawn."""
    return _with(function, (*_CLUSTERS[:5], *_MANNERS[:2]))


def watching(function: Any) -> Any:
    """What is read and which troubles are shown, for what draws on a terminal of its own."""
    return _with(function, (*_SOURCES, *_CLUSTERS, *_CHOICES, *_NOW, *_MANNERS))


def opening(function: Any) -> Any:
    """The same for commands that take the paths as words."""
    return _with(function, (_DEMO, *_NOW, *_MANNERS))


def _with(function: Any, options: _Options) -> Any:
    for option in reversed(options):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The values of the shared flags once flag, profile, variable, file and default were weighed.

    Those with a default are of commands that show causes.
    """

    from_: tuple[str, ...] = ()
    demo: bool = False
    context: tuple[str, ...] = ()
    kubeconfig: str | None = None
    as_: str | None = None
    as_group: tuple[str, ...] = ()
    request_timeout: float | None = None
    timeout: float | None = None
    watch: bool = False
    wait: float | None = None
    all_resources: bool = False
    namespace: tuple[str, ...] = ()
    all_namespaces: bool = False
    selector: str | None = None
    filter: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    since: float | None = None
    now: str | None = None
    output: tuple[str, ...] = ()
    limit: int | None = None
    strict: bool = False
    show_ignored: bool = False
    share: bool = False
    quiet: bool = False
    verbose: int = 0
    color: str = "auto"
    ascii: bool = False
    width: int | None = None
    max_bytes: int | None = None
    max_objects: int | None = None
    max_files: int | None = None
    max_ratio: int | None = None
    max_path: int | None = None
    max_log_bytes: int | None = None
    fail_on: str = "never"
    config: Config
    origins: Mapping[str, str]
    again: str

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that were asked for; `-A` asks for all, whatever a file says."""
        return () if self.all_namespaces else commas(self.namespace)

    def hiding(self) -> list[str]:
        """What keeps causes from being shown, as it is typed, with its origin where nobody typed it."""
        chosen = {
            "namespace": ("-n", ",".join(self.namespaces)),
            "selector": ("-l", self.selector or ""),
            "since": ("--since", "" if self.since is None else written_duration(self.since)),
            "filter": ("--filter", " ".join(self.filter)),
        }
        return [
            f"{flag} {shlex.quote(value)}" + (f" ({self.origins[name]})" if name in self.origins else "")
            for name, (flag, value) in chosen.items()
            if value
        ]


def commas(written: tuple[str, ...]) -> tuple[str, ...]:
    """Words as they are written: repeated flags, commas, or both."""
    return tuple(each.strip() for text in written for each in text.split(",") if each.strip())


def flags_of(ctx: click.Context) -> Flags:
    """The weighed values of this command. A profile of the context loses only to a typed flag."""
    config = ctx.find_object(Config) or Config()
    values = {name: ctx.params[name] for name in Flags.__dataclass_fields__ if name in ctx.params}
    contexts = [path.partition("=")[0] for path in values.get("from_", ()) if "=" in path]
    contexts += ["demo"] * values.get("demo", False)
    contexts += values.get("context", ())
    profile = {_param(ctx, name): each.value for name, each in config.profile(contexts).items()}
    for param in ctx.command.params:
        if param.name in profile and param.name in values and not _typed(ctx, param.name):
            values[param.name] = param.type_cast_value(ctx, profile[param.name])
    for name, contradicting in _CONTRADICTING.items():
        if values.get(name) and _typed(ctx, name):
            fields = Flags.__dataclass_fields__
            values |= {each: fields[each].default for each in contradicting if each in values and not _typed(ctx, each)}
    origins = {name: origin for name in values if (origin := _origin(ctx, name, config))}
    origins |= {
        _param(ctx, name): each.origin
        for name, each in config.profile(contexts).items()
        if not _typed(ctx, _param(ctx, name))
    }
    return Flags(**values, config=config, origins=origins, again=_again(ctx, share=values.get("share") is True))


# What a typed flag stands against where it comes from a file, a variable or a profile (-A does so by itself).
_CONTRADICTING = {
    "namespace": ("all_namespaces",),
    "from_": ("demo", "wait", "watch"),
    "demo": ("from_", "wait", "watch"),
}
# What decides which causes there are, and which numbers they have.
_REPEATED = (
    "from_",
    "demo",
    "context",
    "kubeconfig",
    "as_",
    "as_group",
    "all_resources",
    "namespace",
    "all_namespaces",
    "selector",
    "select",
    "ignore",
    "since",
    "now",
)


# What stands in their place in a command that is passed on: they name files, contexts, people.
_NAMELESS = {
    "from_": "FILE",
    "context": "CONTEXT",
    "kubeconfig": "FILE",
    "as_": "USER",
    "as_group": "GROUP",
    "namespace": "NS",
    "selector": "LABELS",
}


def _again(ctx: click.Context, *, share: bool) -> str:
    """The typed flags with which another command would look at the same; without names where it is to be shared."""
    words: list[str] = []
    for param in ctx.command.params:
        if param.name in _REPEATED and _typed(ctx, param.name):
            value = ctx.params[param.name]
            values = value if isinstance(value, tuple) else (value,)
            for each in values:
                words.append(param.opts[0])
                if share and param.name in _NAMELESS:
                    words.append(_NAMELESS[param.name])
                    continue
                words += [] if each is True else [written_duration(each) if isinstance(each, float) else str(each)]
    return shlex.join([*words, "--share"] if share else words)


def for_others(again: str) -> str:
    """The flags of `Flags.again` in a text that is read elsewhere: files by their own names, and no kubeconfig.

    Where two files have the same name, they keep their folders.
    """
    told: list[str] = []
    files: list[str] = []
    words = iter(shlex.split(again))
    for word in words:
        if word == "--kubeconfig":
            next(words, "")
            continue
        told.append(word)
        if word == "--from" and (given := next(words, "")):
            name, equals, path = given.partition("=")
            named = equals and not {*name} & {*"/\\"}
            own = Path(path if named else given).name
            if own == "-" and "/" in given:
                own = "./-"  # a file, and not what is piped in
            told.append((f"{name}={own}" if named else own) if own else given)
            files.append(own)
    return shlex.join(told) if len({*files}) == len(files) else again


def _typed(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _origin(ctx: click.Context, name: str, config: Config) -> str:
    """Where a value came from that nobody typed, empty for a typed one and for a default."""
    match ctx.get_parameter_source(name):
        case ParameterSource.ENVIRONMENT:
            return f"variable DIAG_{name.rstrip('_').upper()}"
        case ParameterSource.DEFAULT_MAP:
            setting = config.settings.get(name.rstrip("_"))
            return setting.origin if setting else ""
        case _:
            return ""


def _param(ctx: click.Context, setting: str) -> str:
    names = {each.name for each in ctx.command.params}
    return f"{setting}_" if f"{setting}_" in names else setting
