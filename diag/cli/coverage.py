"""`diag coverage`: what was looked at, what could not be, and what would mend that."""

import click

from diag.cli.showing import Shown, screen, show

_EXAMPLES = (
    "diag coverage --from dump.json",
    "diag coverage --from dump.json --filter matters:yes",
    "diag coverage --demo -o json | jq '.gaps[].fix'",
)


@screen("coverage", _EXAMPLES)
@click.pass_context
def command(ctx: click.Context, /, **_: object) -> int:
    """What could not be looked at and what would mend it, then what each rule came to."""
    from diag.catalog.registry import infos, load  # noqa: PLC0415  # help runs nothing
    from diag.catalog.run import selects  # noqa: PLC0415
    from diag.cli.flags import commas, flags_of  # noqa: PLC0415
    from diag.cli.looking import Looked  # noqa: PLC0415
    from diag.views.looked import coverage, coverage_tables  # noqa: PLC0415

    select = [*commas(flags_of(ctx).select)]

    def make(found: Looked) -> Shown:
        rules = [rule for rule in infos(load()) if not select or selects(select, rule.id, rule.name)]
        rows = coverage(found.report, rules)
        return Shown(document=rows, tables=coverage_tables(found.report, rows))

    return show(ctx, make)
