"""The gate before everything that leaves the machine.

Nothing is searched for: a piece of text passes only where it is known to be harmless (a word that this program ships, a
number, a mark). Everything else gets a pseudonym, so a name that no rule ever heard of does not leave either. What is
made of names keeps its build: the pods of one owner begin alike, an address is an address, a URL has its parts.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator

from diag.document import RefRow
from diag.facts.folding import strip_generated
from diag.facts.masking import mask
from diag.redact.forms import ID, MAIL, address, is_amount, is_host, is_nobodys
from diag.redact.pseudonyms import PSEUDONYM, Pseudonyms
from diag.redact.shipped import (
    EDGES,
    PIECE,
    RUN,
    has_duty,
    is_public_host,
    is_public_name,
    is_shipped_token,
    is_shipped_word,
    public_part,
    system_of,
)

_APART = re.compile(r"([/:=@&?#+~%]+)")
_LABELS = re.compile(r"([._])")
_SEPARATED = re.compile(r"([-._])")
_PLACES = ("ns", "node", "cluster")
_SEPARATORS = {"-", ".", "_", ""}
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_REMEMBERED = 200_000  # runs: logs have no end of new ones
_ORDINAL = re.compile(r"\d{1,5}")
_PRINTED = re.compile(r"[\t\n\r -~\u00a0-\uffff]+")


class Redactor:
    """Redacts the texts of one run and turns answers back. `known` are objects whose names have to go, with kinds."""

    def __init__(self, pseudonyms: Pseudonyms, known: Iterable[RefRow] = (), *, prose: bool = False) -> None:
        """`prose`: a word of ours stays one within a sentence, also where an object happens to be called so."""
        self._pseudonyms, self._prose = pseudonyms, prose
        self._kinds: dict[str, str] = {}
        self._made: dict[str, str] = {}
        for ref in known:
            for name, kind in ((ref.name, _short(ref.kind)), (ref.namespace, "ns"), (ref.cluster, "cluster")):
                if name and not is_public_name(name):
                    self._kinds.setdefault(name.casefold(), kind)

    def text(self, text: str, *, word: Callable[[str], bool] | None = None) -> str:
        """The text without secrets (`***`) and with a pseudonym for all that is not known to be harmless.

        `word` tells further words that are; it is not asked of what an object is called.
        """
        masked = mask(text)
        return RUN.sub(lambda run: run[0] if self._stays(run, word) else self._run(run[0]), masked)

    def _stays(self, run: re.Match[str], word: Callable[[str], bool] | None) -> bool:
        if self._prose and _in_prose(run):
            return True
        core = run[0].strip(EDGES)
        return word is not None and core.isalpha() and core.casefold() not in self._kinds and word(core)

    def restored(self, text: str) -> str:
        """What a model answered, with the names of this cluster; secrets stay masked."""
        return self._pseudonyms.restored(text)

    def _run(self, run: str) -> str:
        if run not in self._made:
            if len(self._made) >= _REMEMBERED:
                self._made.clear()
            core = run.strip(EDGES)
            at = run.index(core) if core else 0
            inside = self._inside(run) if _BASE64.fullmatch(run) else None
            self._made[run] = inside or (run[:at] + self._core(core) + run[at + len(core) :] if core else run)
        return self._made[run]

    def _inside(self, run: str) -> str | None:
        """Base64 of a text: base64 of what may be seen of it; None for what is none."""
        if is_shipped_token(run) or run.isalpha():
            return None
        try:
            told = base64.b64decode(run + "=" * (-len(run) % 4), altchars=b"-_" if {*"-_"} & {*run} else None).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        if not _PRINTED.fullmatch(told):
            return None
        made = base64.b64encode(self.text(told).encode()).decode()
        return made if mask(told) != told else self._composed(run, made)  # what held a secret does not come back

    def _core(self, core: str, kind: str = "word") -> str:
        if known := self._kinds.get(core.casefold()):
            return self._name(core, known)
        if _harmless(core):
            return core
        if (formed := self._formed(core)) is not None:
            return formed
        if _APART.search(core):
            return "".join(
                part if at % 2 or not part else self._run(part) for at, part in enumerate(_APART.split(core))
            )
        labels = _LABELS.split(core)
        if len(labels) > 1 and not PSEUDONYM.search(core):
            return self._composed(core, self._dotted(core, labels, kind))
        return core if self._is_compound(core) else self._name(core, kind)

    def _formed(self, core: str) -> str | None:
        """What is told by its form alone: addresses, ids, mail; None for anything else."""
        if told := address(core):
            return (told[0] if is_nobodys(told[0]) else self._pseudonyms.address(told[0])) + told[1]
        if ID.fullmatch(core):
            return self._pseudonyms.id(core)
        return self._pseudonyms.of(core, "mail") if MAIL.fullmatch(core) else None

    def _dotted(self, core: str, labels: list[str], kind: str) -> str:
        """A host, a path of fields, a name with an id behind it: label by label."""
        if is_host(core) and not is_public_host(core):
            return "".join(each if each in _SEPARATORS else self._label(each) for each in labels[:-1]) + labels[-1]
        return "".join(each if each in _SEPARATORS else self._core(each, kind) for each in labels)

    def _label(self, label: str) -> str:
        """A part of a host that is nobody else's: no word of it stays."""
        known = label.casefold() in self._kinds or any(kind for _, kind in self._spans(label))
        return self._core(label) if known else self._pseudonyms.of(label, "host")

    def _is_compound(self, core: str) -> bool:
        """Whether it is made of shipped words only (`out-of-memory`), and holds no name of the cluster."""
        if PSEUDONYM.search(core) or any(known for _, known in self._spans(core)):
            return False
        return all(map(_is_plain, filter(None, core.split("-"))))

    def _name(self, core: str, kind: str) -> str:
        """A name: its stem as a pseudonym, then its number or generated part in the same form."""
        if PSEUDONYM.search(core):
            return self._pseudonyms.of(core, kind)
        if public := public_part(core):
            before, _, after = core.partition(public)
            return self._composed(core, self._rest(before) + public + self._rest(after))
        if self._is_of_another(core):
            return self._composed(core, self._rest(core))
        if system := system_of(core):
            made = system + self._rest(core[len(system) :])
            if made != core or core.casefold() not in self._kinds or has_duty(core):
                return self._composed(core, made)
        stem = _plain(core)
        if stem == core:
            return self._pseudonyms.of(core, kind)
        return self._composed(core, self._pseudonyms.of(stem, kind) + self._rest(core[len(stem) :]))

    def _is_of_another(self, core: str) -> bool:
        """Whether a name holds the name of another object, as that of a pod its owner's; an own name is no place's."""
        known = [kind for part, kind in self._spans(core) if part != core]
        return any(known) and (core.casefold() not in self._kinds or known[0] not in _PLACES)

    def _composed(self, core: str, made: str) -> str:
        return core if made == core else self._pseudonyms.composed(core, made)

    def _rest(self, rest: str) -> str:
        """What a name has beside its stem, part by part; a name inside of it is that name's pseudonym."""
        return "".join(self._name(part, known) if known else self._part(part) for part, known in self._spans(rest))

    def _spans(self, core: str) -> Iterator[tuple[str, str]]:
        """A name in parts, the longest names of the cluster whole and with their kind; not the whole itself."""
        parts = _SEPARATED.split(core)
        at = 0
        while at < len(parts):
            for end in range(len(parts), at, -1):
                span = "".join(parts[at:end])
                if (known := self._kinds.get(span.casefold())) and span != core:
                    break
            else:
                end, span, known = at + 1, parts[at], ""
            yield span, known or ""
            at = end

    def _part(self, part: str) -> str:
        if part in _SEPARATORS or _ORDINAL.fullmatch(part) or _is_words(part):
            return part
        if strip_generated(f"x-{part}") != "x":
            return self._core(part)
        # What the API server drew says nothing; without a digit it may be a word after all.
        return part if any(map(str.isdigit, part)) else self._pseudonyms.generated(part)


