"""`diag explain`: one cause in words, with its evidence and what to do."""

from collections.abc import Callable, Iterable, Sequence

import click

from diag.cli.flags import Flags, flags_of, shared
from diag.cli.group import Examples
from diag.document import RefRow, Report
from diag.errors import UsageError
from diag.report.look import Look

_EXAMPLES = (
    "diag explain --from dump.json pod/ml/llama-ft-0",
    "diag explain --from dump.json C1",
    "diag explain --demo --all",
)


@click.command("explain", cls=Examples, examples=_EXAMPLES, configured=True)
@click.argument("subject", nargs=-1, metavar="[SUBJECT]")
@click.option("--all", "all_", is_flag=True, envvar="DIAG_ALL", help="Explain every cause, not only the worst.")
@shared(fail_on="never")
@click.pass_context
def command(ctx: click.Context, /, subject: tuple[str, ...], all_: bool, **_: object) -> int:  # noqa: FBT001  # click's
    """Why SUBJECT does not run. SUBJECT: kind/name, kind/ns/name, ns/pod, an id (C1), a fingerprint, a pasted line."""
    from diag.cli.diagnostics import Narrator  # noqa: PLC0415  # help runs nothing
    from diag.cli.looking import delivered, examined, outputs  # noqa: PLC0415

    flags = flags_of(ctx)
    to = outputs(flags)
    narrator = Narrator(quiet=flags.quiet, verbose=flags.verbose)
    report, known = examined(flags, narrator)
    text = " ".join(subject)
    chosen, sentence = _chosen(report, text, flags, known) if text else _worst(report, everything=all_)
    if not chosen.causes:
        return delivered(chosen, flags, to, lambda scanned, form, look: _nothing(scanned, form, look, sentence))
    from diag.report.formats import explain_bytes  # noqa: PLC0415  # only when there is something to explain

    return delivered(chosen, flags, to, explain_bytes)


def _worst(report: Report, *, everything: bool) -> tuple[Report, str]:
    from diag.views.causes import summary_line  # noqa: PLC0415  # help runs nothing
    from diag.views.narrow import narrowed  # noqa: PLC0415

    kept = report.causes if everything else report.causes[:1]
    return narrowed(report, {cause.id for cause in kept}), summary_line(report)


def _chosen(report: Report, text: str, flags: Flags, known: Callable[[], Iterable[RefRow]]) -> tuple[Report, str]:
    """The report about this subject. Raises UsageError with what is nearest when nothing has that name."""
    from diag.views.narrow import narrowed  # noqa: PLC0415  # help runs nothing
    from diag.views.subject import resolve  # noqa: PLC0415
    from diag.views.wording import named  # noqa: PLC0415

    match = resolve(report, text, namespaces=flags.namespaces)
    if not match.causes and match.subject is None:
        match = resolve(report, text, namespaces=flags.namespaces, known=known())
    if not match.causes and match.subject is None:
        raise UsageError(
            f"nothing that was read is called {text!r}: it is misspelt or not in the files",
            hint=_suggested(match.suggestions),
        )
    subject = named(match.subject) if match.subject else text
    return narrowed(report, {cause.id for cause in match.causes}), f"Nothing wrong found with {subject}."


def _suggested(names: Sequence[str]) -> str:
    if names:
        return f"did you mean {' or '.join(names)}?"
    return (
        "`diag scan` lists what there is to explain; a subject is kind/name, kind/ns/name, ns/pod or an id such as C1"
    )


def _nothing(report: Report, form: str, look: Look, sentence: str) -> bytes:
    """No cause to explain: the sentence, and what could not be looked at."""
    from diag.report.formats import TEXTS, explain_bytes  # noqa: PLC0415  # only then

    if form not in TEXTS:
        return explain_bytes(report, form, look)
    from diag.report.text import nothing_found  # noqa: PLC0415

    return nothing_found(report, sentence, look).encode()
