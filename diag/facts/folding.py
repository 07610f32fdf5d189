"""Texts and names without what differs between members of one group: numbers, ids, addresses, generated parts."""

import re
from functools import lru_cache

from diag.vocab.kubernetes import RANDOM_SUFFIX_LENGTH, SAFE_ALPHABET, TEMPLATE_HASH_LENGTH

_LONGEST = 4096  # characters; what follows is detail that no reason needs

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
# Every alternative starts where a word starts and is bounded, so the text is walked once.
_VARIABLE = re.compile(
    r"""
      (?P<time>   [0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?
                  (?:Z|[+-][0-9]{2}:?[0-9]{2})?
                | \b[IWEF][0-9]{4}\ [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}(?:\ +[0-9]{1,9})? )  # klog
    # Codes are the meaning of a message: exit codes, HTTP statuses, Xids.
    | (?P<kept>   \b(?i:code|status|statuscode|exit|xid|signal|errno|error|http/[0-9.]{1,3})[ :=(]{1,3}-?[0-9]{1,6}\b
                | (?<=\):\ )[0-9]{1,3}\b
                | \b[1-5][0-9]{2}(?=\ [A-Z][a-z]) )
    | (?P<hash>   \b(?:sha256|sha512):[0-9a-fA-F]{6,128} | \b0x[0-9a-fA-F]{1,16}\b )
    | (?P<ip>     \b[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]{1,5})?(?![0-9.]*[0-9A-Za-z-])
                | \b[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){3,7} )
    | (?P<pci>    \b[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}(?:\.[0-7])?\b )
    | (?P<name>   "[^"\n]{1,300}" | (?<!\w)'[^'\n]{1,300}'(?!\w) )
    | (?P<word>   [A-Za-z0-9]+(?:[.-]+[A-Za-z0-9]+)* )
    | (?P<blank>  \s+ )
    """,
    re.VERBOSE,
)
_PLACEHOLDERS = {"time": "<time>", "hash": "<hash>", "ip": "<ip>", "pci": "<pci>", "name": '"<name>"', "blank": " "}

_SEGMENT = re.compile(r"(?<![^-])[0-9A-Za-z.]+(?![^-])")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_MEASURE = re.compile(r"(?:[0-9][0-9.]*+[A-Za-z]{0,5}+)++")  # 5m0s, 10Gi, 24.5GB; possessive, so linear
_HEX = re.compile(r"(?=[0-9]*[a-fA-F])(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,128}")


def fold(text: str) -> str:
    """The text with a placeholder for all that varies, so that equal failures of many pods fold to one key.

    Numbers that are a code (exit codes, HTTP statuses, Xids) stay. Looks at the first 4,096 characters.
    """
    return _fold(text[:_LONGEST])


@lru_cache(maxsize=8192)
def _fold(text: str) -> str:
    return _VARIABLE.sub(_placeholder, text).strip()


def _placeholder(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    if kind == "word":
        return _folded_word(found[0])
    return _PLACEHOLDERS.get(kind, found[0])


def _folded_word(word: str) -> str:
    if word.isalpha():
        return word
    if _MEASURE.fullmatch(word):
        return "<n>"
    anonymous = _UUID.sub("<uid>", word)
    stem = strip_generated(anonymous)
    folded = _SEGMENT.sub(_folded_segment, stem)
    return folded if stem == anonymous else f"{folded}-<x>"


def _folded_segment(found: re.Match[str]) -> str:
    if _NUMBER.fullmatch(found[0]):
        return "<n>"
    return "<x>" if _HEX.fullmatch(found[0]) else found[0]


_RANDOM = re.compile(f"[{SAFE_ALPHABET}]{{{RANDOM_SUFFIX_LENGTH}}}")
_ANY_SUFFIX = re.compile(rf"[a-z0-9]{{{RANDOM_SUFFIX_LENGTH}}}")  # behind a template hash no word is expected
# Words that happen to need no vowel: protocols, a machine type, multi-node NVLink.
_WORDS = frozenset({"https", "grpcs", "nfsv4", "ct5lp", "mnnvl"})
# The digits of a 32-bit number in the safe alphabet become 4-9, b, c, d and f. Other controllers draw from all of it,
# or write hexadecimal; those are told from words by their length and by having both letters and digits.
_TEMPLATE_HASH = re.compile(
    rf"(?=[a-z]*[0-9])[4-9bcdf]{{6,{TEMPLATE_HASH_LENGTH}}}"
    rf"|(?=[0-9]*[a-z])[{SAFE_ALPHABET}]{{8,{TEMPLATE_HASH_LENGTH}}}"
    rf"|(?=[a-z]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{{8,{TEMPLATE_HASH_LENGTH}}}"
)
_DECIMAL_HASH = re.compile(r"[0-9]{9,10}")  # before Kubernetes 1.9; only ever in front of a random suffix
# A CronJob names its Jobs by minutes since 1970 (kubernetes/kubernetes pkg/controller/cronjob, getJobName); these are
# the minutes of 2021 to 2036, which no date written as eight digits reaches.
_CRON_MINUTE = re.compile(r"(?:2[7-9]|3[0-4])[0-9]{6}")


def strip_generated(name: str) -> str:
    """The name without what controllers appended: `web-7d4f9c6b5-x2x9z`, `web-7d4f9c6b5` and `web-x2x9z` are `web`.

    Ordinals (`db-0`) and words (`web-prod`) stay.
    """
    stem, _, last = name.rpartition("-")
    if not stem:
        return name
    owner, _, middle = stem.rpartition("-")
    if owner and _ANY_SUFFIX.fullmatch(last) and _TEMPLATE_HASH.fullmatch(middle):
        return owner
    if _RANDOM.fullmatch(last) and last not in _WORDS:
        generated = _DECIMAL_HASH.fullmatch(middle) or _CRON_MINUTE.fullmatch(middle)
        return owner if owner and generated else stem
    return stem if _TEMPLATE_HASH.fullmatch(last) or _CRON_MINUTE.fullmatch(last) else name
