"""One look at a snapshot: from flags to a report, and from a report to outputs and an exit code."""

import datetime as dt
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from typing import TYPE_CHECKING

from diag.cli.diagnostics import ExitCode, Narrator, severest
from diag.cli.flags import Flags
from diag.cli.output import Target, deliver, targets
from diag.config import Ignore
from diag.document import RefRow, Report
from diag.errors import UsageError
from diag.report.formats import FORMATS
from diag.report.look import Look
from diag.views import filter as filtering
from diag.views.causes import cause_lines
from diag.views.coverage import gap_lines
from diag.views.narrow import narrowed
from diag.views.wording import counted

if TYPE_CHECKING:
    from diag.api import Limits

_NARROWEST = 60
_HOW_TO_DUMP = (
    "live clusters come later; dump one and pipe it in: "
    "kubectl get all,nodes,events,pvc,resourcequotas,leases -A -o json | diag scan --from -  (or try --demo)"
)


def looked(flags: Flags, narrator: Narrator, words: Sequence[str] = ()) -> Report:
    """The report of what the flags ask for, narrowed to what the filter lets through."""
    return examined(flags, narrator, words)[0]


def examined(
    flags: Flags, narrator: Narrator, words: Sequence[str] = ()
) -> tuple[Report, Callable[[], Iterable[RefRow]]]:
    """The same report, and all objects that were read, for who asks about a healthy one."""
    terms = [term for text in flags.filter for term in filtering.parse(text)]
    terms += [filtering.term(word) for word in words]
    paths = sources(flags)
    ignores = still_valid(flags.config.ignores, narrator)

    from diag import api  # noqa: PLC0415  # the engine, only once it is known what to do

    examination = api.examine(
        paths,
        now=flags.now,
        stdin=sys.stdin.buffer if reads_stdin(paths) else None,
        namespaces=flags.namespaces,
        selector=flags.selector,
        since_s=flags.since,
        select=_globs(flags.select),
        ignore=_globs(flags.ignore),
        ignores=[
            api.Ignore(
                rule=each.rule,
                subject=each.subject,
                reason=each.reason,
                until=each.until.isoformat() if each.until else None,
            )
            for each in ignores
        ],
        limits=limits(flags),
        progress=narrator.progress,
    )
    report = examination.report
    narrator.done()
    looked_at = counted(report.stats.get("objects", 0), "object")
    narrator.note(
        f"{looked_at}, {counted(report.stats.get('rules', 0), 'rule')}, {narrator.elapsed_s():.2f} s", level=1
    )
    for gap in gap_lines(report, material_only=False):
        narrator.note(f"not checked: {gap}", level=2)
    if terms:
        report = narrowed(report, {line.id for line in filtering.kept(cause_lines(report), terms)})
    return report, examination.known


def sources(flags: Flags) -> list[str]:
    """The paths to read. Raises UsageError when there are none."""
    if flags.demo and flags.from_:
        raise UsageError("--demo and --from exclude each other", hint="leave one of them out")
    if flags.demo:
        files = sorted(str(each) for each in resources.files("diag.demo").iterdir() if each.name.endswith(".gz"))
        if not files:
            raise UsageError("this installation has no built-in example", hint="install the package again")
        return [f"demo={each}" for each in files]
    if not flags.from_:
        raise UsageError("nothing to look at: no --from was given", hint=_HOW_TO_DUMP)
    if reads_stdin(flags.from_) and sys.stdin.isatty():
        raise UsageError("--from - reads a pipe, and stdin is a terminal", hint=_HOW_TO_DUMP)
    return list(flags.from_)


def reads_stdin(paths: Sequence[str]) -> bool:
    """Whether one of the paths is stdin."""
    return any(path == "-" or path.endswith("=-") for path in paths)


def _globs(written: Sequence[str]) -> tuple[str, ...]:
    """Rules as they are written: repeated flags, commas, or both."""
    return tuple(each.strip() for text in written for each in text.split(",") if each.strip())


def still_valid(ignores: Sequence[Ignore], narrator: Narrator) -> tuple[Ignore, ...]:
    """The ignores that hold today; of each that has ended, the person is told."""
    today = dt.datetime.now(dt.UTC).date()
    for each in ignores:
        if each.ended(today):
            narrator.note(
                f"{each.origin}: the ignore of {each.rule} for {each.subject} ended on {each.until}; shown again"
            )
    return tuple(each for each in ignores if not each.ended(today))


def limits(flags: Flags) -> "Limits | None":
    """How much may be read, None where no flag says so."""
    asked = {"bytes": flags.max_bytes, "objects": flags.max_objects, "files": flags.max_files}
    given = {name: value for name, value in asked.items() if value is not None}
    from diag.api import Limits  # noqa: PLC0415  # as in looked

    return Limits(**given) if given else None


def outputs(flags: Flags) -> list[Target]:
    """Where the report goes; checked before anything is read."""
    return targets(flags.output, FORMATS, "table" if sys.stdout.isatty() else "plain")


def look(flags: Flags, target: Target) -> Look:
    """How a text is drawn there: colour and footer only on a terminal, line breaks only in what is no `plain`."""
    terminal = target.path is None and sys.stdout.isatty()
    plain = target.form == "plain"
    room = flags.width or (max(shutil.get_terminal_size((100, 24)).columns, _NARROWEST) if not plain else None)
    return Look(
        width=room,
        color=not plain and _colored(flags.color, terminal=terminal),
        ascii=flags.ascii,
        footer=terminal,
        limit=flags.limit,
        show_ignored=flags.show_ignored,
    )


def _colored(wanted: str, *, terminal: bool) -> bool:
    """`--color`, else NO_COLOR (no-color.org: any value but the empty one), else FORCE_COLOR, else the terminal."""
    if wanted != "auto":
        return wanted == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"


Render = Callable[[Report, str, Look], bytes]


def delivered(report: Report, flags: Flags, to: Sequence[Target], render: Render) -> ExitCode:
    """Writes the outputs, and says with its code what was found."""
    deliver(to, lambda target: render(report, target.form, look(flags, target)))
    found = severest([cause.severity for cause in report.causes], flags.fail_on)
    if found is ExitCode.OK and flags.strict and any(gap.material for gap in report.gaps):
        return ExitCode.PARTS_UNCHECKED
    return found
