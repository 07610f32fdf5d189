"""`diag timeline`: what happened to an object or to a cause, in the order of time."""

import click

from diag.cli.showing import Shown, screen, show

_EXAMPLES = (
    "diag timeline --from dump.json pod/ml/llama-ft-0",
    "diag timeline --from dump.json C1 --filter sev:warning",
    "diag timeline --demo",
)


@screen("timeline", _EXAMPLES)
@click.argument("subject", nargs=-1, metavar="[SUBJECT]...")
@click.pass_context
def command(ctx: click.Context, /, subject: tuple[str, ...], **_: object) -> int:
    """What happened to SUBJECT (as for explain), or to all causes: creations, conditions, containers, events."""
    from diag.cli.flags import flags_of  # noqa: PLC0415  # help runs nothing
    from diag.cli.looking import Looked, refuse_paths  # noqa: PLC0415
    from diag.errors import UsageError  # noqa: PLC0415
    from diag.views.history import history, history_tables  # noqa: PLC0415
    from diag.views.subject import resolve  # noqa: PLC0415

    flags, text = flags_of(ctx), " ".join(subject)
    refuse_paths(subject, flags)

    def make(found: Looked) -> Shown:
        report = found.report
        causes, about = [cause.id for cause in report.causes], None
        if text:
            match = resolve(report, text, namespaces=flags.namespaces, known=found.known())
            if not match.found:
                near = f"did you mean {' or '.join(match.suggestions)}?" if match.suggestions else ""
                raise UsageError(f"nothing that was read is called {text[:80]!r}", hint=near or "write kind/ns/name")
            # An object is told of with what it owns; an id or a message means the objects of its causes.
            causes, about = ([], match.subject) if match.subject else ([cause.id for cause in match.causes], None)
        rows = history(report, found.snapshots, causes=causes, subject=about)
        return Shown(document=rows, tables=history_tables(report, rows))

    return show(ctx, make)
