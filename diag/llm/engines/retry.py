"""Asking again: after what passes by itself (too many requests, a server that fails), with longer and longer pauses."""

import time
from collections.abc import Callable
from typing import TypeVar

from diag.llm.engines.engine import EngineError

_TRIES = 3
_FIRST_S, _LONGEST_S = 1.0, 20.0
T = TypeVar("T")


def passing(status: int | None) -> bool:
    """Whether a status of HTTP may be another one in a moment; None is no connection at all."""
    return status is None or status in (408, 409, 429) or status >= 500  # noqa: PLR2004  # RFC 9110, 15.6


def again(call: Callable[[], T], sleep: Callable[[float], None] = time.sleep) -> T:
    """What `call` returns, at the third attempt at the latest. Raises its EngineError where asking again is no use."""
    pause = _FIRST_S
    for _ in range(_TRIES - 1):
        try:
            return call()
        except EngineError as error:
            if not error.retry:
                raise
            sleep(min(error.after_s if error.after_s is not None else pause, _LONGEST_S))
            pause *= 2
    return call()


def seconds_of(header: str | None) -> float | None:
    """The pause that `Retry-After` asks for, where it gives seconds."""
    try:
        return max(float(header or ""), 0.0)
    except ValueError:
        return None
