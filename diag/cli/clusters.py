"""`diag clusters`: one line for each cluster that was looked at."""

import click

from diag.cli.showing import Shown, screen, show

_EXAMPLES = (
    "diag clusters --from prod=prod.json --from test=test.json",
    "diag clusters --from prod=prod.json --from test=test.json --filter 'free>0 types:*H100*'",
    "diag clusters --demo -o json | jq '.clusters[].types'",
)


@screen("clusters", _EXAMPLES)
@click.pass_context
def command(ctx: click.Context, /, **_: object) -> int:
    """The clusters: GPUs by type, busy, free, waited for, lost; drivers, causes. `diag fit` tells where a pod fits."""
    from diag.cli.looking import Looked  # noqa: PLC0415  # help runs nothing
    from diag.views.clusters import clusters, clusters_table  # noqa: PLC0415
    from diag.views.gpus import gpus  # noqa: PLC0415

    def make(found: Looked) -> Shown:
        rows = clusters(found.report, found.snapshots, gpus(found.report, found.troubles))
        return Shown(document=rows, tables=[clusters_table(rows)])

    return show(ctx, make)
