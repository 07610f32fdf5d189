"""Timestamps and durations of Kubernetes, Go and kubectl as seconds, and back as text."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_LONGEST = 64  # characters; an RFC 3339 time with nanoseconds and an offset has 35

_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_DAY = 86400
_LEAP_SECOND = 60
_FIRST_YEAR = 2  # Go's zero time lies in year 1 and means "never"

_PART = r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+"
_GO = re.compile(rf"([+-]?)((?:(?:{_PART})(?:ns|us|µs|μs|ms|s|m|h))+)")
_SPAN = re.compile(rf"((?:(?:{_PART})(?:ns|us|µs|μs|ms|s|m|h|d|w))+)")
_ONE_PART = re.compile(rf"({_PART})([a-zµμ]+)")
_UNIT_S = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,  # U+00B5, the micro sign
    "μs": 1e-6,  # U+03BC, the Greek letter; Go accepts both
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
}


def seconds(text: object) -> float | None:
    """Seconds since 1970 of an RFC 3339 time (Time, MicroTime); None for anything else and for Go's zero time."""
    return _seconds(text) if isinstance(text, str) and len(text) <= _LONGEST else None


@lru_cache(maxsize=65536)
def _seconds(text: str) -> float | None:
    matched = _RFC3339.fullmatch(text)
    if matched is None:
        return None
    year, month, day, hour, minute, second = map(int, matched.groups()[:6])
    fraction, sign, offset_h, offset_m = matched.groups()[6:]
    if year < _FIRST_YEAR or second > _LEAP_SECOND:
        return None
    try:
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    whole = (at.toordinal() - _EPOCH_DAY) * _DAY + hour * 3600 + minute * 60 + second
    if sign:
        offset = int(offset_h) * 3600 + int(offset_m) * 60
        whole += offset if sign == "-" else -offset
    return whole + float(fraction or 0)


def age_s(then: object, now: object) -> float | None:
    """Seconds from `then` to `now`, each an RFC 3339 text or seconds since 1970; None where one is unknown.

    Negative where `then` lies ahead: clocks differ, and the caller knows what that means.
    """
    start, end = _moment(then), _moment(now)
    return None if start is None or end is None else end - start


def later(one: str | None, other: str | None) -> str | None:
    """The later of two times; one that cannot be read loses to one that can, and two such give None."""
    first, second = seconds(one), seconds(other)
    if second is None:
        return None if first is None else one
    return one if first is not None and first >= second else other


def _moment(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return seconds(value)


# Below each bound of kubectl's column AGE: the unit, and the smaller unit shown beside it
# (kubernetes/kubernetes staging/src/k8s.io/apimachinery/pkg/util/duration/duration.go, HumanDuration).
_AGES = (
    (120, (1, "s"), None),
    (600, (60, "m"), (1, "s")),
    (3 * 3600, (60, "m"), None),
    (8 * 3600, (3600, "h"), (60, "m")),
    (48 * 3600, (3600, "h"), None),
    (8 * _DAY, (_DAY, "d"), (3600, "h")),
    (2 * 365 * _DAY, (_DAY, "d"), None),
    (8 * 365 * _DAY, (365 * _DAY, "y"), (_DAY, "d")),
    (float("inf"), (365 * _DAY, "y"), None),
)
_LONGEST_AGE_S = 1e12


def show_age(age: float) -> str:
    """An age in seconds as kubectl shows it: `45s`, `12m`, `3h20m`, `2d3h`; `0s` where clocks differ."""
    total = int(min(max(age, 0.0), _LONGEST_AGE_S))
    unit, smaller = next(row[1:] for row in _AGES if total < row[0])
    text = f"{total // unit[0]}{unit[1]}"
    rest = total % unit[0] // smaller[0] if smaller else 0
    return f"{text}{rest}{smaller[1]}" if smaller and rest else text


def go_duration_s(text: object) -> float | None:
    """Seconds of a Go duration: `6m41.22s`, `913ms`, `-1h2m`, `0`."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    if text == "0":
        return 0.0
    matched = _GO.fullmatch(text)
    return None if matched is None else _total(matched[2]) * (-1 if matched[1] == "-" else 1)


def parse_span(text: object) -> float | None:
    """Seconds of a span as people write it for a flag: a Go duration that also knows `d` and `w`, never negative."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    matched = _SPAN.fullmatch(text.strip())
    return None if matched is None else _total(matched[1])


def _total(parts: str) -> float:
    return sum(float(number) * _UNIT_S[unit] for number, unit in _ONE_PART.findall(parts))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_S, _LAST_S = -62135596800, 253402300799  # the years 1 to 9999, all that RFC 3339 can write


def iso(since_epoch: float) -> str:
    """Seconds since 1970 as RFC 3339 in UTC, without a fraction when whole, else with microseconds at most."""
    within = min(max(since_epoch, _FIRST_S), _LAST_S)
    at = _EPOCH + timedelta(microseconds=round(within * 1_000_000))
    text = at.strftime("%H:%M:%S")
    fraction = f".{at.microsecond:06d}".rstrip("0") if at.microsecond else ""
    return f"{at.year:04d}-{at.month:02d}-{at.day:02d}T{text}{fraction}Z"
