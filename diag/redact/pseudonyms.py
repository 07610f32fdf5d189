"""Stable names in place of real ones: the same name gets the same pseudonym as long as the key is the same."""

import hashlib
import hmac
import ipaddress
import re
import string
from collections.abc import Callable, Iterator, Mapping

from diag.vocab.kubernetes import SAFE_ALPHABET

_SHORTEST, _LONGEST = 6, 24
_TRIES = 99  # until two names have two pseudonyms
_CODE = SAFE_ALPHABET + "3"  # no vowel: no word comes of it
# A name with its kind in front, and what was behind its stem: `pod-qk7fmw2`, `deployment-qk7fmw2-7d9f8b6c5d-x2x4z`.
PSEUDONYM = re.compile(rf"[a-z]+-q[{_CODE}]{{{_SHORTEST},{_LONGEST}}}(?:[-.][a-z0-9]+)*")
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+/=-]*")
_STARTS = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]")
# Addresses that nobody has: IPv4 of class E (RFC 1112, 4), IPv6 for documentation (RFC 3849).
# Networks and hosts have a half each, so that no host comes to lie in a network that it was not in.
_NETWORKS_V4, _HOSTS_V4, _NOBODYS_V6 = 0xF0000000, 0xF8000000, 0x20010DB8 << 96


class Pseudonyms:
    """Pseudonyms of one run, and what each stands for. `key` decides them; whoever has it not cannot guess a name."""

    def __init__(self, key: bytes, names: Mapping[str, str] | None = None) -> None:
        """`names` are pseudonyms of earlier runs with the same key, and what they stand for."""
        self._key = key
        self._real: dict[str, str] = dict(names or {})
        self._of: dict[str, str] = {}

    @property
    def names(self) -> Mapping[str, str]:
        """Every pseudonym that was given, and what it stands for."""
        return self._real

    def of(self, real: str, kind: str) -> str:
        """The pseudonym of a name, which begins with its kind (`node-qk7fmw2`); the first kind that is told counts."""

        def tries() -> Iterator[str]:
            code = self._letters(real, _CODE, _LONGEST)
            yield from (f"{kind}-q{code[:length]}" for length in range(_SHORTEST, _LONGEST + 1))

        return self._given(real, tries)

    def composed(self, real: str, made: str) -> str:
        """Keeps that a name was put together from the pseudonyms of its parts."""
        return self._given(real, lambda: iter((made,)))

    def generated(self, part: str) -> str:
        """Another random part of a name, as long as this one, of the letters that the API server draws from."""
        return self._letters(part, SAFE_ALPHABET, len(part))

    def id(self, real: str) -> str:
        """An id of the same form: hexadecimal digits, the first one a letter, and the same dashes."""

        def tries() -> Iterator[str]:
            for again in range(_TRIES):
                drawn = self._letters(f"{real}{again or ''}", string.hexdigits[:16], len(real))
                tail = "".join(
                    new if old in string.hexdigits else old for new, old in zip(drawn[1:], real[1:], strict=True)
                )
                yield "abcdef"[int(drawn[0], 16) % 6] + tail

        return self._given(real, tries)

    def address(self, real: str) -> str:
        """An address of a range that nobody uses."""
        version = ipaddress.ip_address(real).version

        def tries() -> Iterator[str]:
            for again in range(_TRIES):
                drawn = self._number(f"{real}{again or ''}")
                yield str(
                    ipaddress.IPv4Address((_NETWORKS_V4 if real.endswith(".0") else _HOSTS_V4) | drawn & 0x07FFFFFF)
                    if version == 4  # noqa: PLR2004  as ipaddress numbers them
                    else ipaddress.IPv6Address(_NOBODYS_V6 | drawn & (1 << 96) - 1)
                )

        return self._given(real, tries)

    def restored(self, text: str) -> str:
        """The text with each pseudonym replaced by what it stands for."""
        return _RUN.sub(lambda run: self._back(run[0]), text)

    def _given(self, real: str, tries: Callable[[], Iterator[str]]) -> str:
        if real not in self._of:
            made = next(each for each in tries() if self._real.get(each, real) == real)
            self._of[real], self._real[made] = made, real
        return self._of[real]

    def _back(self, run: str) -> str:
        told, at = "", 0
        while found := _STARTS.search(run, at):
            start = found.start()
            # What follows a pseudonym without a break may look like a part of it.
            end = next((end for end in range(len(run), start, -1) if run[start:end] in self._real), 0)
            told += run[at:start] + (self._real[run[start:end]] if end else run[start])
            at = end or start + 1
        return told + run[at:]

    def _number(self, real: str) -> int:
        return int.from_bytes(hmac.digest(self._key, real.encode("utf-8", "surrogatepass"), hashlib.sha256))

    def _letters(self, real: str, alphabet: str, length: int) -> str:
        letters: list[str] = []
        while len(letters) < length:
            number = self._number(f"{real}\0{len(letters)}" if letters else real)
            for _ in range(_LONGEST):
                number, digit = divmod(number, len(alphabet))
                letters.append(alphabet[digit])
        return "".join(letters[:length])
