"""A folder as a bundle: every regular file below it. Links are not followed; what they lead to is met where it is."""

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from diag.snapshot.sources.bundles.entry import Entry, Wanted
from diag.snapshot.sources.plain_file import is_link, printable

UNREAD_FOLDER = "a folder that cannot be read"
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class FolderFiles:
    """The files of a folder and its sub-folders."""

    kind = "folder"

    def __init__(self, root: Path) -> None:
        self.root = root

    def first(self, most: int) -> list[Path]:
        """The first regular files, in the order of their names."""
        files = (Path(folder) / name for folder, _, names in os.walk(self.root) for name in sorted(names))
        regular = (path for path in files if not is_link(path) and os.path.isfile(path))  # noqa: PTH113  as `is_link`
        return list(islice(regular, most))

    def entries(self, wanted: Wanted | None = None) -> Iterator[Entry]:
        """The files in the order of their names; with `wanted`, only these are opened."""
        failed: list[OSError] = []
        for folder, folders, files in os.walk(self.root, onerror=failed.append):
            folders.sort()
            place = Path(folder).relative_to(self.root)
            for name in [*sorted(files), *(each for each in folders if is_link(Path(folder) / each))]:
                shown = printable(place / name)
                if wanted is None or wanted(shown):
                    yield from _opened(Path(folder) / name, shown, self.root)
                else:
                    yield Entry(name=shown, size=0)
            while failed:
                error = failed.pop()
                where = printable(Path(os.path.relpath(error.filename, self.root)))
                yield Entry(name=where, size=0, odd=f"{UNREAD_FOLDER} ({error.strerror})")


def _opened(path: Path, name: str, root: Path) -> Iterator[Entry]:
    if is_link(path):
        inside = Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
        target = printable(Path(os.path.realpath(path)))
        yield Entry(name=name, size=0, odd="folder" if inside else f"link to {target}, out of the folder")
        return
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        yield Entry(name=name, size=0, odd=f"not readable ({(error.strerror or str(error)).lower()})")
        return
    with closing(os.fdopen(descriptor, "rb")) as file:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            yield Entry(name=name, size=status.st_size, reader=file)
        else:
            yield Entry(name=name, size=0, odd="not a regular file")
