"""Stable names in place of real ones: the same name gets the same pseudonym as long as the key is the same."""

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from diag.whole_file import replace

_ALPHABET = "bcdfghjkmnpqrstvwxz23456789"  # no vowel: no word comes of it
_SHORTEST, _LONGEST = 6, 24
PSEUDONYM = re.compile(rf"[a-z]+-q[{_ALPHABET}]{{{_SHORTEST},{_LONGEST}}}")


class Pseudonyms:
    """Pseudonyms of one run, and what each stands for. `key` decides them; whoever has it not cannot guess a name."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._of: dict[str, str] = {}
        self._real: dict[str, str] = {}

    def of(self, real: str, kind: str) -> str:
        """The pseudonym of a name, which begins with its kind (`node-q7kfmw2`); the first kind that is told counts."""
        if real not in self._of:
            code = self._code(real)
            length = _SHORTEST
            while self._real.get(made := f"{kind}-q{code[:length]}", real) != real:
                length += 1
            self._of[real], self._real[made] = made, real
        return self._of[real]

    def restored(self, text: str) -> str:
        """The text with each pseudonym of this run replaced by what it stands for."""
        return PSEUDONYM.sub(self._back, text)

    def _back(self, found: re.Match[str]) -> str:
        # What follows a pseudonym without a break may look like a part of it.
        for end in range(len(found[0]), 0, -1):
            if (real := self._real.get(found[0][:end])) is not None:
                return real + found[0][end:]
        return found[0]

    def _code(self, real: str) -> str:
        number = int.from_bytes(hmac.digest(self._key, real.encode("utf-8", "surrogatepass"), hashlib.sha256))
        digits = []
        for _ in range(_LONGEST):
            number, digit = divmod(number, len(_ALPHABET))
            digits.append(_ALPHABET[digit])
        return "".join(digits)


def installation_key(folder: Path) -> bytes:
    """The key of this installation, made when it is first needed; a key for this run only where it cannot be kept."""
    path = folder / "redaction.key"
    try:
        if path.exists() and len(key := path.read_bytes()) == hashlib.sha256().digest_size:
            return key
        key = secrets.token_bytes(hashlib.sha256().digest_size)
        folder.mkdir(parents=True, exist_ok=True)
        replace(path, key, private=True)
    except OSError:
        return secrets.token_bytes(hashlib.sha256().digest_size)
    return key
