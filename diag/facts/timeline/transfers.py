"""Weights that were downloaded: bytes, seconds and source, as the downloader's log tells."""

from diag.facts.timeline.engine_log import Run
from diag.facts.timeline.model import Transfer
from diag.vocab import engines

_UNITS = {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
_UNITS |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
MAX_BYTES = 10**16
MAX_SIZES = 3  # lines with sizes that are kept, of the largest objects


def transfer(run: Run, *, init: bool) -> Transfer | None:
    """What one run of a container fetched, None where its log tells nothing of it."""
    return _initializer(run, init=init) or _progress(run, init=init) or _engine(run)


def _initializer(run: Run, *, init: bool) -> Transfer | None:
    """KServe's storage initializer: sizes of the objects, and the whole time at the end."""
    sizes: dict[str, int] = {}
    named: dict[str, int] = {}  # object -> the line that names its size
    got: set[str] = set()
    source, source_line, last, first = "", None, None, None
    total: float | None = None
    for number, line in enumerate(run.lines):
        if found := engines.FOUND_OBJECT.search(line):
            sizes[found["name"]], named[found["name"]] = int(found["bytes"]), number
            first = number if first is None else first
        elif found := engines.GOT_OBJECT.search(line):
            got.add(found["name"])
            last = number
        elif found := engines.COPYING.search(line):
            source, source_line = found["source"], run.line(number)
            first = number if first is None else first
        elif found := engines.DOWNLOADED.search(line):
            total, last = _number(found["seconds"]), number
    if last is None:
        return None
    counted = sum(size for name, size in sizes.items() if total is not None or name in got)
    spent = total if total is not None else _between(run, first, last)
    return Transfer(
        line=run.line(last), init=init, done=total is not None, bytes=counted or None, seconds=spent, source=source,
        source_line=source_line, files=len(got) or len(sizes), told_at=run.time(last),
        sizes=tuple(run.line(named[name]) for name in sorted(sizes, key=lambda name: (-sizes[name], name))[:MAX_SIZES]),
    )  # fmt: skip


def _progress(run: Run, *, init: bool) -> Transfer | None:
    """The last progress line of `aws s3 cp`, rclone and the like."""
    best = None
    for number, line in enumerate(run.lines):
        if found := engines.PROGRESS.search(line):
            best = (number, found)
    if best is None:
        return None
    number, found = best
    done, whole = _bytes(found["done"], found["done_unit"]), _bytes(found["all"], found["all_unit"])
    speed = _bytes(found["rate"], found["rate_unit"])
    if done is None or whole is None or speed is None:
        return None
    seconds = done / speed if speed else None
    return Transfer(
        line=run.line(number), init=init, done=done >= whole, bytes=done, seconds=seconds, stated_rate=speed / 1e6,
        told_at=run.time(number),
    )  # fmt: skip


def _engine(run: Run) -> Transfer | None:
    """The download of vLLM itself, which tells its time and not its size."""
    number = run.find(engines.ENGINE_DOWNLOADED.search)
    found = engines.ENGINE_DOWNLOADED.search(run.lines[number]) if number is not None else None
    if number is None or found is None:
        return None
    seconds = _number(found["seconds"])
    return Transfer(
        line=run.line(number), init=False, done=True, seconds=seconds, source=found["source"], told_at=run.time(number)
    )


def _between(run: Run, first: int | None, last: int) -> float | None:
    begun = run.time(first) if first is not None else None
    ended = run.time(last)
    return ended - begun if begun is not None and ended is not None and ended > begun else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < 1e7 else None  # noqa: PLR2004  no download lasts months


def _bytes(text: str, unit: str) -> int | None:
    value = _number(text)
    size = int(value * _UNITS.get(unit, 0)) if value is not None else 0
    return size if 0 < size < MAX_BYTES else None
