"""`diag model`: local models to explain with, and how a model is asked at all."""

from pathlib import Path

import click

from diag.cli.group import CONTEXT, Examples, format_examples

_EXAMPLES = (
    "diag model pull qwen2.5-1.5b && diag model use qwen2.5-1.5b",
    "diag explain --from dump.json --llm local --model model.gguf",
    "diag explain --from dump.json --llm http://localhost:11434/v1 --model qwen2.5:7b",
)
_FLAGS = (
    ("--llm ENGINE", "auto (a model chosen with `diag model use`, else none), off, local, URL, provider:model"),
    ("--model NAME", "a file or a name of the table for local, a name of the server for a URL"),
    ("--language TAG", "the language of the sentences: en, de, pt-BR"),
    ("--show-prompt", "print what would be sent, and send nothing"),
    ("--show-dropped", "print also sentences that could not be proven, and why"),
    ("--require-llm", "exit with 5 where no model explained"),
    ("--no-redact", "send real names to a model outside of this machine's processes; has to be typed"),
    ("--llm-timeout TIME", "for each call (2m)"),
    ("--llm-calls N, --llm-tokens N", "caps for a run (20 calls, 100000 tokens)"),
    ("--llm-price IN,OUT", "money for a million tokens, to tell what a run costs"),
    ("--llm-audit FILE", "add a line for each question: model, hash of the prompt, tokens, verdict; no text"),
    ("--no-llm-cache", "ask again what was answered already (diag cache)"),
    ("--api-key-cmd COMMAND", "take the key from what COMMAND prints: 'pass show openai'"),
)


class _Group(click.Group):
    """A group whose help leads with examples, and tells the flags of `diag explain` that are about models."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        format_examples(_EXAMPLES, ctx, formatter)
        super().format_help(ctx, formatter)
        with formatter.section("Flags of diag explain"):
            formatter.write_dl(_FLAGS)


@click.group("model", cls=_Group, context_settings=CONTEXT, invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """Models put proven causes into words; each sentence is checked. Without one, a template explains.

    The key for a URL is DIAG_LLM_API_KEY, or what --api-key-cmd prints; a provider's key is its own variable. Names are
    pseudonyms in all that leaves this machine's processes, and secrets are masked everywhere.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command("list", cls=Examples, examples=("diag model list",))
def list_() -> None:
    """Local models that are worth a try. Any other GGUF file of an instruction-tuned model works, too."""
    from diag.llm import models  # noqa: PLC0415  # help runs nothing

    used = models.chosen()
    rows = [("NAME", "SIZE", "MEMORY", "LICENCE", "HERE", "GOOD FOR")]
    for each in models.KNOWN:
        path = models.folder() / each.file
        here = "chosen" if used is not None and used == path.resolve() else "yes" if path.exists() else "no"
        rows.append((each.name, f"{each.size_gb:g} GB", f"{each.memory_gb:g} GB", each.licence, here, each.good_for))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    lines += ["", "How well they explain was not measured. `diag model pull NAME` downloads one from huggingface.co."]
    if used is not None and not any(row[4] == "chosen" for row in rows):
        lines.append(f"Chosen: {used}")
    _out(lines)


@command.command("pull", cls=Examples, examples=("diag model pull qwen2.5-1.5b",))
@click.argument("name")
def pull(name: str) -> None:
    """Download a model of the list; goes on where an earlier download ended, and compares the checksum."""
    from diag.llm import models  # noqa: PLC0415  # help runs nothing

    _out([f"{models.pull(name)}", f"Use it: diag model use {name}"])


@command.command("use", cls=Examples, examples=("diag model use qwen2.5-1.5b", "diag model use none"))
@click.argument("name")
def use(name: str) -> None:
    """Choose the model of `--llm auto`: a name of the list, the path of a GGUF file, or none."""
    from diag.llm import models  # noqa: PLC0415  # help runs nothing
    from diag.llm.engines.local import check_file  # noqa: PLC0415  # as above

    if name == "none":
        models.choose(None)
        _out(["`diag explain` asks no model unless --llm names one."])
        return
    path = models.find(name)
    check_file(path)
    models.choose(path)
    _out([f"`diag explain` asks {path.resolve()} from now on; --llm off for the template alone."])


@command.command("info", cls=Examples, examples=("diag model info model.gguf",))
@click.argument("name")
def info(name: str) -> None:
    """What a model is, by what its file says of itself; loads it where llama-cpp-python is installed."""
    from diag.llm import models  # noqa: PLC0415  # help runs nothing
    from diag.llm.engines.engine import EngineError  # noqa: PLC0415  # as above
    from diag.llm.engines.local import Local, check_file  # noqa: PLC0415  # as above

    path = models.find(name)
    check_file(path)
    lines = [f"file      {path}", f"size      {path.stat().st_size / 1e9:.2f} GB", f"sha256    {models.digest(path)}"]
    try:
        engine = Local(Path(path))
    except EngineError as error:
        _out([*lines, f"not tried  {error.message}; {error.hint}"])
        return
    try:
        told = engine.described(60.0)
    finally:
        engine.close()
    wanted = ("general.name", "general.architecture", "general.license", "general.size_label")
    context = [key for key in told if key.endswith(".context_length")]
    lines += [f"{key.rpartition('.')[2]:9} {told[key]}" for key in (*wanted, *context) if key in told]
    _out([*lines, "It loads."])


def _out(lines: list[str]) -> None:
    from diag.cli.output import to_stdout  # noqa: PLC0415  # help runs nothing
    from diag.report.sanitize import visible  # noqa: PLC0415  # as above

    to_stdout("".join(f"{visible(line).rstrip()}\n" for line in lines).encode("utf-8", "replace"))
