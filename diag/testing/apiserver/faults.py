"""What may go wrong with a request, on purpose.

Fault(number=3, what="reset")                     the third request of all, once
Fault(path="/api/v1/pods", code=429, retry_after=1, times=2)
Fault(path="/api/v1/pods", number=2, what="expire")   the history is compacted before the second of these
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

What = Literal["code", "reset", "stall", "drip", "truncate", "garbage", "html", "expire", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    It meets requests whose path is `path` (any, when empty): from the `number`th of these on, `times` of them. `what`
    is an answer with `code` (`text` as plain text, as API Priority and Fairness gives a 429), a connection that is
    `reset`, one that `stall`s for `seconds` in the middle of its body, one that `drip`s byte after byte for as long, a
    body that ends early (`truncate`), is no JSON
    (`garbage`) or a proxy's login page (`html`), a history that is compacted first (`expire`), or a server that goes
    away for good (`gone`).
    """

    path: str = ""
    number: int = 1
    times: int = 1
    what: What = "code"
    code: int = 500
    retry_after: int | None = None
    seconds: float = 30.0
    text: str = ""


@dataclass(slots=True)
class _Coming:
    fault: Fault
    ahead: int  # requests that it lets pass first
    times: int


class Faults:
    """The faults of a server, and which are still to come."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._lock = threading.Lock()
        self._coming = [_Coming(fault, fault.number - 1, fault.times) for fault in faults]

    def meet(self, path: str) -> Fault | None:
        """The fault that this request meets, if any."""
        with self._lock:
            for one in self._coming:
                if (one.fault.path and one.fault.path != path) or not one.times:
                    continue
                if one.ahead:
                    one.ahead -= 1
                    continue
                if one.fault.what != "gone":
                    one.times -= 1
                return one.fault
        return None
