"""`diag rules`: the catalogue, or the pages of some rules."""

import os
import shutil
import sys

import click

from diag.cli.complete import formats, rules
from diag.cli.group import Examples

_EXAMPLES = (
    "diag rules QUO",
    "diag rules SCH101 DEV119",
    "diag rules shared memory",
    'diag rules "no space left on device"',
)
_FORMATS = ("table", "plain", "json")


@click.command("rules", cls=Examples, examples=_EXAMPLES)
@click.argument("wanted", nargs=-1, metavar="[ID|NAME|PREFIX|GLOB|WORD]...", shell_complete=rules)
@click.option(
    "-o", "--output", multiple=True, metavar="FORMAT[=PATH]", shell_complete=formats(_FORMATS), help=", ".join(_FORMATS)
)
def command(wanted: tuple[str, ...], output: tuple[str, ...]) -> None:
    """List the rules; pages for IDs, names or synonyms; a search for other words."""
    from diag.catalog.registry import infos, load  # noqa: PLC0415  # imports every rule
    from diag.cli.output import Target, deliver, targets  # noqa: PLC0415  # help runs nothing
    from diag.report.rules import listing, pages  # noqa: PLC0415
    from diag.views.rulebook import asked_for  # noqa: PLC0415

    to = targets(output, _FORMATS, "table" if sys.stdout.isatty() else "plain")
    catalogue = load()
    found, as_pages = asked_for(infos(catalogue), wanted, catalogue.rows)

    def render(target: Target) -> bytes:
        if target.form == "json":
            import msgspec  # noqa: PLC0415  # as above

            return msgspec.json.format(msgspec.json.encode(found)) + b"\n"
        table = target.form == "table"
        bold = table and target.path is None and sys.stdout.isatty() and _colored()
        text = pages(found, _width(), markdown=not table, bold=bold) if as_pages else None
        return (text if text is not None else listing(found, _width() if table else None)).encode()

    deliver(to, render)


def _colored() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _width() -> int:
    return min(max(shutil.get_terminal_size((100, 24)).columns, 40), 120)
