"""One turn of a talk: what it is about, what was said before, who answers, and where the answer goes."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from diag.cli import modelling
from diag.cli.answers import answer
from diag.cli.diagnostics import ExitCode, Narrator
from diag.cli.flags import Flags
from diag.cli.looking import Looked, look, looked
from diag.cli.output import deliver, targets
from diag.document import CauseRow, Report
from diag.errors import DiagError, UsageError
from diag.llm.ask import SAYS_NOTHING, Conversation, Turn
from diag.llm.meant import Meant, causes_meant
from diag.report.answer import FORMATS, Answer, answer_bytes
from diag.views.subject import resolve

_MOST = 50  # turns of a history that are read
_MOST_LISTED = 12


def cause_for(
    flags: Flags, narrator: Narrator, about: str | None, question: str, history: Path | None = None
) -> tuple[Looked, CauseRow]:
    """What was looked at, and the cause that the question is about.

    Raises UsageError where there is no cause to ask about, and where it is not told which of several is meant.
    """
    found = looked(flags, narrator)
    report = found.report
    if about:
        match = resolve(report, about, namespaces=flags.namespaces, known=found.known(), put_aside=found.put_aside)
        if not match.causes:
            said = answer(report, about, match, flags, found.hidden)
            raise UsageError(f"{about} has no cause to ask about: {' '.join(said)}", hint="`diag scan` lists causes")
        return found, match.causes[0]
    if not report.causes:
        raise UsageError(
            "there is no cause to ask about: nothing wrong was found", hint="`diag coverage` says what was seen"
        )
    meant = causes_meant(report, question)
    if not meant.named and len(meant.causes) != 1:
        before = _cause_before(report, history)
        if before is None:
            raise _which(report, meant)
        return found, before
    cause, *also = meant.causes
    if also:
        narrator.note(f"about {cause.id}; so may be {', '.join(each.id for each in also)}: --about {also[0].id}")
    return found, cause


def _which(report: Report, meant: Meant) -> UsageError:
    """Asks which cause a question is about that tells of none, or of several."""
    causes = meant.causes or report.causes
    listed = [f"  {cause.id}  {cause.name}: {cause.root}" for cause in causes[:_MOST_LISTED]]
    if len(causes) > _MOST_LISTED:
        listed.append(f"  and {len(causes) - _MOST_LISTED} more")
    return UsageError(
        "\n".join(("about which cause?", *listed)),
        hint=f"name the cause or one of its objects, or add --about {causes[0].id}",
    )


def _cause_before(report: Report, history: Path | None) -> CauseRow | None:
    """The cause of the last turn of a talk that is gone on with."""
    last = next((turn.cause for turn in reversed(_turns(history))), "")
    return next((cause for cause in report.causes if cause.id == last), None)


def talk(
    report: Report, cause: CauseRow, question: str, asked: dict[str, Any], narrator: Narrator, history: Path | None
) -> tuple[Turn | None, ExitCode]:
    """The answer, kept in the history, and an exit code; no answer where only the prompt is to be shown."""
    engine, failed = modelling.engine_or_why(asked)
    choice = modelling.choice_for(report, asked, narrator)
    said = Conversation(report, engine, choice, cause=cause, turns=_turns(history))
    try:
        if asked["show_prompt"]:
            made = said.prompt(question)
            modelling.show(
                f"# {cause.id}: {made.tokens} tokens, templates {made.version}\n\n{made.system}\n\n{made.user}\n"
            )
            return None, ExitCode.OK
        turn = said.ask(question)
    finally:
        if engine is not None:
            engine.close()
        narrator.done()
    if failed is not None:
        turn.failed, turn.hint = failed.message, failed.hint
        turn.note += f"; no model answered: {failed.message}"
    if turn.failed:
        narrator.note(f"no model: {turn.failed}" + (f"; {turn.hint}" if turn.hint else ""))
    if history is not None:
        _keep(history, turn)
    unasked = asked["require_llm"] and (turn.failed or engine is None)
    return turn, ExitCode.MODEL_FAILED if unasked else ExitCode.OK


def delivered_turn(turn: Turn, found: Looked, flags: Flags) -> None:
    """Writes the answer in the formats that were asked for."""
    shown = Answer(
        question=turn.question, cause=turn.cause, engine=turn.engine, model=turn.model, sentences=turn.sentences,
        note=turn.note, dropped=turn.dropped, says_nothing=SAYS_NOTHING,
    )  # fmt: skip
    to = targets(flags.output, FORMATS, "table" if sys.stdout.isatty() else "plain", flags.from_)
    deliver(to, lambda target: answer_bytes(shown, found.report, target.form, look(flags, target)))


def _turns(history: Path | None) -> list[Turn]:
    if history is None or not history.exists():
        return []
    try:
        lines = history.read_bytes().splitlines()[-_MOST:]
        return [msgspec.json.decode(line, type=Turn) for line in lines if line.strip()]
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DiagError(f"cannot read the history {history}: {error}", hint="name a new file") from error


def _keep(history: Path, turn: Turn) -> None:
    try:
        with history.open("ab") as file:
            file.write(msgspec.json.encode(turn) + b"\n")
    except OSError as error:
        raise DiagError(
            f"cannot write the history {history}: {error.strerror or error}", hint="name another"
        ) from error
