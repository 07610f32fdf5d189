"""Names, quoted texts and words: each stands in what is cited, or claims nothing."""

import re
from collections.abc import Iterator
from functools import cache

from diag.llm.check.clauses import clauses
from diag.llm.check.english import alike, is_plain, lists, pieces, plain, stem, words
from diag.llm.check.lasting import LASTING
from diag.llm.check.support import Support
from diag.llm.check.tokens import NUMBERS, Token, tokens

_COMMAND = re.compile(
    r"(?<![\w/.-])(?:kubectl|helm|sysctl|systemctl|nvidia-smi|nvidia-ctk|modprobe|rmmod|docker|crictl|ctr|gcloud|aws|az|oc|"
    r"sudo|curl|wget|ssh|bash|sh|python3?|pip|apt|apt-get|yum|dnf|rm|"
    r"(?:kill|reboot|shutdown)(?= +(?:[-%\d]|now\b))|diag|argocd|flux|terraform|"
    r"kustomize|k9s|istioctl|kubeadm|journalctl|dcgmi)\b(?=[ ]+[\w/.-])[^\n,;`\"]*"
)
_ADDRESS = re.compile(r"https?://|www\.|[\w.+-]+@[\w-]+\.[a-z]{2,}|\b[\w-]+\.(?:com|org|net|io|dev|ai)/\S")
_WORKLOAD_KINDS = frozenset(
    map(stem, ("workload", "application", "owner", "controller", "object", "resource", "gpu", "diagnosis", "container"))
)


def foreign(text: str, support: Support) -> str | None:
    """The first name, quoted text or word that nothing cited holds; None where all are proven."""
    for phrase, told in _phrases():
        found = phrase.search(text)
        if found and not told.search(support.lowered):
            return found[0]
    return next((token.text for token in tokens(text) if not _proven(token, text, support)), None)


@cache
def _phrases() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """Phrases of plain words that tell a fault together, and what proves each."""
    lines = (line.split(": ") for line in lists("phrases"))
    return tuple((re.compile(rf"\b(?:{said})\b", re.IGNORECASE), re.compile(told)) for said, told in lines)


def _proven(token: Token, text: str, support: Support) -> bool:
    before = text[: token.at]
    match token.kind:
        case "mark" | "number":
            found = True  # numbers are proven elsewhere
        case "quote":
            found = _held(token.text, support)
        case _ if before.endswith("-"):  # a flag stands letter for letter
            found = _held(("--" if before.endswith("--") else "-") + token.text, support)
        case "name":
            found = _named(token.text, support) or _unit(token.text, before)
        case _:
            found = _is_word(token, text, support)
    return found


def _is_word(token: Token, text: str, support: Support) -> bool:
    before = text[: token.at]
    if _is_called(before, token.text.casefold(), support) or _called_so(text, token, support):
        return _held(token.text, support)
    if re.search(r"\bnamespaces? $", before, re.IGNORECASE) and not is_plain(token.text):
        return token.text.casefold() in support.namespaces
    if token.text[0].isupper() and _inside(text, token.at) and stem(token.text) not in support.deeds:
        # a state, a proper name
        return stem(token.text) in support.stems | support.kinds | support.systems or token.text in _PROPER
    return (
        _said(token.text, support)
        or _of_severity(token, text, support)
        or _compares(token, text, support)
        or _no(token, text, support)
        or token.text.casefold() in words("trades")
    )


def _is_called(before: str, word: str, support: Support) -> bool:
    """Whether a word behind a kind is a name of the brief, not a word of English: "queue research"."""
    kind = re.search(r"([A-Za-z]+) $", before)
    if kind is None or word not in support.naming:
        return False
    found = stem(kind[1])
    return found in support.kinds or found in _WORKLOAD_KINDS or found in _NAMED_KINDS


def _called_so(text: str, token: Token, support: Support) -> bool:
    """Whether a word stands where names stand, between a kind and a verb: "Queue research may hold"."""
    kind = re.search(r"([A-Z][A-Za-z]+) $", text[: token.at])
    known = kind and (stem(kind[1]) in support.kinds or stem(kind[1]) in _NAMED_KINDS)
    verb = re.match(r" (?:is|are|was|has|have|had|may|can|cannot|will|does|do|did|could|would)\b", text[token.end :])
    own = stem(token.text) in support.stems or token.text.casefold() in words("function") | words("manner") | plain()
    return bool(known and verb) and not own and not token.text.endswith("ly")


