"""Read, pack, write, and say what was written."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Literal, get_args

from diag import api
from diag.cli.bounds import limits
from diag.cli.diagnostics import ExitCode, Narrator
from diag.cli.flags import Flags
from diag.cli.living import ended_by_interrupt
from diag.cli.looking import reads_stdin, sources
from diag.cli.output import refuse_own_input
from diag.collect.live import Live
from diag.errors import UsageError
from diag.redact.keys import KeyFile
from diag.snapshot.archive.read import captures_in
from diag.snapshot.archive.write import form_for, saving
from diag.snapshot.sources.source import taken_apart
from diag.views.wording import counted

_Form = Literal["gzip", "zstd", "plain", "json"]


def saved(
    flags: Flags, paths: Sequence[str], to: Path, *, append: bool, replace: bool = False, redact: KeyFile | None = None
) -> ExitCode:
    """Write one capture of what the paths hold, with pseudonyms where a key is given; says whether it was cut short.

    Raises UsageError for a name whose ending says nothing, and where captures of the file would be lost that nobody
    said to `replace`.
    """
    form = _form(to)
    if not append and not replace:
        _refuse_to_lose(to)
    if not append:
        refuse_own_input(to, paths)
    if form == "json" and append:
        raise UsageError(f"nothing can be appended to {to}: a JSON list is one capture", hint="name a .jsonl.gz file")
    given = list(paths) if paths and not flags.demo else sources(flags)
    if isinstance(given, Live) and len(logins := given.logins()) > 1:  # before all of them are read
        names = ", ".join(str(each.context) for each in logins)
        raise UsageError(f"an archive holds one cluster, and here are several: {names}", hint="save each on its own")
    narrator = Narrator(quiet=flags.quiet, verbose=flags.verbose)
    stop = given.stop if isinstance(given, Live) else None
    with ended_by_interrupt(stop) if stop else nullcontext():
        found = api.capture(
            given, form=form, now=flags.now, stdin=sys.stdin.buffer if reads_stdin(given) else None,
            limits=limits(flags), redact=redact, progress=narrator.progress,
        )  # fmt: skip
    ended = stop.ended if stop else ""
    with saving(to, append=append) as file:
        size = found.write(file)
    narrator.done()
    logs = f", {counted(found.logs, 'log')}" if form != "json" else ", without logs"
    narrator.note(f"{to}: {counted(found.objects, 'object')}{logs}, {size:,} bytes")
    for path, count in _in_part(() if isinstance(given, Live) else given):
        narrator.note(f"of the {count} captures of {path} the newest was taken; {path}@1 is the first of them")
    if ended:
        narrator.note(f"{ended}: this is what was read by then; `diag snapshot info {to}` says what is missing")
    return {"interrupted": ExitCode.INTERRUPTED, "timeout": ExitCode.TIMED_OUT}.get(ended, ExitCode.OK)


def _in_part(paths: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The archives of which one capture was taken although nobody chose one, with how many they hold."""
    for source in paths:
        _, path, number = taken_apart(source)
        if number is None and path != "-" and (count := captures_in(Path(path))) > 1:
            yield path, count


def saved_capture(
    given: Sequence[str] | Live, to: Path, say: Callable[[str], None], *, redact: KeyFile, now: str | None
) -> str:
    """Write one redacted capture, and say in a sentence what was written. Raises DiagError where it cannot."""
    form = _form(to)
    _refuse_to_lose(to)
    refuse_own_input(to, () if isinstance(given, Live) else given)
    found = api.capture(given, form=form, now=now, redact=redact, progress=say)
    with saving(to) as file:
        found.write(file)
    return f"Wrote {to}: {counted(found.objects, 'object')}, {counted(found.logs, 'log')}, names redacted."


def _refuse_to_lose(to: Path) -> None:
    """Raises UsageError where an archive of several captures is there; of one alone the newest may take the place."""
    if (held := captures_in(to)) > 1:
        raise UsageError(
            f"{to} holds {held} captures, which would be lost",
            hint="name another file; of `diag snapshot save`, --append adds a capture and --replace replaces them all",
        )


def _form(to: Path) -> _Form:
    name = to.name.casefold()
    if name.endswith(".json"):
        return "json"
    stem = name.removesuffix(to.suffix.casefold()) if form_for(to) != "plain" else name
    if not stem.endswith(".jsonl"):
        raise UsageError(f"{to} does not say what to write", hint="end it in .jsonl.gz, .jsonl.zst, .jsonl or .json")
    form = form_for(to)
    return next(one for one in get_args(_Form) if one == form)
