"""`diag doctor`: what this installation can use, and how to mend what it cannot."""

import click

from diag.cli.flags import connecting, flags_of
from diag.cli.group import Examples

_EXAMPLES = (
    "diag doctor",
    "diag doctor --context prod",
    "diag doctor --kubeconfig ~/.kube/other",
)


@click.command("doctor", cls=Examples, examples=_EXAMPLES, configured=True)
@connecting
@click.pass_context
def command(ctx: click.Context, /, **_: object) -> int:
    """Check configuration, contexts, rights, extras and folders; each fault with its remedy."""
    from diag.cli.checks import checks  # noqa: PLC0415  # help runs nothing
    from diag.cli.diagnostics import ExitCode  # noqa: PLC0415
    from diag.report.sanitize import visible  # noqa: PLC0415

    worst = ExitCode.OK
    for found in checks(flags_of(ctx)):
        click.echo(visible(f"{found.verdict:<5} {found.what}: {found.says}"))
        if found.fix:
            click.echo(visible(f"      {found.fix}"))
        if found.verdict == "fail":
            worst = ExitCode.COULD_NOT_LOOK
    return worst