_NAMED_KINDS = frozenset(
    map(stem, ("queue", "namespace", "quota", "flavor", "pool", "volume", "class", "cohort", "secret", "value"))
)


def _of_severity(token: Token, text: str, support: Support) -> bool:
    """Whether a word tells how severe a cause is, or points at the error that is cited."""
    if token.text.casefold() == "error" and re.search(r"\b(?:this|that|the) $", text[: token.at]):
        return re.search(r"fail|exception|exit code [1-9]|not found", support.lowered) is not None
    as_facts_do = re.search(r"\([\w-]+, $", text[: token.at])  # "(image-not-found, error)"
    severity = token.text.casefold() in ("error", "warning", "info") and ("everity" in text or as_facts_do)
    return bool(severity) and f", {token.text.casefold()})" in support.lowered


_COMPARED = frozenset(("more", "less", "fewer", "greater", "larger", "smaller", "higher", "lower", "longer"))


def _compares(token: Token, text: str, support: Support) -> bool:
    """Whether a word belongs to a comparison, which is proven elsewhere, or says "no more"."""
    if re.search(r"\b(?:twice|half|times) as $", text[: token.at]) and re.match(r" as\b", text[token.end :]):
        return True  # a ratio, which is proven by its numbers
    if token.text.casefold() not in _COMPARED:
        return False
    if (
        stem("reduce" if token.text.casefold() in ("less", "fewer", "smaller", "lower") else "increase")
        in support.deeds
    ):
        return True
    if re.search(r"\d\S* (?:\w+ )?or $", text[: token.at]):  # "8.0 or more"
        return re.search(r"at least|needs?\b|min|>=|requires?", support.lowered) is not None
    before = re.search(r"(?:\bany|\bno|\blittle)\s+$", text[: token.at])
    return bool(before) or re.match(r"(?:\s+\S+){0,8}?\s+than\b", text[token.end :]) is not None


def _no(token: Token, text: str, support: Support) -> bool:
    """Whether a word that says no by itself ("missing") tells what one cited clause denies in other words."""
    mine = next((one for one in clauses(text) if stem(token.text) in one.words), None)
    if mine is None or stem(token.text) not in mine.negators or token.text.casefold() not in words("absent"):
        return False
    rest = [word for word in mine.words - mine.negators if not is_plain(word)]
    named = {name for _, name in objects_in(mine.text, support)}
    return any(
        one.negative and all(alike(word) & one.stems for word in rest)
        for source in support.sources if rest or named & source.names for one in clauses(source.text)
    )  # fmt: skip


def _unit(name: str, before: str) -> bool:
    """Whether a name is the unit of a number, which is proven with it."""
    return name.casefold() in words("counted") and re.search(r"\d\s$", before) is not None


_PROPER = frozenset(("I", "Kubernetes", "UTC", "API"))


def _inside(text: str, at: int) -> bool:
    """Whether a place is inside a sentence, not at its beginning."""
    return bool(text[:at].strip()) and not re.search(r"[.:!?(\"]\s*$", text[:at])


def foreign_name(text: str, support: Support) -> str | None:
    """The first name or quoted text that nothing cited holds, for languages whose words are not checked.

    A name is what no common word looks like: it has a digit, a mark inside, or capitals behind a small letter.
    """
    for token in tokens(text):
        if token.kind == "quote" and not _held(token.text, support):
            return token.text
        if (
            token.kind == "name"
            and re.search(r"[\d./:=@_\[]|[a-z][A-Z]", token.text)
            and not _held(token.text, support)
        ):
            return token.text
    return None


_KIND_AND_NAME = re.compile(r"\b([A-Z][a-z]+[A-Z][A-Za-z]+) ([a-z0-9][\w.-]*\w)")


