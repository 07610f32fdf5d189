"""Values of flags, spelled as kubectl spells them. Each function is a `type=` of click's."""

import datetime as dt
import re
from decimal import Decimal

import click

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(k|[KMGT]i|[MGT])?")
_BYTES = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def duration(written: str) -> float:
    """Seconds from `90s`, `2h`, `1h30m`, `5d`."""
    parts = _DURATION.findall(written)
    if not parts or "".join(amount + unit for amount, unit in parts) != written:
        raise click.BadParameter(f"{written!r} is no duration; write 90s, 2h or 1h30m")
    return sum(float(amount) * _SECONDS[unit] for amount, unit in parts)


def written_duration(seconds: float) -> str:
    """A duration as `duration` reads it, in the largest unit that needs no fraction: `2h`, `90s`."""
    for unit in ("d", "h", "m"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{int(seconds // _SECONDS[unit])}{unit}"
    return f"{seconds:f}".rstrip("0").rstrip(".") + "s"


def size(written: str) -> int:
    """Bytes from `500M`, `2Gi`, or a plain number."""
    found = _SIZE.fullmatch(str(written))
    if not found:
        raise click.BadParameter(f"{written!r} is no size; write 500M or 2Gi")
    return int(Decimal(found[1]) * _BYTES.get(found[2], 1))


def moment(written: str) -> str:
    """An RFC 3339 time with a zone, kept as text."""
    try:
        zoned = dt.datetime.fromisoformat(written).tzinfo is not None
    except ValueError:
        zoned = False
    if not zoned:
        raise click.BadParameter(f"{written!r} is no time with a zone; write 2026-04-14T08:00:00Z")
    return written
