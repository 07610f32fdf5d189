"""Requests side by side, in threads that never keep the program from ending."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from diag.collect.requests import Stop

THREADS = 8
_LOOK_S = 0.1  # how often the waiting side looks whether its time is over
JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")


def in_parallel(
    jobs: Sequence[JobT], do: Callable[[JobT], ResultT], stop: Stop
) -> Iterator[tuple[JobT, ResultT | Exception | None]]:
    """Each job with its result, or what it raised, as they get done. When `stop` ends, the rest with None."""
    work = _Work(jobs, do, stop)
    for _ in range(min(THREADS, len(jobs))):
        threading.Thread(target=work.run, daemon=True).start()
    left = set(range(len(jobs)))
    while left:
        try:
            number, result = work.done.get(timeout=_LOOK_S)
        except queue.Empty:
            if stop.ended:
                break
            continue
        left.discard(number)
        yield jobs[number], result
    for number in sorted(left):
        yield jobs[number], None


def patiently(do: Callable[[], ResultT], stop: Stop) -> ResultT | None:
    """What it returns or raises; None when `stop` ends before, whatever it still waits for."""
    ((_, result),) = in_parallel([None], lambda _: do(), stop)
    if isinstance(result, Exception):
        raise result
    return result


class _Work(Generic[JobT, ResultT]):
    def __init__(self, jobs: Sequence[JobT], do: Callable[[JobT], ResultT], stop: Stop) -> None:
        self._jobs, self._do, self._stop = jobs, do, stop
        self._next = iter(range(len(jobs)))
        self._lock = threading.Lock()
        self.done: queue.SimpleQueue[tuple[int, ResultT | Exception]] = queue.SimpleQueue()

    def run(self) -> None:
        """Take jobs until there is none, or no time."""
        while not self._stop.ended:
            with self._lock:
                number = next(self._next, None)
            if number is None:
                return
            try:
                result: ResultT | Exception = self._do(self._jobs[number])
            except Exception as error:  # noqa: BLE001  a job that fails is a result; the others go on
                result = error
            self.done.put((number, result))
