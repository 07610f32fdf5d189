"""One look at a snapshot: from flags to a report, and from a report to outputs and an exit code."""

import datetime as dt
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from diag.cli.bounds import limits
from diag.cli.diagnostics import ExitCode, Narrator, severest
from diag.cli.flags import Flags, commas, for_others
from diag.cli.living import ended_by_interrupt, live, wants_cluster
from diag.cli.output import Target, deliver, targets
from diag.cli.runner import add_summary, for_log
from diag.collect.live import Live
from diag.collect.watching import Watch
from diag.config import Ignore
from diag.document import RefRow, Report
from diag.errors import UsageError
from diag.report.formats import FORMATS
from diag.report.look import Look
from diag.report.sanitize import visible
from diag.views import filter as filtering
from diag.views.cause_fields import kept_ids
from diag.views.causes import Hidden, could_not_look
from diag.views.coverage import gap_lines
from diag.views.narrow import narrowed
from diag.views.wording import counted, folded, listed

if TYPE_CHECKING:
    from diag.redact.share import Share
    from diag.snapshot.snapshot import Snapshot
    from diag.trouble.trouble import Trouble

_NARROWEST = 60
_UNKNOWN, _UNKNOWN_WIDE = 100, 160  # columns where there is no terminal
_HOW_TO_DUMP = "pipe a dump in: kubectl get all,nodes,events -A -o json | diag scan --from -"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a command has to show: the report that the choices and the filter leave, and what they hide.

    `known` gives every object that was read; `put_aside` what each row of `report.ignored` reaches; `snapshots` are
    what the report was made of, `troubles` what was worked out of them. `ended` says whether reading was cut short
    (`interrupted`, `timeout`), or a cluster that is waited for did not answer in the end (`lost`).
    """

    report: Report
    hidden: Hidden
    known: Callable[[], Iterable[RefRow]]
    put_aside: Sequence[Sequence[RefRow]]
    snapshots: "Sequence[Snapshot]"
    troubles: "Sequence[Trouble]"
    ended: str = ""

    def code(self, code: ExitCode) -> ExitCode:
        """The exit code of a command that would end with `code`: reading that was cut short says so."""
        ended = {"interrupted": ExitCode.INTERRUPTED, "timeout": ExitCode.TIMED_OUT, "lost": ExitCode.COULD_NOT_LOOK}
        return ended.get(self.ended, code)


def looked(flags: Flags, narrator: Narrator, words: Sequence[str] = (), *, watch: Watch | None = None) -> Looked:
    """Reads and diagnoses what the flags ask for, or what a watch gives next."""
    terms = [term for text in flags.filter for term in filtering.parse(text)]
    terms += [filtering.term(word) for word in words]
    paths = watch or sources(flags)
    ignores = still_valid(flags.config.ignores, narrator)

    from diag import api  # noqa: PLC0415  # the engine, only once it is known what to do

    with nullcontext() if isinstance(paths, list) else ended_by_interrupt(paths.stop):
        examination = api.examine(
            paths,
            now=flags.now,
            stdin=sys.stdin.buffer if reads_stdin(paths) else None,
            namespaces=flags.namespaces,
            selector=flags.selector,
            since_s=flags.since,
            select=commas(flags.select),
            ignore=commas(flags.ignore),
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
    ended = "" if isinstance(paths, list) else paths.stop.ended
    if ended and watch is None:
        unread = [gap.what for gap in report.gaps if gap.why in ("not-read", "timeout")]
        narrator.note(f"{ended}: this is what was read by then; missing: {listed(unread) if unread else 'nothing'}")
    looked_at = counted(report.stats.get("objects", 0), "object")
    narrator.note(
        f"{looked_at}, {counted(report.stats.get('rules', 0), 'rule')}, {narrator.elapsed_s():.2f} s", level=1
    )
    for gap in gap_lines(report, material_only=False):
        narrator.note(f"not checked: {gap}", level=2)
    kept = narrowed(report, kept_ids(report, terms)) if terms else report
    hidden = Hidden(
        count=examination.hidden + len(report.causes) - len(kept.causes),
        by=" ".join((*flags.hiding(), *map(shlex.quote, words))),
        remark=_nobody_there(flags.namespaces, examination.known),
    )
    return Looked(
        report=kept, hidden=hidden, known=examination.known, put_aside=examination.put_aside,
        snapshots=examination.snapshots, troubles=examination.troubles, ended=ended,
    )  # fmt: skip


def _nobody_there(namespaces: Sequence[str], known: Callable[[], Iterable[RefRow]]) -> str:
    """A sentence about namespaces that were asked for and hold no object, empty when all do."""
    if not namespaces:
        return ""
    there = {ref.namespace for ref in known()} - {""}
    missing = [each for each in namespaces if not any(fnmatchcase(name, each) for name in there)]
    if not missing:
        return ""
    near = {near for each in missing for near in get_close_matches(each, there, n=3, cutoff=0.5)}
    others = f"the nearest: {listed(sorted(near))}" if near else f"there are {folded(sorted(there))}"
    where = "namespace" if len(missing) == 1 else "the namespaces"
    return f"No object is in {where} {listed(missing)}; {others}." if there else ""


def sources(flags: Flags) -> list[str] | Live:
    """What to read: the paths of `--from` or of the example, else the cluster of the current context.

    Raises UsageError where flags contradict each other.
    """
    if flags.demo and flags.from_:
        raise UsageError("--demo and --from exclude each other", hint="leave one of them out")
    if wants_cluster(flags):
        return live(flags)
    if flags.demo:
        files = sorted(str(each) for each in resources.files("diag.demo").iterdir() if each.name.endswith(".gz"))
        if not files:
            raise UsageError("this installation has no built-in example", hint="install the package again")
        return [f"demo={each}" for each in files]
    if not flags.from_:
        return live(flags)
    if reads_stdin(flags.from_) and sys.stdin.isatty():
        raise UsageError("--from - reads a pipe, and stdin is a terminal", hint=_HOW_TO_DUMP)
    return list(flags.from_)


def refuse_paths(words: Sequence[str], flags: Flags) -> None:
    """Raises UsageError for a word that is a file (or a folder, where no `--from` is given): a slip of the pen."""
    for word in words:
        if (is_file := _is(Path(word).is_file)) or (not flags.from_ and not flags.demo and _is(Path(word).is_dir)):
            kind = "file" if is_file else "folder"
            raise UsageError(
                f"{word} is a {kind}; a look needs --from", hint=f"did you mean --from {shlex.quote(word)}?"
            )


def _is(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:  # a sentence is too long for a name
        return False


def reads_stdin(paths: Sequence[str] | Live | Watch) -> bool:
    """Whether one of the paths is stdin."""
    return not isinstance(paths, Live | Watch) and any(path == "-" or path.endswith("=-") for path in paths)


def still_valid(ignores: Sequence[Ignore], narrator: Narrator) -> tuple[Ignore, ...]:
    """The ignores that hold today; of each that has ended, the person is told."""
    today = dt.datetime.now(dt.UTC).date()
    for each in ignores:
        if each.ended(today):
            narrator.note(
                f"{each.origin}: the ignore of {each.rule} for {each.subject} ended on {each.until}; shown again"
            )
    return tuple(each for each in ignores if not each.ended(today))


def outputs(flags: Flags) -> list[Target]:
    """Where the report goes; checked before anything is read."""
    return targets(flags.output, FORMATS, "table" if sys.stdout.isatty() else "plain", flags.from_)


def look(flags: Flags, target: Target, hidden: Hidden | None = None) -> Look:
    """How a text is drawn there: colour and footer only on a terminal, line breaks only in what is no `plain`."""
    terminal = target.path is None and sys.stdout.isatty()
    plain = target.form == "plain"
    elsewhere = target.path is not None or target.form == "github"  # read by others, on machines of their own
    room = flags.width or (None if plain else _columns(_UNKNOWN_WIDE if target.form == "wide" else _UNKNOWN))
    return Look(
        width=room,
        color=not plain and _colored(flags.color, terminal=terminal),
        ascii=flags.ascii,
        footer=terminal,
        limit=flags.limit,
        show_ignored=flags.show_ignored,
        again=None if reads_stdin(flags.from_) else visible(for_others(flags.again) if elsewhere else flags.again),
        hidden=hidden,
        everything=flags.verbose > 0,
    )


def _columns(unknown: int) -> int:
    """Columns of the terminal, or what COLUMNS says; `unknown` where neither is there."""
    return max(shutil.get_terminal_size((unknown, 24)).columns, _NARROWEST)


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


def sharing(flags: Flags, found: Looked) -> "Share | None":
    """What puts pseudonyms in place of names, None where nobody asked for it."""
    if not flags.share:
        return None
    from diag.cli.redacting import redaction_key  # noqa: PLC0415  # only then
    from diag.redact.names import named_by, named_in  # noqa: PLC0415
    from diag.redact.share import Share  # noqa: PLC0415

    typed = (RefRow(cluster="", apiVersion="v1", kind="Namespace", name=each) for each in flags.namespaces)
    known = (*found.known(), *named_in(found.report), *typed, *named_by(found.snapshots))
    return Share(redaction_key(None), known)


def delivered(
    report: Report,
    flags: Flags,
    to: Sequence[Target],
    render: Render,
    hidden: Hidden | None = None,
    share: "Share | None" = None,
) -> ExitCode:
    """Writes the outputs, with pseudonyms where they are to be shared, and says with its code what was found."""
    shown, hides = (share.told(report), share.told(hidden)) if share else (report, hidden)

    def drawn(target: Target) -> Look:
        return look(flags, target, hides)

    rendered = [(target, for_log(render(shown, target.form, drawn(target)), target)) for target in to]
    if share:
        share.done()  # or nobody could turn back what is about to be written
    deliver(to, lambda target: next(each for one, each in rendered if one is target))
    for target in to:
        if target.form == "github":
            add_summary(shown, drawn(target))
    if could_not_look(report) and not (hidden and hidden.count):
        return ExitCode.COULD_NOT_LOOK
    found = severest([cause.severity for cause in report.causes], flags.fail_on)
    if found is ExitCode.OK and flags.strict and any(gap.material for gap in report.gaps):
        return ExitCode.PARTS_UNCHECKED
    return found