def _in_prose(run: re.Match[str]) -> bool:
    """Whether a bare word of ours stands between blanks in a longer text."""
    before, after = run.string[: run.start()][-1:], run.string[run.end() :][:1]
    return run[0] != run.string and f"{before}{after}".isspace() and run[0].isalpha() and is_shipped_word(run[0])


def _plain(name: str) -> str:
    """A name without its ordinal and its generated parts."""
    stem, _, last = name.rpartition("-")
    if stem and _ORDINAL.fullmatch(last):
        return stem
    return strip_generated(name)


def _harmless(core: str) -> bool:
    if PSEUDONYM.search(core):
        return False  # a text that looks like one of ours is replaced, or it would be turned back into a name
    return is_amount(core) or is_shipped_token(core) or _is_words(core)


def _is_plain(part: str) -> bool:
    return is_amount(part) or _is_words(part)


def _is_words(part: str) -> bool:
    """Whether a word is shipped as a whole or, in camel case, piece by piece; up to three digits may follow."""
    if not (part.isascii() and part.isalnum()):
        return False
    word = part.rstrip("0123456789") if part[-4:].isdigit() is False else part
    return is_shipped_word(part) or (word.isalpha() and all(map(is_shipped_word, PIECE.findall(word))))


def _short(kind: str) -> str:
    return re.sub(r"[^a-z]", "", {"Namespace": "ns"}.get(kind, kind).casefold()) or "object"
