"""Answers of models, kept by what was asked: the same question gets the same bytes without a call.

An answer is kept as it would leave the machine, with pseudonyms, so that no name of a cluster lies around in a cache.
"""

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from diag.whole_file import replace


def default_folder() -> Path:
    """Where the user's cache of explanations lies."""
    return Path(platformdirs.user_cache_dir("diag", appauthor=False)) / "explanations"


@dataclass(frozen=True, slots=True)
class Cache:
    """Answers in files, one each. A folder that cannot be used is an empty cache."""

    folder: Path

    def key(self, *parts: str) -> str:
        """The key of a question: all that decides its answer (engine, model, prompt version, parameters, facts)."""
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def get(self, key: str) -> str | None:
        """The kept answer, None where there is none."""
        try:
            return self._file(key).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def put(self, key: str, answer: str) -> None:
        """Keeps an answer."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            replace(self._file(key), answer.encode("utf-8", "replace"), private=True)

    def files(self) -> list[Path]:
        """The files of all answers."""
        try:
            return sorted(self.folder.glob("*.answer"))
        except OSError:
            return []

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.answer"
