"""A time for something that cannot be told one: reads that time out one by one, names that are looked up, logins."""

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

ResultT = TypeVar("ResultT")


def within(seconds: float, do: Callable[[], ResultT]) -> ResultT:
    """What it returns or raises. Raises TimeoutError when it takes longer; what it does then goes on, unheard."""
    done: queue.SimpleQueue[ResultT | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put(do())
        except BaseException as error:  # noqa: BLE001  raised again where it is waited for
            done.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        result = done.get(timeout=max(seconds, 0))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(result, BaseException):
        raise result
    return result
