"""What may still be read, and the two refusals that a folder tells apart from a bad file."""

from diag.errors import SnapshotError
from diag.snapshot.sources.part import Limits


class NotObjectsError(SnapshotError):
    """A file that holds no Kubernetes objects: an error when it was named; in a folder passed over, or a problem.

    `form` is `json` or `yaml` where it is well-formed and simply holds something else. `beside`: it was meant to stand
    beside objects, so that whoever gave it has to be told that it says nothing.
    """

    form = ""
    beside = False


class LimitExceededError(SnapshotError):
    """A source is larger than the limits allow. Ends the reading of a folder too: the next file would be no better."""


class Budget:
    """Counts bytes, objects and files of one source against its limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._bytes = 0
        self._objects = 0
        self._files = 0

    @property
    def bytes_left(self) -> int:
        """How many bytes may still be read."""
        return self.limits.bytes - self._bytes

    def spend_bytes(self, count: int, path: str) -> None:
        """Count bytes held in memory; raises `LimitExceededError` beyond the limit."""
        self._bytes += count
        if self._bytes > self.limits.bytes:
            raise _exceeded(path, f"{self.limits.bytes:,} bytes when expanded", "--max-bytes")

    def return_bytes(self, count: int) -> None:
        """Take back bytes that are no longer held: what was compressed, once it is expanded."""
        self._bytes -= count

    def spend_objects(self, count: int, path: str) -> None:
        """Count objects; raises `LimitExceededError` beyond the limit."""
        self._objects += count
        if self._objects > self.limits.objects:
            raise _exceeded(path, f"{self.limits.objects:,} objects", "--max-objects")

    def spend_file(self, path: str) -> None:
        """Count one file or folder; raises `LimitExceededError` beyond the limit."""
        self._files += 1
        if self._files > self.limits.files:
            raise _exceeded(path, f"{self.limits.files:,} files", "--max-files")

    def check_ratio(self, packed: int, expanded: int, free: int) -> None:
        """Compare what was read with what it expanded to, beyond `free` bytes; raises `LimitExceededError`."""
        if expanded > free and expanded > packed * self.limits.ratio:
            raise _exceeded("what is packed here", f"{self.limits.ratio:,} times its size when expanded", "--max-ratio")


def _exceeded(path: str, limit: str, flag: str) -> LimitExceededError:
    return LimitExceededError(
        f"{path} goes beyond the limit of {limit}",
        hint=f"if that is what you mean to read, raise the limit with {flag}",
    )
