"""The time that a log line states, whatever its writer's format.

Formats that leave out the year (vLLM, klog) take it from the run of their container. A time without a zone is UTC.
"""

import re
from datetime import UTC, datetime

from diag.facts.times import seconds

_HEAD = 160  # characters of a line in which its time stands
_FULL = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?")
_NO_YEAR = re.compile(r"(?<![\d-])(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?!\d)")
_KLOG = re.compile(r"^[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?")
_EPOCH = re.compile(r'"(?:ts|time|timestamp)":\s*"?(\d{10})(\.\d{1,9})?[",}]')


def log_time(line: str, near: float) -> float | None:
    """Seconds since 1970 of a line's own time stamp, None where it has none. `near` settles a missing year."""
    head = line[:_HEAD]
    found = _FULL.search(head)
    if found:
        zone = found[4] or "Z"
        zone = zone if zone == "Z" or ":" in zone else f"{zone[:3]}:{zone[3:]}"
        fraction = f".{found[3]}" if found[3] else ""
        return seconds(f"{found[1]}T{found[2]}{fraction}{zone}")
    found = _NO_YEAR.search(head) or _KLOG.search(head)
    if found:
        return _in_year(found, near)
    found = _EPOCH.search(head)
    return float(found[1] + (found[2] or "")) if found else None


def _in_year(found: re.Match[str], near: float) -> float | None:
    month, day, hour, minute, second = (int(part) for part in found.groups()[:5])
    fraction = float(f"0.{found[6]}") if found[6] else 0.0
    try:
        year = datetime.fromtimestamp(near, UTC).year
        stamps = []
        for candidate in (year - 1, year, year + 1):
            try:
                at = datetime(candidate, month, day, hour, minute, second, tzinfo=UTC)
            except ValueError:  # 29 February of another year
                continue
            stamps.append(at.timestamp() + fraction)
    except (ValueError, OverflowError, OSError):
        return None
    return min(stamps, key=lambda stamp: abs(stamp - near), default=None)