def wrong_kind(text: str, support: Support) -> str | None:
    """A name that is told as another kind of object than it is ("node llama-0" for a pod)."""
    kinds = {name: {ref.kind.casefold() for ref in refs} for name, refs in support.objects.items()}
    for kind, name in _KIND_AND_NAME.findall("\n".join(fact.whole for fact in support.brief.facts)):
        kinds.setdefault(name.casefold(), set()).add(kind.casefold())
    every = {kind for found in kinds.values() for kind in found} | {"pod", "node", "deployment", "job", "statefulset",
        "daemonset", "replicaset", "service", "namespace", "queue", "persistentvolumeclaim"}  # fmt: skip
    before = ""
    for token in tokens(text):
        known = kinds.get(token.text.casefold())
        if before == "namespace" and token.text.casefold() in support.namespaces:
            known = None
        kind = before.rstrip("s") if before not in every else before
        if known and known != {"event"} and kind in every and kind not in known:
            pair = f"{kind} {token.text}".casefold()
            if pair not in support.lowered and pair.replace(" ", "/") not in support.lowered:
                return f"{before} {token.text}"
        before = token.text.casefold() if token.kind in ("word", "name") else ""
    return None


_QUALIFIED = re.compile(r"\b([A-Za-z]+)(?:'s)? ([a-z]+) ([\w-]*[\d-][\w./-]*\w)")


def otherwise_named(text: str, support: Support) -> str | None:
    """A name behind a kind and its qualifier that is cited with another name ("Slurm's node a" of a node b)."""
    known: dict[tuple[str, str], set[str]] = {}
    for qualifier, kind, name in _QUALIFIED.findall(support.text):
        known.setdefault((qualifier.casefold(), kind), set()).add(name.casefold())
    for qualifier, kind, name in _QUALIFIED.findall(text):
        told = known.get((qualifier.casefold(), kind), set())
        if told and name.casefold() not in told and qualifier.casefold() not in words("function") | words("plain"):
            return f"{qualifier} {kind} {name}"
    return None


def commands(text: str) -> Iterator[str]:
    """Command lines in a text: what begins with a known program and has an argument."""
    for found in _COMMAND.finditer(text):
        yield " ".join(found[0].rstrip(" .:)").split())


def undocumented(text: str, support: Support) -> str | None:
    """The first command or address that no cited step or fact holds word for word."""
    known = " ".join(support.text.split())
    for one in commands(text):
        words = one.split()
        # Prose may go on behind a command; its beginning has to be a documented command as a whole.
        if not any(step.command and _begins(words, step.command.split()) for step in support.steps) and not re.search(
            rf"(?<![\w/.-]){re.escape(one)}(?![\w/.-])", known
        ):
            return one
    address = _ADDRESS.search(text)
    return address[0] if address and address[0] not in support.text else None


def _begins(words: list[str], command: list[str]) -> bool:
    return words[: len(command)] == command


def _held(text: str, support: Support) -> bool:
    """Whether a text stands in what is cited, not as a part of a longer name."""
    wanted = text.casefold()
    at = support.lowered.find(wanted)
    while at >= 0:
        before, after = support.lowered[at - 1 : at], support.lowered[at + len(wanted) : at + len(wanted) + 2]
        inside = (before and (before.isalnum() or before in "-_")) and wanted[:1].isalnum()
        if "/" in wanted and after[:1] in ":@":
            return True  # an image without its tag
        goes_on = after[:1].isalnum() or after[:1] == "_" or (after[:1] in "-.:@" and after[1:2].isalnum())
        if not inside and not (goes_on and wanted[-1:].isalnum()):
            return True
        at = support.lowered.find(wanted, at + 1)
    return False


def _named(text: str, support: Support) -> bool:  # noqa: PLR0911  a way to be proven on each line
    """A name stands as it is, or is a compound of what is cited, in its order."""
    if _held(text, support) or is_plain(text) or text in ("GPU", "GPUs"):
        return True
    if LASTING.fullmatch(text) or (text.isalpha() and stem(text) in support.systems):
        return True  # "30-second", proven as a number; KEDA, NVIDIA
    if "'" in text and _held(text.partition("'")[0], support):
        return True
    plural = text.isalpha() and text.endswith("s") and _held(text[:-1], support)  # DaemonSets
    about = (source for source in support.sources if source.kind in ("symptom", "evidence"))
    if plural or any(text.casefold() in source.names for source in about):
        return True
    if re.fullmatch(r"re-[a-z]+", text):
        return any(_said(word, support) for word in (text.replace("-", ""), text[3:]))
    if re.fullmatch(r"[a-z]+-(?:loop(?:s|ed|ing)?|killed|related|wide|level|side|bound|free)", text):
        return all(_said(part, support) for part in text.split("-"))
    return _compound(text, support) or (bool(re.search(r"[=:]", text)) and _composed(text, support))


