"""Everything that can go wrong, and what the user is told.

DiagError                 exit  hint shown
├── UsageError             2    the flag and its remedy
├── ConfigError            2    file, key, nearest known key
├── SnapshotError          3    path, line
├── ClusterError           3    context, and how to look closer
└── EndedError       130, 124   what to do
"""


class DiagError(Exception):
    """A failure with a sentence for the user: what failed, with which input, and what to do next."""

    exit_code = 3

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(DiagError):
    """The command line asks for something that does not exist or does not fit together."""

    exit_code = 2


class ConfigError(DiagError):
    """A configuration file or variable cannot be used."""

    exit_code = 2


class SnapshotError(DiagError):
    """A snapshot cannot be read at all. A part of one that cannot be read is a gap instead."""


class ClusterError(DiagError):
    """A cluster cannot be reached, or nothing of it may be read. One part that may not be read is a gap instead."""


class EndedError(DiagError):
    """Ctrl-C or `--timeout` came before anything was read. `ended`: `interrupted`, `timeout`; `seen`: what took it."""

    def __init__(self, ended: str, seen: str = "") -> None:
        text = f"{ended} before anything was read" + (f": {seen}" if seen else "")
        super().__init__(text, hint="give it more time, or see what `diag doctor` says")
        self.exit_code = 130 if ended == "interrupted" else 124
