"""`diag graph`: why, as a tree, or as a picture for Mermaid or Graphviz."""

from typing import TYPE_CHECKING

import click

from diag.cli.showing import screen

if TYPE_CHECKING:
    from diag.cli.output import Target

_EXAMPLES = (
    "diag graph --from dump.json",
    "diag graph --from dump.json -o mermaid > causes.mmd",
    "diag graph --demo -o dot | dot -Tsvg > causes.svg",
)


@screen("graph", _EXAMPLES, ("table", "plain", "json", "mermaid", "dot"))
@click.pass_context
def command(ctx: click.Context, /, **_: object) -> int:
    """Each cause as a tree: what is seen above, what it is because of below, the root last."""
    import sys  # noqa: PLC0415  # help runs nothing

    from diag.cli.diagnostics import ExitCode, Narrator  # noqa: PLC0415
    from diag.cli.flags import flags_of  # noqa: PLC0415
    from diag.cli.looking import look, looked  # noqa: PLC0415
    from diag.cli.output import deliver, targets  # noqa: PLC0415
    from diag.report.graph import FORMATS, dot, mermaid, trees_text  # noqa: PLC0415
    from diag.report.sanitize import cleaned  # noqa: PLC0415
    from diag.report.tables import as_document  # noqa: PLC0415
    from diag.views.graph import graph  # noqa: PLC0415

    flags = flags_of(ctx)
    to = targets(flags.output, FORMATS, "table" if sys.stdout.isatty() else "plain", flags.from_)
    found = looked(flags, Narrator(quiet=flags.quiet, verbose=flags.verbose))
    report = found.report

    def render(target: "Target") -> bytes:
        match target.form:
            case "mermaid":
                return mermaid(report)
            case "dot":
                return dot(report)
            case "json":
                return as_document(graph(report))
        return trees_text(cleaned(report), look(flags, target), boxes=target.form == "table")

    deliver(to, render)
    return found.code(ExitCode.OK)
