"""The gate before everything that leaves the machine.

Nothing is searched for: a piece of text passes only where it is known to be harmless (a word that this program ships, a
number, a mark). Everything else gets a pseudonym, so a name that no rule ever heard of does not leave either.
"""

import ipaddress
import re
from collections.abc import Iterable

from diag.document import RefRow
from diag.facts.masking import mask
from diag.redact.pseudonyms import PSEUDONYM, Pseudonyms
from diag.redact.shipped import EDGES, PIECE, RUN, is_public_name, is_shipped_token, is_shipped_word

# Amounts, versions, times, percentages; twelve digits and more are accounts, serial numbers and nanoseconds.
_NUMBER = re.compile(r"[+-]?\d{1,11}(?:\.\d{1,9}){0,2}(?:[KMGTPEkmunµ]i?|%|[KMGT]i?B|m?s|min|h|d|Hz|W|C)?")
_DURATION = re.compile(r"(?:\d{1,6}(?:\.\d{1,9})?(?:ms|[smhdw])){2,}")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|z|[+-]\d\d:?\d\d)?)?|\d\d?:\d\d:\d\d(?:\.\d{1,9})?"
)
_KEY = re.compile(r"[FLRCE]\d{1,4}")  # ids of facts, links and steps, of causes and evidence
_MAIL = re.compile(r"[^@\s/:]+@[^@\s/:]+\.[^@\s/:]+")
_HOST = re.compile(r"(?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9-]*(?::\d+)?")
_ID = re.compile(r"[0-9a-fA-F-]{8,}")
_APART = re.compile(r"[/:=@&?#+~%]+")
_WORDS = re.compile(r"[A-Za-z]+")


class Redactor:
    """Redacts the texts of one run and turns answers back. `known` are objects whose names have to go, with kinds."""

    def __init__(self, pseudonyms: Pseudonyms, known: Iterable[RefRow] = ()) -> None:
        self._pseudonyms = pseudonyms
        self._kinds: dict[str, str] = {}
        for ref in known:
            for name, kind in ((ref.name, _short(ref.kind)), (ref.namespace, "ns"), (ref.cluster, "cluster")):
                if name and not is_public_name(name):
                    self._kinds.setdefault(name.casefold(), kind)

    def text(self, text: str) -> str:
        """The text without secrets (`***`) and with a pseudonym for all that is not known to be harmless."""
        return RUN.sub(lambda run: self._run(run[0]), mask(text))

    def restored(self, text: str) -> str:
        """What a model answered, with the names of this cluster; secrets stay masked."""
        return self._pseudonyms.restored(text)

    def _run(self, run: str) -> str:
        core = run.strip(EDGES)
        if not core:
            return run
        at = run.index(core)
        return run[:at] + self._core(core) + run[at + len(core) :]

    def _core(self, core: str) -> str:
        if kind := self._kinds.get(core.casefold()):
            return self._pseudonyms.of(core, kind)
        if _harmless(core):
            return core
        if kind := _kind_of(core):
            return self._pseudonyms.of(core, kind)
        if _APART.search(core):
            parts = re.split(f"({_APART.pattern})", core)
            return "".join(part if at % 2 or not part else self._run(part) for at, part in enumerate(parts))
        if self._is_compound(core):
            return core
        return self._pseudonyms.of(core, "id" if _ID.fullmatch(core) else "word")

    def _is_compound(self, core: str) -> bool:
        """Whether it is made of shipped words only (`status.maxUnavailable`, `out-of-memory`), none of them a name."""
        parts = re.split(r"[._-]", core)
        return all(part and part.casefold() not in self._kinds and _is_words(part) for part in parts)


def _harmless(core: str) -> bool:
    if PSEUDONYM.search(core):
        return False  # a text that looks like one of ours is replaced, or it would be turned back into a name
    if any(pattern.fullmatch(core) for pattern in (_NUMBER, _DURATION, _TIME, _KEY)):
        return True
    return is_shipped_token(core) or (core.isascii() and core.isalpha() and _is_words(core))


def _is_words(part: str) -> bool:
    """Whether a word is shipped as a whole or, in camel case, piece by piece."""
    if not (part.isascii() and part.isalpha()):
        return False
    return is_shipped_word(part) or all(map(is_shipped_word, PIECE.findall(part)))


def _kind_of(core: str) -> str:
    """What a text is by its form alone; empty where that does not tell."""
    if "://" in core:
        return "url"
    if _MAIL.fullmatch(core):
        return "mail"
    if _is_address(core):
        return "ip"
    head, slash, _ = core.partition("/")
    if slash and _HOST.fullmatch(head) and not is_shipped_token(head):
        return "image"
    if _HOST.fullmatch(core) and not all(map(_is_words, core.split("."))):
        return "host"
    return ""


def _is_address(core: str) -> bool:
    bare = core.partition("/")[0]
    port = re.fullmatch(r"(\d+\.\d+\.\d+\.\d+):\d+", bare)
    try:
        ipaddress.ip_address(port[1] if port else bare)
    except ValueError:
        return False
    return True


def _short(kind: str) -> str:
    return re.sub(r"[^a-z]", "", {"Namespace": "ns"}.get(kind, kind).casefold()) or "object"
