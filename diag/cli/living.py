"""Clusters that run: from flags to what is connected to, and Ctrl-C that ends the reading, not the report."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

from diag.cli.bounds import limits
from diag.cli.flags import Flags, commas
from diag.collect.live import Live
from diag.collect.requests import Stop
from diag.errors import UsageError
from diag.snapshot.sources.part import Limits

_REQUEST_S = 30.0


def live(flags: Flags) -> Live:
    """What the flags mean. Raises UsageError where they contradict each other."""
    if flags.as_group and not flags.as_:
        raise UsageError("--as-group needs --as", hint="name the user as well, as for kubectl")
    until = None if flags.timeout is None else time.monotonic() + flags.timeout
    return Live(
        contexts=commas(flags.context), kubeconfig=flags.kubeconfig, as_user=flags.as_, as_groups=flags.as_group,
        request_timeout_s=flags.request_timeout or _REQUEST_S, everything=flags.all_resources,
        namespaces=flags.namespaces, stop=Stop(until=until), limits=limits(flags) or Limits(),
    )  # fmt: skip


def wants_cluster(flags: Flags) -> bool:
    """Whether a typed flag names a cluster, which then stands against a `from` of a file.

    Raises UsageError where a dump is typed as well.
    """
    typed = [
        f"--{name.rstrip('_')}"
        for name, value in (("context", flags.context), ("kubeconfig", flags.kubeconfig), ("as_", flags.as_))
        if value and name not in flags.origins
    ]
    dumped = any(value and name not in flags.origins for name, value in (("from_", flags.from_), ("demo", flags.demo)))
    if typed and dumped:
        raise UsageError(f"{typed[0]} is for clusters, and --from or --demo is given", hint="leave one of them out")
    return bool(typed)


@contextlib.contextmanager
def ended_by_interrupt(stop: Stop) -> Iterator[None]:
    """The first Ctrl-C (or TERM) ends the reading, so that what was read is reported; a second ends the program."""

    def end(_number: int, _frame: FrameType | None) -> None:
        if stop.interrupted.is_set():
            raise KeyboardInterrupt
        stop.interrupted.set()

    if threading.current_thread() is not threading.main_thread():
        yield  # in the TUI, where keys end the reading; only the main thread is told of signals
        return
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
