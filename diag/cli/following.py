"""`--wait` and `--watch`: looks that follow each other, fed by watches and not by lists."""

import gc
import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from diag.cli import looking
from diag.cli.diagnostics import ExitCode, Narrator, say
from diag.cli.flags import Flags
from diag.cli.living import live, wants_cluster
from diag.cli.looking import Looked
from diag.cli.output import to_stdout
from diag.collect.watching import Watch
from diag.document import CauseRow, Report
from diag.errors import UsageError
from diag.report.formats import TEXTS
from diag.report.sanitize import escaped, visible
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
    """The first look as ever, then what comes and goes, until Ctrl-C, `--timeout`, or nobody reads it any more."""
    watch = _watch(flags, "--watch")
    form = next((each.form for each in looking.outputs(flags) if each.path is None), TEXTS[-1])
    found = looking.looked(flags, narrator, words, watch=watch)
    read_from = _stdout()
    code = show(found)
    lost: dict[str, str] = {}
    while not found.ended and _stdout() == read_from:
        older, missing = found, {*watch.missing}
        gc.unfreeze()  # loading sets what it read apart from the collector; of looks that are over, nothing may stay
        gc.collect()
        found = looking.looked(flags, narrator, words, watch=watch)
        for name in sorted(missing.difference(watch.missing)):
            narrator.note(f"{name} answers now")
        if watch.lost != lost:
            lost = dict(watch.lost)
            for name, why in lost.items():
                narrator.note(f"{name} {why}; what follows may be old")
        _told(_shared(changes(older.report, found.report), flags, older, found), form)
    return found.code(code)


def _stdout() -> tuple[int, int] | None:
    """Where stdout leads, which is another place once its reader has gone."""
    try:
        place = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):
        return None
    return place.st_dev, place.st_ino


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A cause that is `new`, `gone`, or says another thing `now`; `at` is the cluster's time."""

    at: str
    change: str
    cause: CauseRow
    several: bool  # clusters, so that each is named

    def __str__(self) -> str:
        cause = self.cause
        about = named(cause.root, with_cluster=self.several)
        return f"{self.at} {self.change} {cause.severity}: {cause.name}: {about}: {cause.summary}"


def changes(before: Report, after: Report) -> list[Change]:
    """Each cause that is new, gone, or says another thing."""
    old = {cause.fingerprint: cause for cause in before.causes}
    new = {cause.fingerprint: cause for cause in after.causes}
    found = [("gone", cause) for key, cause in old.items() if key not in new]
    for key, cause in new.items():
        if key not in old:
            found.append(("new", cause))
        elif (cause.summary, cause.severity) != (old[key].summary, old[key].severity):
            found.append(("now", cause))
    now = max((cluster.now for cluster in after.target.clusters), default="")
    several = len(after.target.clusters) > 1
    return [Change(at=now, change=word, cause=cause, several=several) for word, cause in found]


def _shared(found: list[Change], flags: Flags, older: Looked, newer: Looked) -> list[Change]:
    """The changes with pseudonyms, where those were asked for: what is gone has its names from the older look."""
    told = []
    for look in (older, newer) if flags.share and found else ():
        share = looking.sharing(flags, look)
        assert share is not None  # noqa: S101  it was asked for
        told += share.told([each for each in found if (each.change == "gone") is (look is older)])
        share.done()
    return told if flags.share else found


def _told(found: list[Change], form: str) -> None:
    """A line each, in texts and JSON Lines; other formats are one document, so that people read of it on stderr."""
    if form in TEXTS:
        to_stdout("".join(f"{visible(str(each))}\n" for each in found).encode())
    elif form == "jsonl":
        to_stdout(b"".join(map(change_record, found)))
    else:
        for each in found:
            say(str(each))


def change_record(found: Change) -> bytes:
    """A line of JSON Lines."""
    fields = {"type": "change", "change": found.change, "at": found.at, "cause": found.cause}
    return escaped(msgspec.json.encode(fields, order="deterministic")) + b"\n"


def _watch(flags: Flags, flag: str, until: float = math.inf) -> Watch:
    wants_cluster(flags)
    if flags.from_ or flags.demo:
        raise UsageError(f"{flag} is for clusters: a dump does not change", hint="leave --from and --demo out")
    return Watch(live(flags), until=until)
