"""How `diag explain` asks a model: from flags to a choice, and from what came of it to notes and an exit code."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from diag.cli.diagnostics import ExitCode, Narrator
from diag.cli.flags import Flags
from diag.cli.types import duration
from diag.config import Setting, user_folder
from diag.document import Report
from diag.errors import UsageError

if TYPE_CHECKING:
    from diag.llm.engines.engine import Engine, EngineError
    from diag.llm.tell import Choice

CALLS, TOKENS = 20, 100_000


def _option(*names: str, **kwargs: Any) -> Any:
    return click.option(*names, envvar=f"DIAG_{names[0][2:].replace('-', '_').upper()}", **kwargs)


def asking(function: Any) -> Any:
    """The flags about models. The rarer ones are told by `diag model --help`."""
    rare: dict[str, Any] = {"hidden": True}
    for option in reversed((
        _option("--llm", default="auto", metavar="ENGINE", help="off, local, URL, provider:model: diag model -h."),
        _option("--model", metavar="NAME", **rare),
        _option("--language", default="en", metavar="TAG", **rare),
        _option("--show-prompt", is_flag=True, **rare),
        _option("--show-dropped", is_flag=True, **rare),
        _option("--require-llm", is_flag=True, **rare),
        click.option("--no-redact", is_flag=True, **rare),  # has to be typed
        _option("--llm-timeout", type=duration, default="2m", metavar="TIME", **rare),
        _option("--llm-calls", type=click.IntRange(min=0), default=CALLS, metavar="N", **rare),
        _option("--llm-tokens", type=click.IntRange(min=0), default=TOKENS, metavar="N", **rare),
        _option("--llm-price", metavar="IN,OUT", **rare),
        _option("--llm-audit", metavar="FILE", **rare),
        _option("--no-llm-cache", is_flag=True, **rare),
        _option("--api-key-cmd", metavar="COMMAND", **rare),
    )):  # fmt: skip
        function = option(function)
    return function


def weighed(ctx: click.Context, asked: dict[str, Any], flags: Flags) -> dict[str, Any]:
    """The flags about models, once the profile of a context has spoken (`[context."prod-*"] llm = "off"`)."""
    contexts = [path.partition("=")[0] for path in flags.from_ if "=" in path] + ["demo"] * flags.demo
    profile = flags.config.profile((*contexts, *flags.context))
    params = {param.name: param for param in ctx.command.params}
    for name in asked:
        source = ctx.get_parameter_source(name)
        if name in profile and source is not ParameterSource.COMMANDLINE:
            _refuse_stranger(name, profile[name])
            asked = asked | {name: params[name].type_cast_value(ctx, profile[name].value)}
        elif source is ParameterSource.DEFAULT_MAP:
            _refuse_stranger(name, flags.config.settings[name])
    return asked


def _refuse_stranger(name: str, setting: Setting) -> None:
    """Raises UsageError for a command, or a server that is sent prompts and a key, from a file of a project.

    Whoever looks at a dump in a folder of somebody else's must not run what stands there, nor send anything there.
    """
    asks_others = name == "llm" and ":" in str(setting.value)
    if (name == "api_key_cmd" or asks_others) and not setting.origin.startswith(str(user_folder())):
        flag = f"--{name.replace('_', '-')}"
        raise UsageError(
            f"{setting.origin} names {flag} {setting.value!r}, and a project's file may not",
            hint=f"type {flag}, or write it into {user_folder() / 'config.toml'}",
        )


def preview(report: Report, asked: dict[str, Any]) -> str:
    """The prompts as they would be sent, for each cause of the report."""
    from diag.llm.tell import questions  # noqa: PLC0415  # brings the template engine

    engine = _engine(asked, tolerant=True)
    choice = choice_for(report, asked, Narrator(quiet=True, verbose=0))
    parts = []
    for one in questions(report, choice, engine):
        head = f"# {one.cause.id}: {one.prompt.tokens} tokens, templates {one.prompt.version}"
        parts.append(f"{head}\n\n{one.prompt.system}\n\n{one.prompt.user}\n")
    return "\n".join(parts)


def told(report: Report, asked: dict[str, Any], narrator: Narrator) -> tuple[Report, ExitCode]:
    """The report with a model's words, where one is to be asked, and what to exit with if anything but the report."""
    if not report.causes or asked["llm"] == "off":
        return report, ExitCode.OK
    from diag.llm.engines.engine import EngineError  # noqa: PLC0415  # only where a model may be asked

    must = ExitCode.MODEL_FAILED if asked["require_llm"] else ExitCode.OK
    try:
        engine = _engine(asked)
    except EngineError as error:
        narrator.note(f"no model: {error.message}; {error.hint}" if error.hint else f"no model: {error.message}")
        return report, must
    if engine is None:
        if must:
            narrator.note("no model: none is chosen; --llm names one, `diag model use FILE` chooses a local one")
        return report, must
    from diag.llm.tell import tell  # noqa: PLC0415  # brings the template engine

    try:
        ended = tell(report, engine, choice_for(report, asked, narrator))
    finally:
        engine.close()
        narrator.done()
    if ended.failed:
        narrator.note(f"no model: {ended.failed}" + (f"; {ended.hint}" if ended.hint else ""))
    if ended.interrupted:
        return ended.report, ExitCode.INTERRUPTED
    return ended.report, must if ended.failed else ExitCode.OK


