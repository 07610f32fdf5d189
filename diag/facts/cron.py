"""Schedules of CronJobs: whether the controller can read one.

As robfig/cron/v3 parser.go (ParseStandard) does, with which kubernetes/kubernetes pkg/controller/cronjob reads them.
"""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# Name, least, greatest, and words with the number of the first.
FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of week", 0, 6, DAYS),
)
DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")


def unreadable(schedule: str) -> str:
    """Why the controller cannot read a schedule, in words; empty where it can, or where that is not known."""
    text = schedule.strip()
    if text.startswith(("TZ=", "CRON_TZ=")):
        text = text.partition(" ")[2].strip()
    if text.startswith("@"):
        return "" if text in DESCRIPTORS or text.startswith("@every ") else f"{text} is no known descriptor"
    fields = text.split()
    if len(fields) != len(FIELDS):
        return f"it has {len(fields)} fields in place of {len(FIELDS)}"
    for field, (name, least, most, words) in zip(fields, FIELDS, strict=True):
        for part in field.split(","):
            if not _is_range(part, least, most, words):
                return f"{part or field} is no {name}"
    return ""


def _is_range(part: str, least: int, most: int, words: tuple[str, ...]) -> bool:
    """Whether a part is `*`, `?`, a value or a range, each with a step or without."""
    span, slash, step = part.partition("/")
    if slash and (_number(step) or 0) <= 0:
        return False
    if span in ("*", "?"):
        return True
    ends = [_value(end, words, least) for end in span.split("-")]
    known = [end for end in ends if end is not None]
    return len(known) == len(ends) <= 2 and least <= known[0] <= known[-1] <= most  # noqa: PLR2004  both ends


def _value(text: str, words: tuple[str, ...], least: int) -> int | None:
    folded = text.casefold()
    return words.index(folded) + least if folded in words else _number(text)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None  # noqa: PLR2004  no more digits
