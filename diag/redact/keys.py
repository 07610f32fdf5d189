"""The key of pseudonyms, and the names that they stand for: what has to be there to turn them back."""

import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from diag.errors import DiagError
from diag.redact.pseudonyms import Pseudonyms
from diag.whole_file import replace

_SIZE = hashlib.sha256().digest_size
_LEAST = 16  # bytes: a shorter key can be guessed
_NAMES = "names.json"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file of at least 16 bytes, and beside it the names of what was redacted with it. Both are for their owner."""

    path: Path
    key: bytes

    @property
    def id(self) -> str:
        """Which key it is, without telling it."""
        return hmac.digest(self.key, b"diag redaction key", hashlib.sha256).hex()[:12]

    def pseudonyms(self) -> Pseudonyms:
        """Pseudonyms that go on where earlier ones with this key ended. Raises DiagError where names are unreadable."""
        if not self._names.exists():
            return Pseudonyms(self.key)
        try:
            return Pseudonyms(self.key, msgspec.json.decode(self._names.read_bytes(), type=dict[str, str]))
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DiagError(
                f"cannot read {self._names}: {error}", hint="move it away, or name another --key"
            ) from error

    def keep(self, names: Mapping[str, str]) -> None:
        """Keeps what pseudonyms stand for. Raises DiagError where that cannot be written."""
        try:
            replace(self._names, msgspec.json.encode(names, order="deterministic"), private=True)
        except OSError as error:
            raise DiagError(
                f"cannot write {self._names}: {error.strerror or error}",
                hint="without it nothing can be turned back; name a --key where files can be written",
            ) from error

    @property
    def _names(self) -> Path:
        return self.path.with_name(f"{self.path.name}.{_NAMES}")


def key_file(path: Path, *, make: bool = True) -> KeyFile:
    """The key in a file, made where there is none. Raises DiagError where it cannot be read, made or is too short."""
    try:
        if make and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            replace(path, secrets.token_bytes(_SIZE), private=True)
        key = path.read_bytes()
    except OSError as error:
        raise DiagError(
            f"cannot use the key {path}: {error.strerror or error}", hint="name a file with --key FILE"
        ) from error
    if len(key.strip(b"\r\n")) < _LEAST:
        raise DiagError(f"{path} is no key: it has less than {_LEAST} bytes", hint="head -c 32 /dev/urandom > FILE")
    return KeyFile(path, key if len(key) == _SIZE else key.strip(b"\r\n"))


def installation_key(folder: Path) -> bytes:
    """The key of this installation, made when it is first needed; a key for this run only where it cannot be kept."""
    with contextlib.suppress(DiagError):
        return key_file(folder / "redaction.key").key
    return secrets.token_bytes(_SIZE)
