"""`diag scan`: run the rules and print the causes."""

import click

from diag.cli.flags import flags_of, shared
from diag.cli.group import Examples

_EXAMPLES = (
    "kubectl get all,nodes,events -A -o json | diag scan --from -",
    "diag scan --context prod -n ml sev:error",
    "diag scan --from must-gather/ -o table -o json=report.json --fail-on warning",
)


@click.command("scan", cls=Examples, examples=_EXAMPLES, configured=True)
@click.argument("words", nargs=-1, metavar="[FILTER]...")
@shared(fail_on="error")
@click.pass_context
def command(ctx: click.Context, /, words: tuple[str, ...], **_: object) -> int:
    """Find what keeps GPU work from running, and the causes. FILTER as for --filter."""
    from diag.cli.diagnostics import ExitCode, Narrator  # noqa: PLC0415  # help runs nothing
    from diag.cli.following import awaited, followed  # noqa: PLC0415
    from diag.cli.looking import Looked, delivered, outputs, refuse_paths, sharing  # noqa: PLC0415
    from diag.report.formats import scan_bytes  # noqa: PLC0415

    flags = flags_of(ctx)
    refuse_paths(words, flags)
    to = outputs(flags)
    narrator = Narrator(quiet=flags.quiet, verbose=flags.verbose)

    def show(found: Looked) -> ExitCode:
        share = sharing(flags, found)
        return found.code(delivered(found.report, flags, to, scan_bytes, found.hidden, share))

    return followed(flags, narrator, words, show) if flags.watch else show(awaited(flags, narrator, words))
