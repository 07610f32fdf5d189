"""`diag ask`: a question about a cause, answered from its facts."""

from pathlib import Path
from typing import Any

import click

from diag.cli import modelling
from diag.cli.complete import files
from diag.cli.flags import flags_of, showing
from diag.cli.group import Examples
from diag.report.answer import FORMATS

_EXAMPLES = (
    'diag ask --from dump.json "which pod blocks the drain?"',
    'diag ask --from dump.json --about pod/ml/llama-ft-0 "what has to happen first?" --llm local',
    'diag ask --from dump.json --history talk.jsonl "and after that?"',
)


@click.command("ask", cls=Examples, examples=_EXAMPLES, configured=True)
@click.argument("question", nargs=-1, required=True, metavar="QUESTION")
@click.option("--about", metavar="SUBJECT", help="Ask about the cause of this: C1, pod/NS/NAME; as for explain.")
@click.option(
    "--history", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), shell_complete=files,
    help="Go on with the talk in FILE, and add to it.",
)  # fmt: skip
@modelling.asking
@showing(FORMATS)
@click.pass_context
def command(
    ctx: click.Context, /, question: tuple[str, ...], *, about: str | None, history: Path | None, **asked: Any
) -> int:
    """Answer QUESTION about a cause: a model's sentences, each proven, or the facts that speak of it.

    What nothing proves is not said: then the snapshot does not say.
    """
    from diag.cli.diagnostics import Narrator  # noqa: PLC0415  # help runs nothing
    from diag.cli.talking import cause_for, delivered_turn, talk  # noqa: PLC0415

    flags = flags_of(ctx)
    narrator = Narrator(quiet=flags.quiet, verbose=flags.verbose)
    text = " ".join(question)
    found, cause = cause_for(flags, narrator, about, text, history)
    turn, code = talk(found.report, cause, text, modelling.weighed(ctx, asked, flags), narrator, history)
    if turn is not None:
        delivered_turn(turn, found, flags)
    return found.code(code)
