"""A file written whole or not at all: whoever reads it meanwhile sees the old or the new one, never a half."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def replace(path: Path, content: bytes, *, private: bool = False, over: bool = True) -> None:
    """Put a file in place in one step, as `replacing`."""
    with replacing(path, private=private, over=over) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: Path, *, private: bool = False, over: bool = True) -> Iterator[BinaryIO]:
    """A file to write to, which is put in place in one step at the end; raises OSError, and then leaves nothing behind.

    Without `over` it raises FileExistsError where a file of that name is there already.

    It has the permissions that any new file would get, unless it is to stay `private`; then it is on the disk, too,
    before it takes its place.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            if private:
                file.flush()
                os.fsync(file.fileno())
        if not private:  # as mkstemp makes it
            mask = os.umask(0)
            os.umask(mask)
            Path(name).chmod(0o666 & ~mask)
        if over or not _linked(name, path):
            Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _linked(name: str, path: Path) -> bool:
    """Give a file its name in one step unless another has it; false on a file system without links, and without it."""
    try:
        os.link(name, path)
    except FileExistsError:
        raise
    except OSError:
        if path.exists():
            raise FileExistsError(path) from None
        return False
    Path(name).unlink()
    return True
