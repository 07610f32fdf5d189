"""How amounts, times, degrees and objects read: one wording for every door."""

import datetime as dt
from collections.abc import Iterable, Sequence

from diag.document import AffectedRow, RefRow

CONFIDENCE = {"certain": "certain", "likely": "probably", "possible": "possibly"}
WHY_NOT = {
    "forbidden": "not allowed",
    "not-collected": "not in the files",
    "not-read": "not read in time",
    "not-served": "this cluster has no such kind",
    "truncated": "cut off",
    "error": "failed",
    "unreadable": "cannot be read",
    "rule-crashed": "the rule crashed",
    "timeout": "took too long",
    "capture-time-unknown": "the time of capture is unknown",
    "disagrees": "two sources disagree",
    "import-failed": "a rule package cannot be imported",
}
_UNITS = ((86400, "d", "day"), (3600, "h", "hour"), (60, "m", "minute"), (1, "s", "second"))


def moment(text: str | None) -> dt.datetime | None:
    """An RFC 3339 time, or None when it is absent or no time. A time without a zone is read as UTC."""
    try:
        at = dt.datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def clock(at: str) -> str:
    """A time to the second, in UTC; what is no time stays as it is."""
    found = moment(at)
    return found.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if found else at


def in_short(at: str) -> str:
    """Month, day and time in UTC: what is read within days; as it is where it is no time."""
    found = moment(at)
    return found.astimezone(dt.UTC).strftime("%m-%d %H:%M:%S") if found else at


def seconds_since(since: str | None, now: str | None) -> float | None:
    """Seconds from one time to the other, zero at least; None when either is unknown."""
    begin, end = moment(since), moment(now)
    return max((end - begin).total_seconds(), 0.0) if begin and end else None


def short_duration(seconds: float | None) -> str:
    """A duration as kubectl's age column has it: `41m`, `2h`, `5d`; `-` when unknown."""
    if seconds is None:
        return "-"
    for unit_s, letter, _ in _UNITS:
        # Two of a unit at least, as "90m" says more than "1h"; the smallest unit takes the rest.
        if seconds >= 2 * unit_s:
            return f"{int(seconds // unit_s)}{letter}"
    return f"{int(seconds)}s"


def long_duration(seconds: float) -> str:
    """A duration in words, two units at most: `2 hours 5 minutes`."""
    left, words = int(seconds), list[str]()
    for unit_s, _, noun in _UNITS:
        amount, left = divmod(left, unit_s)
        if amount:
            words.append(counted(amount, noun))
        if len(words) == 2 or (words and not amount):  # noqa: PLR2004  # two units are as exact as anyone reads
            break
    return " ".join(words) or "less than a second"


def counted(amount: int, noun: str) -> str:
    """`1 pod`, `3 pods`."""
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"


def listed(words: Iterable[str]) -> str:
    """Words joined with commas, empty ones left out."""
    return ", ".join(word for word in words if word)


def folded(names: Sequence[str], shown: int = 5) -> str:
    """The first names, and how many more there are: `a, b and 37 more`."""
    rest = len(names) - shown
    head = ", ".join(names[:shown])
    return f"{head} and {rest} more" if rest > 0 else head


def named(ref: RefRow, *, with_cluster: bool = False) -> str:
    """An object in prose: `Pod ml/llama-ft-0`, with its cluster where several were looked at."""
    name = f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name
    return f"{ref.kind} {name} in cluster {ref.cluster}" if with_cluster else f"{ref.kind} {name}"


def cost_of(cost: AffectedRow) -> str:
    """What a cause costs: `1 workload, 4 pods, 32 GPUs waited for`; empty where it costs nothing."""
    return listed(
        (
            counted(cost.workloads, "workload") if cost.workloads else "",
            counted(cost.pods, "pod") if cost.pods else "",
            gpu_cost(cost.gpus, cost.gpus_lost),
            _unknown_cost(cost),
        )
    )


def _unknown_cost(cost: AffectedRow) -> str:
    """`at least 2 claimed devices that may be GPUs waited for`; unknown is not none."""
    if not isinstance(cost.devices, int) or not cost.devices:
        return ""
    return f"at least {counted(cost.devices, 'claimed device')} waited for that may be GPUs"


def gpu_cost(waited: int, lost: int) -> str:
    """`12 GPUs waited for, 8 lost`; empty when no GPU is concerned."""
    if waited and lost:
        return f"{counted(waited, 'GPU')} waited for, {lost} lost"
    if waited:
        return f"{counted(waited, 'GPU')} waited for"
    return f"{counted(lost, 'GPU')} lost" if lost else ""
