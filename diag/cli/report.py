"""`diag report`: what broke and why, for the places where people look after a failed pipeline."""

import click

from diag.cli.complete import files
from diag.cli.flags import flags_of, shared
from diag.cli.group import Examples
from diag.document import Report
from diag.report.look import Look

_EXAMPLES = (
    "diag report --from diag.jsonl.gz -o github -o junit=diag.xml -o html=diag.html",
    "diag report --from dump.json -n ml --since 30m -o markdown",
    "diag report --from today.json --baseline yesterday.json --fail-on error",
)


@click.command("report", cls=Examples, examples=_EXAMPLES, configured=True)
@click.argument("words", nargs=-1, metavar="[FILTER]...")
@click.option(
    "--baseline",
    metavar="FILE",
    shell_complete=files,
    envvar="DIAG_BASELINE",
    help="Show and count only what is new or worse since this report (-o json).",
)
@click.option(
    "--beside",
    metavar="FILE",
    shell_complete=files,
    envvar="DIAG_BESIDE",
    help="Show what k8sgpt found (its JSON) beside the causes.",
)
@click.option(
    "--junit-warnings",
    type=click.Choice(["fail", "pass"]),
    default="fail",
    metavar="fail|pass",
    envvar="DIAG_JUNIT_WARNINGS",
    help="Whether a warning is a failed case of junit (fail).",
)
@shared(fail_on="never")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    words: tuple[str, ...],
    *,
    baseline: str | None,
    beside: str | None,
    junit_warnings: str,
    **_: object,
) -> int:
    """Write what was found in any number of formats. It fails for nothing that it finds, unless --fail-on asks."""
    from dataclasses import replace  # noqa: PLC0415  # help runs nothing

    from diag.cli.baseline import fresh, old_report  # noqa: PLC0415
    from diag.cli.diagnostics import Narrator  # noqa: PLC0415
    from diag.cli.following import awaited  # noqa: PLC0415
    from diag.cli.looking import Looked, delivered, outputs, refuse_paths, sharing  # noqa: PLC0415
    from diag.errors import UsageError  # noqa: PLC0415
    from diag.report.formats import scan_bytes  # noqa: PLC0415
    from diag.views.beside import read, tied  # noqa: PLC0415

    flags = flags_of(ctx)
    refuse_paths(words, flags)
    to = outputs(flags)
    old = old_report(baseline) if baseline else None
    others = read(beside) if beside else None
    if flags.watch:
        raise UsageError("a report is written once, and --watch goes on", hint="diag scan --watch, or --wait 5m")

    def new(found: Looked) -> Looked:
        return fresh(found, old, baseline) if old is not None and baseline else found

    narrator = Narrator(quiet=flags.quiet, verbose=flags.verbose)
    found = new(awaited(flags, narrator, words, settled=lambda look: bool(new(look).report.causes)))
    shown = tied(found.report, others) if others is not None else found.report
    troubles, share = found.troubles, sharing(flags, found)

    def render(report: Report, form: str, look: Look) -> bytes:
        if form == "junit" and junit_warnings == "pass":
            look = replace(look, passing=("info", "warning"))
        if form != "html":
            return scan_bytes(report, form, look)
        from diag.report.formats.html import page  # noqa: PLC0415  # brings the template engine
        from diag.views.gpus import gpus  # noqa: PLC0415  # as above

        nodes = gpus(shown, troubles)
        return page(report, look, share.told(nodes) if share else nodes)

    return found.code(delivered(shown, flags, to, render, found.hidden, share))