def _engine(asked: dict[str, Any], *, tolerant: bool = False) -> Any:
    from diag.llm.engines.choose import engine_for  # noqa: PLC0415  # as above
    from diag.llm.engines.engine import EngineError  # noqa: PLC0415  # as above

    try:
        return engine_for(asked["llm"], asked["model"], asked["api_key_cmd"])
    except EngineError:
        if tolerant:  # a prompt can be looked at without an engine
            return None
        raise


def engine_or_why(asked: dict[str, Any]) -> "tuple[Engine | None, EngineError | None]":
    """The engine that the flags name, or why it cannot be used; neither where no model is to be asked."""
    from diag.llm.engines.engine import EngineError  # noqa: PLC0415  # only where a model may be asked

    try:
        return _engine(asked), None
    except EngineError as error:
        return None, error


def choice_for(report: Report, asked: dict[str, Any], narrator: Narrator) -> "Choice":
    """How models are asked about this report, by the flags."""
    import platformdirs  # noqa: PLC0415  # as above

    from diag.llm.cache import Cache, default_folder  # noqa: PLC0415  # as above
    from diag.llm.prompt import checked_language  # noqa: PLC0415  # as above
    from diag.llm.spending import Spending  # noqa: PLC0415  # as above
    from diag.llm.tell import Choice  # noqa: PLC0415  # as above
    from diag.redact.keys import installation_key  # noqa: PLC0415  # as above
    from diag.redact.names import named_in  # noqa: PLC0415  # as above
    from diag.redact.pseudonyms import Pseudonyms  # noqa: PLC0415  # as above
    from diag.redact.redact import Redactor  # noqa: PLC0415  # as above

    state = Path(platformdirs.user_state_dir("diag", appauthor=False))
    return Choice(
        redactor=Redactor(Pseudonyms(installation_key(state)), named_in(report)),
        spending=Spending(
            most_calls=asked["llm_calls"], most_tokens=asked["llm_tokens"], price=_price(asked["llm_price"])
        ),
        language=checked_language(asked["language"]),
        redact=not asked["no_redact"],
        timeout_s=asked["llm_timeout"],
        cache=None if asked["no_llm_cache"] else Cache(default_folder()),
        audit=Path(asked["llm_audit"]) if asked["llm_audit"] else None,
        show_dropped=asked["show_dropped"],
        say=narrator.note,
        progress=narrator.progress,
    )


def _price(written: str | None) -> tuple[float, float] | None:
    if not written:
        return None
    sent, _, back = written.partition(",")
    try:
        price = float(sent), float(back or sent)
    except ValueError:
        price = (-1.0, -1.0)
    if min(price) < 0:
        raise UsageError(f"--llm-price {written!r} is no price", hint="write 0.15,0.60: for a million tokens in, out")
    return price


def show(text: str) -> None:
    """Writes a preview to stdout."""
    from diag.cli.output import to_stdout  # noqa: PLC0415  # as above
    from diag.report.sanitize import visible  # noqa: PLC0415  # as above

    to_stdout("".join(f"{visible(line)}\n" for line in text.splitlines()).encode("utf-8", "replace"))
