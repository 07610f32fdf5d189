"""`diag rbac`: the rights that a look at a cluster needs, as a role; `--check` asks the server which are missing."""

import click

from diag.cli.flags import connecting, flags_of
from diag.cli.group import Examples

_EXAMPLES = (
    "diag rbac | kubectl apply -f -",
    "diag rbac --role -n ml",
    "diag rbac --check --context prod",
)


@click.command("rbac", cls=Examples, examples=_EXAMPLES, configured=True)
@click.option("--role", is_flag=True, help="A Role for one namespace (-n) instead of a ClusterRole.")
@click.option(
    "-n", "--namespace", multiple=True, metavar="NS", envvar="DIAG_NAMESPACE", help="The namespace of --role."
)
@click.option("--check", is_flag=True, help="Ask the server which of these rights you have.")
@click.option("--name", default="diag", metavar="NAME", help="What to call the role.")
@connecting
@click.pass_context
def command(ctx: click.Context, /, *, role: bool, check: bool, name: str, **_: object) -> int | None:
    """Print the exact role that the rules need: reading only, no Secrets, no wildcard."""
    from diag.cli.rights import checked, printed  # noqa: PLC0415  # help runs nothing

    flags = flags_of(ctx)
    if check:
        return checked(flags)
    printed(name, role=role, namespaces=flags.namespaces)
    return None
