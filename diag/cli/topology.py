"""`diag topology`: workloads with their queue, pods, nodes and GPUs."""

import click

from diag.cli.showing import Shown, screen, show

_EXAMPLES = (
    "diag topology --from dump.json",
    "diag topology --from dump.json --filter 'gpus>=8 states:*pending*'",
    "diag topology --demo -o json | jq '.workloads[].pods'",
)


@screen("topology", _EXAMPLES)
@click.pass_context
def command(ctx: click.Context, /, **_: object) -> int:
    """Every workload that asks for GPUs or has a cause: its queue, pods, nodes and GPUs."""
    from diag.cli.flags import flags_of  # noqa: PLC0415  # help runs nothing
    from diag.cli.looking import Looked  # noqa: PLC0415
    from diag.views.topology import topology, topology_table  # noqa: PLC0415

    def make(found: Looked) -> Shown:
        rows = topology(found.report, found.troubles, namespaces=flags_of(ctx).namespaces)
        return Shown(document=rows, tables=(topology_table(rows),))

    return show(ctx, make)
