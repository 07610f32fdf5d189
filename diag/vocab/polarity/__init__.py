"""Polarity: whether a condition says that all is well.

`Ready=True` is good news and `KernelDeadlock=True` is bad news; `Active=False` on a Knative Revision only says that
nobody asks. Operators agree on nothing here, so what a type means is written down for each kind, with the source that
says so. Of an unknown type nothing is said, except of `Ready`, `Available` and `Healthy`.
"""

from enum import Enum
from fnmatch import fnmatchcase
from functools import lru_cache

from diag.vocab.gpu_health import DEFECT, GOOD
from diag.vocab.polarity import batch, conventions, core, delivery, fleets, network, nodes, serving
from diag.vocab.polarity.entry import Entry

# The order decides: what is said of a kind comes before what is said of its whole API group, conventions come last.
ENTRIES: tuple[Entry, ...] = (
    *core.ENTRIES, *nodes.ENTRIES, *batch.ENTRIES, *serving.ENTRIES, *fleets.ENTRIES, *delivery.ENTRIES,
    *network.ENTRIES, *conventions.ENTRIES,
)  # fmt: skip


class Verdict(Enum):
    """What a condition says of its object."""

    GOOD = "good"
    BAD = "bad"
    NEUTRAL = "neutral"


def verdict(kind_id: str, type_: str, status: str, reason: str = "") -> Verdict:
    """What `type_=status` with a reason says of an object of a kind (`Node`, `keda.sh/ScaledObject`).

    `Unknown` and any other status is neutral, unless it says of this type that its reporter is gone, or its reason
    states a fault.
    """
    well, silence_is_bad = _meaning(kind_id, type_)
    silence_is_bad = silence_is_bad or reason in _stated(kind_id)
    if well is None or (status not in ("True", "False") and not (status == "Unknown" and silence_is_bad)):
        return Verdict.NEUTRAL
    if status == well:
        return Verdict.GOOD
    return Verdict.NEUTRAL if reason in _excused(kind_id) else Verdict.BAD


def is_known(kind_id: str) -> bool:
    """Whether the registry has an entry for the kind or its API group, so that its types have been read up."""
    return any(entry not in conventions.ENTRIES for entry in _entries(kind_id))


@lru_cache(maxsize=4096)
def _entries(kind_id: str) -> tuple[Entry, ...]:
    return tuple(entry for entry in ENTRIES if _any(entry.kinds, kind_id))


@lru_cache(maxsize=4096)
def _meaning(kind_id: str, type_: str) -> tuple[str | None, bool]:
    """The status that is good news (None: there is none), and whether Unknown is bad news."""
    for entry in _entries(kind_id):
        for types, well in ((entry.good, "True"), (entry.bad, "False"), (entry.neutral, None)):
            if type_ in types:
                return well, type_ in entry.unknown
        for types, well in ((entry.good, "True"), (entry.bad, "False"), (entry.neutral, None)):
            if _any(types, type_):
                return well, False
    if kind_id == "Node":
        return ("True" if GOOD.search(type_) else "False" if DEFECT.search(type_) else None), False
    return None, False


@lru_cache(maxsize=4096)
def _excused(kind_id: str) -> frozenset[str]:
    return frozenset(reason for entry in _entries(kind_id) for reason in entry.excused)


@lru_cache(maxsize=4096)
def _stated(kind_id: str) -> frozenset[str]:
    return frozenset(reason for entry in _entries(kind_id) for reason in entry.stated)


def _any(patterns: tuple[str, ...], word: str) -> bool:
    return any(fnmatchcase(word, pattern) for pattern in patterns)
