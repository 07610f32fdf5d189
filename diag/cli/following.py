"""`--wait` and `--watch`: looks that follow each other, fed by watches and not by lists."""

import gc
import math
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from diag.cli import looking
from diag.cli.diagnostics import ExitCode, Narrator
from diag.cli.flags import Flags
from diag.cli.living import live, wants_cluster
from diag.cli.looking import Looked
from diag.collect.watching import Watch
from diag.document import CauseRow, Report
from diag.errors import UsageError
from diag.report.sanitize import visible
from diag.views.subject import resolve
from diag.views.way import is_well, item_of
from diag.views.wording import named


def awaited(
    flags: Flags, narrator: Narrator, words: tuple[str, ...] = (), *, settled: Callable[[Looked], bool] | None = None
) -> Looked:
    """One look; with `--wait`, looks until one is settled or time is over.

    Where nothing else is said, a cause settles it that is more than info.
    """
    if flags.watch:
        raise UsageError("--watch is for `diag scan`", hint="--wait TIME looks until there is an answer")
    if flags.wait is None:
        return looking.looked(flags, narrator, words)
    until = time.monotonic() + flags.wait
    watch = _watch(flags, "--wait", until)
    done = settled or (lambda found: any(map(_is_answer, found.report.causes)))
    found = looking.looked(flags, narrator, words, watch=watch)
    while not done(found) and not found.ended and time.monotonic() < until:
        narrator.progress(f"nothing yet; waiting {until - time.monotonic():.0f} s more")
        found = looking.looked(flags, narrator, words, watch=watch)
    narrator.done()
    if done(found):
        return found
    if found.ended:
        narrator.note(f"{found.ended} while waiting: this is how it was then")
    for name, why in watch.gone.items():
        narrator.note(f"{name} {why}; what follows may be old")
    return replace(found, ended="lost") if watch.gone and not found.ended else found


def settled(found: Looked, text: str, flags: Flags) -> bool:
    """Whether a subject has a cause (more than info), or is well: ready, rolled out, done."""
    match = resolve(found.report, text, namespaces=flags.namespaces, known=found.known(), put_aside=found.put_aside)
    if any(map(_is_answer, match.causes)) or match.subject is None:
        return any(map(_is_answer, match.causes))
    item = item_of(match.subject, found.snapshots)
    return item is not None and is_well(item)


def _is_answer(cause: CauseRow) -> bool:
    """Whether waiting for more is of no use: what is on its way may still arrive."""
    return cause.severity != "info"


def followed(flags: Flags, narrator: Narrator, words: tuple[str, ...], show: Callable[[Looked], ExitCode]) -> ExitCode:
    """The first look as ever, then a line for each cause that comes or goes, until Ctrl-C or `--timeout`."""
    watch = _watch(flags, "--watch")
    found = looking.looked(flags, narrator, words, watch=watch)
    code = show(found)
    sys.stdout.flush()
    lost: dict[str, str] = {}
    while not found.ended:
        before = found.report
        gc.unfreeze()  # loading sets what it read apart from the collector; of looks that are over, nothing may stay
        gc.collect()
        found = looking.looked(flags, narrator, words, watch=watch)
        if watch.lost != lost:
            lost = dict(watch.lost)
            for name, why in lost.items():
                narrator.note(f"{name} {why}; what follows may be old")
        for line in changes(before, found.report):
            sys.stdout.write(visible(line) + "\n")
        sys.stdout.flush()
    return found.code(code)


def changes(before: Report, after: Report) -> list[str]:
    """A line for each cause that is new, gone, or says another thing, with the cluster's time and what it is about."""
    old = {cause.fingerprint: cause for cause in before.causes}
    new = {cause.fingerprint: cause for cause in after.causes}
    now = max((cluster.now for cluster in after.target.clusters), default="")
    several = len(after.target.clusters) > 1

    def line(word: str, cause: CauseRow) -> str:
        about = named(cause.root, with_cluster=several)
        return f"{now} {word} {cause.severity}: {cause.name}: {about}: {cause.summary}"

    lines = [line("gone", cause) for key, cause in old.items() if key not in new]
    for key, cause in new.items():
        if key not in old:
            lines.append(line("new", cause))
        elif (cause.summary, cause.severity) != (old[key].summary, old[key].severity):
            lines.append(line("now", cause))
    return lines


def _watch(flags: Flags, flag: str, until: float = math.inf) -> Watch:
    wants_cluster(flags)
    if flags.from_ or flags.demo:
        raise UsageError(f"{flag} is for clusters: a dump does not change", hint="leave --from and --demo out")
    return Watch(live(flags), until=until)
