"""A file written whole or not at all: whoever reads it meanwhile sees the old or the new one, never a half."""

import contextlib
import os
import tempfile
from pathlib import Path


def replace(path: Path, content: bytes, *, private: bool = False) -> None:
    """Put a file in place in one step; raises OSError, and then leaves nothing behind.

    It has the permissions that any new file would get, unless it is to stay `private`; then it is on the disk, too,
    before it takes its place.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if private:
                file.flush()
                os.fsync(file.fileno())
        if not private:  # as mkstemp makes it
            mask = os.umask(0)
            os.umask(mask)
            Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