def _compound(text: str, support: Support) -> bool:
    """Words tied together (`out-of-memory`, `8-GPU`), and names of letters, inflected or a part of a longer one."""
    parts = re.split(r"[-/]", text)
    if len(parts) > 1 and all(part.isalpha() or part.isdigit() for part in parts):
        if not all(part.islower() or part.isupper() or part.isdigit() for part in parts):
            return False
        camel = r"[a-z]{0,4}".join(re.escape(stem(part).capitalize()) for part in parts[1:])  # OOM-killed: OOMKilled
        if re.search(rf"(?<!\w){re.escape(parts[0])}{camel}", support.text):
            return True
        suffix = r"-".join(map(re.escape, parts)) if all(map(str.isalpha, parts)) else ""
        if suffix and re.search(rf"(?<=-){suffix}(?![\w-])", support.lowered):
            return True  # mig-manager of nvidia-mig-manager
        joined = r"[\W_]{1,3}(?:[\w.]+/)?".join(
            re.escape(stem(part)) + (r"[a-z]{0,4}" if len(part) > 1 else "") for part in parts
        )
        return re.search(rf"(?<![\w-]){joined}(?![\w-])", support.lowered) is not None
    if not text.isalpha():
        return False
    folded = pieces(text)
    # Of several words in one (`PodDisruptionBudget`) the name of a kind may be told in parts, a reason may not.
    return stem(text) in support.stems or (len(folded) > 1 and stem(text) in support.kinds)


def _composed(text: str, support: Support) -> bool:
    """Whether `key=value:effect` is made of the fields of one object, each cited, and no other object is cited."""
    told = [source for source in support.sources if source.kind == "evidence"]
    same = bool(told) and frozenset.intersection(*(source.names for source in told))
    return bool(same) and all(_held(part, support) for part in re.split("[=:]", text))


def _said(word: str, support: Support) -> bool:
    """Whether a word is plain English, or is in what is cited by its stem or a word that says the same."""
    lowered = word.casefold()
    if is_plain(lowered) or lowered in NUMBERS:
        return True
    if "n't" in lowered and lowered.partition("n't")[0] in words("auxiliaries"):
        return True
    lowered = re.sub(r"'(?:re|ve|ll|d|s|m)$", "", lowered)
    if is_plain(lowered) or (re.fullmatch(r"[a-z]{3,}ly", lowered) and lowered not in words("manner")):
        return True  # an adverb stresses
    lowered = lowered.removesuffix("'s")
    found = stem(lowered)
    forms = {found, f"un{found}", f"in{found}", found[2:] if found[:2] in ("un", "in") else found}  # of "unresolvable"
    if alike(found) & (support.stems | support.advised) or found in support.deeds or forms & support.stems:
        return True
    if any(proof.search(support.lowered) for proof in _licences().get(found, ())):
        return True
    # A kind of object may be told of any object of the brief: no amount, state or cause hangs on it.
    return found in support.kinds or found in _WORKLOAD_KINDS


@cache
def _licences() -> dict[str, list[re.Pattern[str]]]:
    """By the stem of a word, patterns of what is cited that say the same in other words."""
    found: dict[str, list[re.Pattern[str]]] = {}
    for line in lists("licences"):
        said, _, proof = line.partition(": ")
        for word in said.split():
            found.setdefault(stem(word), []).append(re.compile(proof))
    return found


def objects_in(text: str, support: Support) -> list[tuple[int, str]]:
    """The objects of the brief that a text names, with their places, in order."""
    known = support.objects
    return [(token.at, name.rpartition("/")[2]) for token in tokens(text) if (name := _bare(token)) in known]


def _bare(token: Token) -> str:
    return token.text.casefold().removesuffix("'s")
