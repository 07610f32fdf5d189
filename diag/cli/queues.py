"""`diag queues`: queues and quotas, and who waits in them."""

import click

from diag.cli.showing import Shown, screen, show

_EXAMPLES = (
    "diag queues --from dump.json",
    "diag queues --from dump.json --filter 'waiting>0'",
    "diag queues --demo -o json | jq '.queues[].waiting'",
)


@screen("queues", _EXAMPLES)
@click.pass_context
def command(ctx: click.Context, /, **_: object) -> int:
    """Queues and quotas of all batch systems in one vocabulary, and who waits in them, in their order."""
    from diag.cli.looking import Looked  # noqa: PLC0415  # help runs nothing
    from diag.views.queue_tables import queue_tables  # noqa: PLC0415
    from diag.views.queues import queues  # noqa: PLC0415

    def make(found: Looked) -> Shown:
        rows = queues(found.report, found.snapshots, found.troubles)
        return Shown(document=rows, tables=queue_tables(rows))

    return show(ctx, make)
