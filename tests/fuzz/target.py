"""What a fuzzing run does with one input: read it in each way, load it, and look at everything that came out."""

import contextlib
import io
import tempfile
from pathlib import Path

from diag.errors import DiagError
from diag.snapshot.load import load
from diag.snapshot.sources import Limits, read

LIMITS = Limits(bytes=8 * 1024**2, objects=20_000, files=500, ratio=50, log_bytes=4096)
FILE = Path(tempfile.mkdtemp(prefix="diag-fuzz-")) / "input"


def one_input(data: bytes) -> None:
    """Only diag's own errors may come out of it."""
    FILE.write_bytes(data)
    for source, stdin in (("-", io.BytesIO(data)), (str(FILE), None)):
        with contextlib.suppress(DiagError):
            for snap in load(read(source, stdin=stdin, limits=LIMITS)):
                snap.logs.fetch([("ml/a", "main", False)])
                for table in snap.tables.values():
                    for item in table.values():
                        assert isinstance(item.whole, dict)
