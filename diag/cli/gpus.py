"""`diag gpus`: the GPUs of every node: busy, free, lost."""

import click

from diag.cli.showing import Shown, screen, show

_EXAMPLES = (
    "diag gpus --from dump.json",
    "diag gpus --from dump.json --filter 'free>0 type:*H100*'",
    "diag gpus --demo -o json | jq '.types'",
)


@screen("gpus", _EXAMPLES)
@click.pass_context
def command(ctx: click.Context, /, **_: object) -> int:
    """The GPUs of every node, one mark for each device, and the sums of each type."""
    from diag.cli.looking import Looked  # noqa: PLC0415  # help runs nothing
    from diag.views.gpu_tables import gpu_tables  # noqa: PLC0415
    from diag.views.gpus import gpus  # noqa: PLC0415

    def make(found: Looked) -> Shown:
        rows = gpus(found.report, found.troubles)
        return Shown(document=rows, tables=gpu_tables(rows))

    return show(ctx, make)
