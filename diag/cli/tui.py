"""`diag tui`, and `diag` alone on a terminal: the causes on a screen of their own."""

from collections.abc import Callable, Iterator

import click

from diag.cli.diagnostics import ExitCode, Narrator
from diag.cli.flags import flags_of, watching
from diag.cli.group import Examples

_EXAMPLES = (
    "diag --demo",
    "diag --from dump.json",
    "diag --from prod=prod.json --from test=test.json -n ml",
)


class _Teller(Narrator):
    """Says in the header of the TUI what a command says on stderr."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(quiet=True, verbose=0)
        self._say = say

    def progress(self, text: str) -> None:
        """How far the reading is."""
        self._say(text)


@click.command("tui", cls=Examples, examples=_EXAMPLES, configured=True)
@watching
@click.pass_context
def command(ctx: click.Context, /, **_: object) -> int:
    """Open the TUI, as `diag` alone does on a terminal: causes, why, evidence, GPUs, queues. Changes nothing."""
    import os  # noqa: PLC0415  # help runs nothing
    import sys  # noqa: PLC0415

    from diag.cli.looking import Looked, looked, reads_stdin, sources  # noqa: PLC0415
    from diag.collect.requests import Stop  # noqa: PLC0415
    from diag.collect.watching import Watch  # noqa: PLC0415
    from diag.errors import UsageError  # noqa: PLC0415

    flags = flags_of(ctx)
    if reads_stdin(flags.from_):
        raise UsageError("the TUI takes its keys from stdin, so no dump can come there", hint="save the dump to a file")
    served = "TEXTUAL_DRIVER" in os.environ  # by `diag serve`, which speaks over pipes
    if not served and not (sys.stdout.isatty() and sys.stdin.isatty()):
        raise UsageError("the TUI needs a terminal", hint="`diag scan` prints the causes")
    sources(flags)  # a slip of the pen is told before the screen is taken

    from diag.report.sanitize import cleaned  # noqa: PLC0415
    from diag.tui.app import DiagApp  # noqa: PLC0415  # Textual, only now
    from diag.tui.source import Seen, Source  # noqa: PLC0415

    under_way: list[Stop] = []

    def seen(found: Looked) -> Seen:
        hidden = f"{found.hidden.count} hidden by {found.hidden.by}" if found.hidden.count else ""
        return Seen(report=cleaned(found.report), troubles=found.troubles, hidden=hidden)

    def looks(say: Callable[[str], None]) -> Iterator[Seen]:
        reading = sources(flags)
        if isinstance(reading, list):
            yield seen(looked(flags, _Teller(say)))
            return
        watch = Watch(reading)
        under_way.append(reading.stop)
        while not reading.stop.ended:
            yield seen(looked(flags, _Teller(say), watch=watch))

    def stop() -> None:
        while under_way:
            under_way.pop().interrupted.set()

    name = "demo" if flags.demo else ", ".join((*flags.from_, *flags.context)) or "current context"
    DiagApp(Source(name=name, again=flags.again, looks=looks, stop=stop), ascii=flags.ascii).run()
    return ExitCode.OK
