"""`diag explain`: one cause in words, with its evidence and what to do."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from diag.cli import modelling
from diag.cli.diagnostics import ExitCode
from diag.cli.flags import Flags, flags_of, shared
from diag.cli.group import Examples
from diag.document import Report
from diag.errors import UsageError
from diag.report.look import Look
from diag.views.coverage import GapLine

if TYPE_CHECKING:
    from diag.cli.looking import Looked
    from diag.views.subject import Match

_EXAMPLES = (
    "diag explain --from dump.json pod/ml/llama-ft-0",
    "diag explain deploy/ml/chat --wait 5m",
    'diag explain --demo "too many open files"',
)


@click.command("explain", cls=Examples, examples=_EXAMPLES, configured=True)
@click.argument("subject", nargs=-1, metavar="[SUBJECT]...")
@click.option("--all", "all_", is_flag=True, envvar="DIAG_ALL", help="Explain every cause, not only the worst.")
@modelling.asking
@shared(fail_on="never")
@click.pass_context
def command(ctx: click.Context, /, subject: tuple[str, ...], all_: bool, **asked: Any) -> int:  # noqa: FBT001  # click's
    """Why SUBJECT does not run: kind/name, ns/pod, an id (C1), a rule, a message."""
    from diag.cli.diagnostics import Narrator  # noqa: PLC0415  # help runs nothing
    from diag.cli.following import awaited, settled  # noqa: PLC0415
    from diag.cli.looking import delivered, outputs, refuse_paths, sharing  # noqa: PLC0415
    from diag.views.narrow import narrowed  # noqa: PLC0415

    flags = flags_of(ctx)
    refuse_paths(subject, flags)
    to = outputs(flags)
    narrator = Narrator(quiet=flags.quiet, verbose=flags.verbose)
    text = " ".join(subject)
    if text and flags.share:  # what is asked for may be copied from what was shared
        from diag.cli.redacting import redaction_key  # noqa: PLC0415  # only then

        text = redaction_key(None).pseudonyms().restored(text)
    found = awaited(flags, narrator, settled=(lambda look: settled(look, text, flags)) if text else None)
    report = found.report
    said: Sequence[str] = ()
    seen: Callable[[list[GapLine]], list[GapLine]] | None = None
    share = sharing(flags, found)
    if text:
        from diag.cli.answers import felt  # noqa: PLC0415  # only with a subject
        from diag.views.subject import resolve  # noqa: PLC0415
        from diag.views.wording import listed, named  # noqa: PLC0415

        match = resolve(report, text, namespaces=flags.namespaces, known=found.known(), put_aside=found.put_aside)
        causes = match.causes
        if match.subject and not (causes or match.ignored):
            from diag.views.hosts import at_hosts  # noqa: PLC0415  # mostly the subject has a cause of its own

            hosts = at_hosts(report, match.subject, found.snapshots)
            causes = hosts.causes
            if causes:
                narrator.note(
                    f"{named(match.subject)}: nothing wrong found with it itself, but with where it runs: "
                    f"{listed([named(node) for node in hosts.nodes])}"
                )
        if not causes:
            said = _answered(found, text, match, flags)
            seen = felt(text, match, found.snapshots, share.told if share else list)
        if match.also:
            narrator.note(f"also named in {', '.join(cause.id for cause in match.also)}")
    else:
        causes = tuple(report.causes) if all_ else tuple(report.causes[:1])
    chosen = narrowed(report, {cause.id for cause in causes})
    if not causes:
        told = share.told(said) if share else said

        def draw(shown: Report, form: str, look: Look) -> bytes:
            return _nothing(shown, form, look, told, seen)

        return found.code(delivered(chosen, flags, to, draw, found.hidden, share))
    from diag.report.formats import explain_bytes  # noqa: PLC0415  # only when there is something to explain

    asked = modelling.weighed(ctx, asked, flags)
    if asked["show_prompt"]:
        modelling.show(modelling.preview(chosen, asked))
        return ExitCode.OK
    chosen, ended = modelling.told(chosen, asked, narrator)
    code = delivered(chosen, flags, to, explain_bytes, found.hidden, share)
    return found.code(ended or code)


def _answered(found: "Looked", text: str, match: "Match", flags: Flags) -> list[str]:
    """What is said of a subject without a cause. Raises UsageError, which is no slip where time was over before."""
    from diag.cli.answers import answer  # noqa: PLC0415  # only then

    try:
        return answer(found.report, text, match, flags, found.hidden)
    except UsageError as error:
        error.exit_code = found.code(ExitCode.USAGE)
        raise


def _nothing(
    report: Report, form: str, look: Look, said: Sequence[str], felt: Callable[[list[GapLine]], list[GapLine]] | None
) -> bytes:
    """No cause to explain: what is said instead, and what could not be looked at."""
    from diag.report.formats import TEXTS, explain_bytes  # noqa: PLC0415  # only then

    if form not in TEXTS:
        return explain_bytes(report, form, look)
    from diag.report.text import nothing_found  # noqa: PLC0415

    return nothing_found(report, said, look, felt).encode()
