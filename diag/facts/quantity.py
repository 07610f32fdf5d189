"""Kubernetes quantities as exact integers: thousandths for sums and comparisons, and text for people.

Grammar and rounding: kubernetes/kubernetes staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go.
"""

import math
import re
from functools import lru_cache

_LONGEST = 64  # characters; an int64 with a fraction and a suffix needs half of it
# Kubernetes caps a quantity at the largest int64 instead of refusing it.
_LARGEST_MILLI = (2**63 - 1) * 1000
_LARGEST_EXPONENT = 100  # more digits than _LONGEST leaves room for, so larger ones only reach the cap or zero

_QUANTITY = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:\.(?P<fraction>[0-9]*))?"
    r"(?P<suffix>[KMGTPE]i|[numkMGTPE]?|[eE][+-]?[0-9]+)"
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}

_BYTES = ("memory", "storage", "ephemeral-storage")
_UNITS = ((1024**4, "Ti"), (1024**3, "Gi"), (1024**2, "Mi"), (1024, "Ki"))
_READABLE = 10_000  # up to four digits an exact smaller unit reads better than a rounded larger one


def milli(value: object) -> int | None:
    """The quantity in thousandths, rounded away from zero as Kubernetes does; None for what is no quantity.

    Takes the texts and numbers that JSON and YAML give. Values beyond an int64 are capped there.
    """
    if isinstance(value, str):
        return _parsed(value) if len(value) <= _LONGEST else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return _capped(value * 1000)
    if isinstance(value, float) and math.isfinite(value):
        return _parsed(repr(value))
    return None


def amount(value: object) -> int | None:
    """The quantity in whole units, rounded away from zero: GPUs, pods, bytes."""
    thousandths = milli(value)
    return None if thousandths is None else _divided(thousandths, 1000)


def show(thousandths: int, resource: str) -> str:
    """The amount as a person writes it: `64Gi` of memory, `500m` of CPU, `8` GPUs."""
    if _in_bytes(resource):
        return _show_bytes(_divided(thousandths, 1000))
    whole, rest = divmod(thousandths, 1000)
    return f"{thousandths}m" if rest else str(whole)


@lru_cache(maxsize=16384)
def _parsed(text: str) -> int | None:
    matched = _QUANTITY.fullmatch(text)
    if matched is None:
        return None
    fraction = matched["fraction"] or ""
    digits = matched["whole"] + fraction
    if not digits:
        return None
    number = int(digits)
    suffix = matched["suffix"]
    exponent = 3 - len(fraction)
    if suffix in _BINARY:
        number *= 1024 ** _BINARY[suffix]
    elif suffix in _DECIMAL:
        exponent += _DECIMAL[suffix]
    else:
        exponent += max(-_LARGEST_EXPONENT, min(int(suffix[1:]), _LARGEST_EXPONENT))
    scaled = number * 10**exponent if exponent >= 0 else _divided(number, 10**-exponent)
    return _capped(-scaled if matched["sign"] == "-" else scaled)


def _divided(number: int, divisor: int) -> int:
    """The quotient rounded away from zero."""
    return -(-number // divisor) if number >= 0 else number // divisor


def _capped(thousandths: int) -> int:
    return max(-_LARGEST_MILLI, min(thousandths, _LARGEST_MILLI))


def _in_bytes(resource: str) -> bool:
    """Whether a resource counts bytes; quotas write `requests.memory` and `x.storageclass…/requests.storage`."""
    name = resource.rpartition("/")[2].removeprefix("requests.").removeprefix("limits.")
    return name in _BYTES or name.startswith("hugepages-")


def _show_bytes(size: int) -> str:
    for position, (unit, name) in enumerate(_UNITS):
        if abs(size) < unit:
            continue
        if size * 10 % unit == 0:
            return f"{size / unit:.1f}".removesuffix(".0") + name
        for smaller, its_name in _UNITS[position + 1 :]:
            if size % smaller == 0 and abs(size) < _READABLE * smaller:
                return f"{size // smaller}{its_name}"
        return f"{size / unit:.1f}".removesuffix(".0") + name
    return str(size)
