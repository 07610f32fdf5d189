"""What the commands that print a screen have in common: their flags, the look, and the delivery of its rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from diag.cli.looking import Looked
    from diag.document import Row
    from diag.views.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A document for `-o json`, its tables for texts, and what other formats write."""

    document: "Row"
    tables: "Sequence[Table]"
    others: "dict[str, Callable[[], bytes]] | None" = None


def show(
    ctx: click.Context, make: "Callable[[Looked], Shown]", *, forms: Sequence[str] = (), by_row: bool = True
) -> int:
    """Looks, makes the rows, and writes them. `by_row`: `--filter` chooses lines of the first table, not causes."""
    import sys  # noqa: PLC0415  # help runs nothing
    from dataclasses import replace  # noqa: PLC0415

    from diag.cli.diagnostics import ExitCode, Narrator  # noqa: PLC0415
    from diag.cli.flags import flags_of  # noqa: PLC0415
    from diag.cli.looking import look, looked  # noqa: PLC0415
    from diag.cli.output import Target, deliver, targets  # noqa: PLC0415
    from diag.report.tables import FORMATS, as_document, tables_bytes  # noqa: PLC0415
    from diag.views.table import filtered  # noqa: PLC0415

    flags = flags_of(ctx)
    to = targets(flags.output, (*FORMATS, *forms), "table" if sys.stdout.isatty() else "plain", flags.from_)
    asked = replace(flags, filter=()) if by_row else flags
    found = looked(asked, Narrator(quiet=flags.quiet, verbose=flags.verbose))
    shown = make(found)
    tables = list(shown.tables)
    if by_row:
        for text in flags.filter:
            tables[0] = filtered(tables[0], text)

    def render(target: Target) -> bytes:
        if shown.others and target.form in shown.others:
            return shown.others[target.form]()
        if target.form == "json":
            return as_document(shown.document)
        return tables_bytes(tables, target.form, look(flags, target))

    deliver(to, render)
    return found.code(ExitCode.OK)


def screen(
    name: str, examples: Sequence[str], forms: Sequence[str] = ("table", "plain", "json")
) -> Callable[[Any], click.Command]:
    """A command with the flags that all of these share."""
    from diag.cli.flags import showing  # noqa: PLC0415  # beside the import of the command itself
    from diag.cli.group import Examples  # noqa: PLC0415

    def decorate(function: Any) -> click.Command:
        decorated = showing(forms)(function)
        return click.command(name, cls=Examples, examples=examples, configured=True)(decorated)

    return decorate
