"""Run `diag`, as a command and as `python -m diag`. Ctrl-C while it still loads ends it without a word."""

import signal
import sys
from types import FrameType


def main() -> None:
    """Loads the command line, runs it, and exits."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _too_early)
    from diag.cli.root import main as run  # noqa: PLC0415  importing it takes most of the time until then

    if signal.getsignal(signal.SIGINT) is _too_early:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # there it has words

    run()


def _too_early(_number: int, _frame: FrameType | None) -> None:
    sys.exit(130)


if __name__ == "__main__":
    main()
