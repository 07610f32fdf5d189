"""Numbers: each stands in what is cited, with the same unit and of the same things."""

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from diag.llm.check.arithmetic import shared_out, worked_out
from diag.llm.check.english import alike, is_plain, stem, stems, words
from diag.llm.check.lasting import LASTING, LEEWAY, durations, net, spelled
from diag.llm.check.support import Source, Support
from diag.llm.check.tokens import NUMBERS, Token, tokens

_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)$")
_TIMES = re.compile(
    r"\b(twice|double|half|third|quarter|[\w.]+ times)"
    r"(?= (?:as|the|of|more|larger|bigger|what|that|its|this|higher|longer|greater)\b)",
    re.IGNORECASE,
)
_BY = re.compile(rf"\b(\d+|{'|'.join(NUMBERS)})(?: [\w./]+)? (?:fewer|less|more)(?= than\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as it is told: its digits, and the stem of what it counts or measures ("" where nothing says)."""

    digits: str
    of: str
    at: int


@lru_cache(maxsize=4096)
def amounts(text: str) -> tuple[Amount, ...]:
    """The numbers of a text in order, durations and ratios aside; `2 of 8 GPUs` as two of the same."""
    text = spelled(text)
    found = tokens(text)
    aside = [one.span() for form in (LASTING, _TIMES, _BY) for one in form.finditer(text)]
    return tuple(
        _amount(token, found, index)
        for index, token in enumerate(found)
        if token.kind == "number" and not any(start <= token.at < end for start, end in aside)
    )


def wrong_amount(text: str, support: Support) -> str | None:
    """The first number that nothing cited holds, or that counts something else there; None where all agree."""
    text = net(text)
    held = [(source, _costs(source)) for source in support.sources]
    for one in amounts(text):
        if _of_a_name(one, text, support) or _of_the_cited(one, text, support) or _numbers_a_name(one, text, support):
            continue
        if _listed(one, text, support) or _enumerated(one, text, support) or _missing(one, text, held):
            continue
        if one.digits in ("1", "0") and not one.of and text[one.at : one.at + 1].isalpha():
            continue  # "one of these"
        if not any(_agrees(one, source, known) or _assigned(one, source.text) for source, known in held):
            if _made_of(one, text, held):
                continue
            return f"{one.digits} {one.of}".strip()
    return _wrong_ratio(text, held) or _wrong_difference(text, held)


def _made_of(one: Amount, text: str, held: list[tuple[Source, tuple[Amount, ...]]]) -> bool:
    """Whether a number follows from cited ones."""
    groups = [
        [(int(known.digits), known.of) for known in many if known.digits.isdigit() and known.of not in SIZES]
        for _, many in held
    ]
    mine = [(int(other.digits), other.of) for other in amounts(text) if other.digits.isdigit() and other is not one]
    if one.of not in SIZES and worked_out(one.digits, one.of, text, [*groups, mine]):
        return True
    costs = [pair for (source, _), group in zip(held, groups, strict=True) if source.kind == "cost" for pair in group]
    return re.search(r"\b(?:each|apiece|per)\b", text) is not None and shared_out(one.digits, one.of, costs)


def _costs(source: Source) -> tuple[Amount, ...]:
    """The amounts of a piece; of what something costs, one that names nothing is of what stands before it."""
    known = amounts(source.text)
    if source.kind != "cost":
        return known
    made: list[Amount] = []
    for one in known:
        made.append(one if one.of or not made else replace(one, of=made[-1].of))
    return tuple(made)


_ASSIGNED = re.compile(r"(?<![\w.-])([A-Za-z][\w./-]*)=\"?(\d+(?:\.\d+)?)(?![\w.]*\w)|--([\w-]+)[ =](\d+)\b")


def _assigned(one: Amount, known: str) -> bool:
    """Whether a number is the value of a cited setting, `--replicas=2`, whose name says what it counts."""
    return any(
        _digits(match[2] or match[4]) == one.digits
        and (not one.of or bool(alike(one.of) & stems(match[1] or match[3])))
        for match in _ASSIGNED.finditer(known)
    )


def _listed(one: Amount, text: str, support: Support) -> bool:
    """Whether a number is cited right behind a name that the sentence names, too: "member1 8, member2 0"."""
    names = (re.escape(token.text.casefold()) for token in tokens(text) if token.kind == "name")
    return one.of not in SIZES and any(
        re.search(rf"(?<![\w./-]){name} {re.escape(one.digits)}(?![\w.]*\w)", support.lowered) for name in names
    )


def _enumerated(one: Amount, text: str, support: Support) -> bool:
    """Whether a number counts the objects of one kind that the sentence names: "both nodes, a and b"."""
    if one.digits.isdigit() and int(one.digits) > 1 and int(one.digits) == _items(text[one.at :]):
        return True
    named = {token.text.casefold() for token in tokens(text)} & support.objects.keys()
    kinds = [stems(" ".join(ref.kind for ref in support.objects[name])) for name in named]
    counted = frozenset(other for word in re.findall(r"[a-z]+", text[one.at :])[1:4] for other in alike(stem(word)))
    same = [kind for kind in kinds if counted & kind]
    return one.digits.isdigit() and int(one.digits) == len(same) > 1


_ITEMS = re.compile(r"^[^.;:(–—]{0,60}?(?:\s[-–—]\s|:\s|\()([^;()–—]+?)(?:\s-\s|[.;)]?$|[;)])")


def _items(text: str) -> int:
    """How many things a text lists behind its first colon, dash or bracket: "three queues: a, b and c"."""
    listed = _ITEMS.match(text)
    return len(re.split(r",\s(?:and\s)?|\sand\s", listed[1].strip(" ."))) if listed else 0


_LACKS = re.compile(
    r"\b(?:miss(?:es|ing)?|lack(?:s|ing)?|short(?: of)?|fewer|left|remain(?:s|ing)?|absent)\b", re.IGNORECASE
)


def _missing(one: Amount, text: str, held: list[tuple[Source, tuple[Amount, ...]]]) -> bool:
    """Whether a number is what two cited counts of the same things differ by, and is told as what is missing."""
    if not one.of or one.of in SIZES or not one.digits.isdigit() or not _LACKS.search(text):
        return False
    counts = {
        int(known.digits)
        for source, many in held for known in many
        if known.digits.isdigit() and alike(one.of) & (alike(known.of) if known.of else _beside(source.text))
    }  # fmt: skip
    return any(high - low == int(one.digits) for high in counts for low in counts if low)


_BEFORE = re.compile(r"([A-Za-z][\w.-]*)[ #:=]{1,2}$")


def _numbers_a_name(one: Amount, text: str, support: Support) -> bool:
    """Whether a number names a thing ("Xid 32", "GPU 2") that is cited with this number behind it."""
    before = _BEFORE.search(spelled(text)[: one.at])
    if before is None or is_plain(before[1]):
        return False
    return (
        re.search(
            rf"(?<![\w-]){re.escape(before[1])}[ #=]{re.escape(one.digits)}(?![\w.]*\w)", support.text, re.IGNORECASE
        )
        is not None
    )


def _of_the_cited(one: Amount, text: str, support: Support) -> bool:
    """Whether a number counts the cited facts themselves ("these three lists")."""
    if support.steps and re.match(
        r"\S+ (?:\w+ )?(?:options?|ways?|choices|alternatives|possibilities|steps)\b", text[one.at :]
    ):
        return int(one.digits or 0) in choices(support) if one.digits.isdigit() else False
    sources = [source for source in support.sources if source.kind in ("unchecked", "step")]
    return re.search(r"\b(?:these|those|the|all) $", text[: one.at]) is not None and one.digits == str(len(sources))


def choices(support: Support) -> set[int]:
    """How many ways out the cited steps are: one for each, or one for each of the deeds that "or" joins."""
    return {len(support.steps), sum(1 + len(re.findall(r", or\b", step.text)) for step in support.steps)}


def _of_a_name(one: Amount, text: str, support: Support) -> bool:
    """Whether a number is told as the tag, version or port of a cited name (`trainr:2.4`)."""
    digits = re.match(r"[\d.]*\d", text[one.at :])
    if not digits or not re.search(r"\b(?:tag|version|release|port|tagged)\s+[`\"'v]?$", text[: one.at]):
        return False
    return re.search(rf"[:@v-]{re.escape(digits[0])}(?![\w.]*\w)", support.text) is not None


def _wrong_ratio(text: str, held: list[tuple[Source, tuple[Amount, ...]]]) -> str | None:
    """A ratio ("four times the rank", "half of") that no two cited numbers have."""
    for one in _TIMES.finditer(spelled(text)):
        word = one[1].split()[0].casefold()
        try:
            ratio = float(NUMBERS.get(word, word))
        except ValueError:
            continue  # "at times"
        values = [
            float(amount.digits) for _, known in held for amount in known if amount.digits.replace(".", "").isdigit()
        ]
        values += [seconds for source, _ in held for _, seconds, _, _ in durations(source.text)]
        own = [float(two.digits) for two in amounts(text) if two.digits.replace(".", "").isdigit()]
        if len(own) == 2:  # noqa: PLR2004  the two that are compared
            values = own
        if not any(low and abs(high / low - ratio) <= LEEWAY * ratio for high in values for low in values):
            return one[0]
    return None


def _wrong_difference(text: str, held: list[tuple[Source, tuple[Amount, ...]]]) -> str | None:
    """A difference ("one GPU fewer than") that no two cited numbers have, and that none of them is."""
    values = [int(one.digits) for _, known in held for one in known if one.digits.isdigit()]
    for one in _BY.finditer(spelled(text)):
        told = NUMBERS.get(one[1].casefold(), one[1])
        if (
            not told.isdigit()
            or int(told) in values
            or any(high - low == int(told) for high in values for low in values)
        ):
            continue
        return one[0]
    return None


def untold_ordinal(text: str, support: Support) -> str | None:
    """The first ordinal in digits ("3rd") whose number nothing cited holds."""
    known = {one.digits for source in support.sources for one in amounts(source.text)}
    for token in tokens(text):
        ordinal = _ORDINAL.match(token.text)
        if ordinal and ordinal[1] not in known:
            return token.text
    return None


def _amount(token: Token, found: tuple[Token, ...], index: int) -> Amount:
    if token.unit:
        return Amount(_digits(token.text[: -len(token.unit)]), stem(token.unit.replace("%", "percent")), token.at)
    return Amount(_digits(token.text), _counted(found, index), token.at)


def _digits(text: str) -> str:
    text = text.replace(",", "").lstrip("+")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _counted(found: tuple[Token, ...], index: int) -> str:
    """What a number counts: the next noun, over "of 8", "×" and the like; no further than five tokens."""
    for token in found[index + 1 : index + 6]:
        lowered = token.text.casefold()
        if token.kind == "mark" and token.text not in "×(/[":
            return ""
        if token.kind in ("number", "mark") or lowered in words("between"):
            continue
        if re.fullmatch(r"[kmgt]i?b/s|%", lowered):
            return stem(lowered)
        # The last word of a name says what it is: nvidia.com/gpu, requests.nvidia.com/gpu.
        word = stem(re.split(r"[./:]", lowered)[-1] if token.kind == "name" else lowered)
        return word if word in _things() else ""
    return ""


@cache
def _things() -> frozenset[str]:
    return frozenset(map(stem, words("counted")))


def _agrees(one: Amount, source: Source, known: tuple[Amount, ...]) -> bool:
    for other in known:
        if _same_size(one, other):
            return True
        if (
            other.digits == one.digits
            and (one.of in SIZES) == (other.of in SIZES)
            and (
                not one.of
                or (other.of and alike(one.of) & alike(other.of))
                or (one.of == "time" and other.of in _repeated())
                or (other.of == "workload" and one.of in {stem(ref.kind) for ref in source.about})
                # A bare value tells what it counts by its path: `status.allocatable["nvidia.com/gpu"]: "8"`.
                or (not other.of and alike(one.of) & _beside(source.text))
            )
        ):
            return True
    return False


SIZES = {"byte": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
          "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}  # fmt: skip


def _same_size(one: Amount, other: Amount) -> bool:
    """Whether two sizes are the same, the one told in a larger unit and rounded: 33 MB of 33030532 bytes."""
    units = (SIZES.get(one.of), SIZES.get(other.of))
    if not units[0] or not units[1] or units[0] <= units[1]:
        return False
    step = 10.0 ** -len(one.digits.partition(".")[2])
    try:
        return abs(float(other.digits) * units[1] / units[0] - float(one.digits)) <= step / 2
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def _beside(text: str) -> frozenset[str]:
    """The stems that tell what a bare number counts: of a path, its last part; else all."""
    value = re.match(r"^\S+ \S+ (\S+): \S{1,40}$", text)
    if not value:
        return stems(text)
    for field, counted in _FIELDS.items():
        if value[1].endswith(field):
            return stems(counted)
    return stems(re.split(r"[.\[](?!com|io)", value[1])[-1] if "[" not in value[1] else value[1].rpartition("[")[2])


# What the fields of Kubernetes' API count where their names do not say it.
_FIELDS = {
    "desiredNumberScheduled": "nodes pods", "currentNumberScheduled": "nodes pods", "numberReady": "nodes pods",
    "numberUnavailable": "nodes pods", "numberAvailable": "nodes pods", "eplicas": "replicas pods",
    "parallelism": "pods",
    "completions": "pods", "minMember": "members pods", "minAvailable": "pods", "restartCount": "restarts times",
    "backoffLimit": "retries times failures", ".count": "times events", "disruptionsAllowed": "disruptions pods",
}  # fmt: skip


@cache
def _repeated() -> frozenset[str]:
    """What happens so many times."""
    return frozenset(map(stem, ("restart", "retry", "attempt", "failure", "eviction", "event")))
