"""Secrets inside a cited text become `***`; every other character stays as it was read.

A value is a secret by its own shape (a token of a known issuer, a private key) or by the word in front of it. Names of
Secrets, digests, uids and resource names are none, and stay: evidence that hides them proves nothing. Every pattern is
anchored at a literal and bounded or possessive behind it, so a text is walked once per row that it concerns.
"""

import re
from functools import lru_cache
from typing import NamedTuple

_MASK = "***"
_MEMOISED = 2048  # characters; longer texts are masked each time instead of being kept


class _Row(NamedTuple):
    """Where secrets of one kind stand. Group 1 of the pattern, if there is one, is kept; the rest is the secret."""

    hints: tuple[str, ...]  # in lower case; a text without any of them is not searched
    pattern: re.Pattern[str]


def _row(hints: str, pattern: str) -> _Row:
    return _Row(tuple(hints.split()), re.compile(pattern))


_START = r"(?<![A-Za-z0-9_-])"
# What stands where a secret would, and is none: nothing, a variable, a path, a URL, a special token, a mask.
_NO_PLACEHOLDER = (
    r"(?!(?i:none|null|true|false|nil|undefined)\b|\*|\$|<|\[|sha256:|https?:|/(?:var|etc|run|mnt|home|tmp|opt|root)/)"
)
_SEPARATOR = r"(?:\\?[\"'])?[ ]{0,2}[:=][ ]{0,2}"
_QUOTED = r"(?P<quote>\\?[\"'])?"
_VALUE = r"(?(quote)[^\"'\\\n]{1,4096}|[^\s\"'\\,;&)}\]]{1,4096})"

_SURE_KEYS = (
    r"(?i:passw(?:or)?d|passphrase|client[_-]?secret|secret[_-]?(?:access[_-]?)?key|(?:api|account)[_-]?key"
    r"|access[_-]?key|(?:access|auth|refresh|session|bearer|hf|hub)[_-]?token)"
)
# After these words a value must look like a secret: "token: unexpected status" and "secret=hf-token" are prose and
# names. Measures and error codes ("0.12sec", "AADSTS700016:") are no tokens.
_LOOKS_RANDOM = (
    r"(?![0-9.]{1,20}[A-Za-zµ/%]{0,8}(?:[\s,;)]|$))(?![^\s:]{1,64}:(?:\s|$))"
    r"(?=[^\s\"',;]{8})(?=[^\s\"',;0-9]{0,200}[0-9])(?=[^\s\"',;A-Za-z]{0,200}[A-Za-z])"
)
_NO_OBJECT_NAME = r"(?=[a-z0-9./-]{0,200}[A-Z+_=!@#%^]|[a-z0-9./-]{0,200}?[a-z0-9]{24})"

_ROWS = (
    # Tokens that tell their issuer: Hugging Face, AWS, OpenAI and those who copy it, GitHub, GitLab, Slack, NVIDIA NGC,
    # Docker Hub, Google. An object called sk-learn-train is lower case and has short parts.
    _row("hf_", r"\bhf_[A-Za-z0-9]{16,}"),
    _row("akia asia", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    _row("sk-", _START + r"sk-(?:(?=[a-z0-9_-]*+[A-Z])[A-Za-z0-9_-]{20,}|(?:[a-z0-9]{2,8}-){0,2}[a-z0-9]{20,})"),
    _row("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"\b(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{20,}"),
    _row("glpat-", _START + r"glpat-[A-Za-z0-9_-]{16,}"),
    _row("xox", _START + r"xox[abeprs]-[A-Za-z0-9-]{10,}"),
    _row("nvapi-", _START + r"nvapi-[A-Za-z0-9_-]{20,}"),
    _row("dckr_", r"\bdckr_[a-z]{3}_[A-Za-z0-9_-]{16,}"),
    _row("aiza", _START + r"AIza[A-Za-z0-9_-]{30,}"),
    _row("ya29.", _START + r"ya29\.[A-Za-z0-9_-]{20,}"),
    # A JSON Web Token: two or three parts of base64, the first of which begins with {" .
    _row("eyj", _START + r"eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),
    # user:password@ of a URL; docker-pullable://nginx:1@sha256:… is an image with tag and digest.
    _row("://", r"(://)[^\s/@:\"'<>]{0,256}:[^\s/@\"'<>]{1,256}(?=@(?!sha(?:256|512):))"),
    # Signatures of presigned URLs.
    _row(
        "sig credential token",
        r"([?&](?i:sig|signature|x-(?:amz|goog)-(?:signature|credential|security-token)|(?:access_)?token)=)[^&\s\"'*]+",
    ),
    _row(
        "authorization",
        r"((?i:authorization)"
        + _SEPARATOR
        + r"[\"']?(?i:basic |token |digest )?)(?!(?i:bearer ))[A-Za-z0-9+/=._~-]{8,}",
    ),
    _row("bearer ", r"(\b(?i:bearer) )(?=[A-Za-z+/=_~-]{0,200}[0-9.])[A-Za-z0-9+/=._~-]{16,}"),
    # A word in front of the value.
    _row("pass secret key token", "(" + _SURE_KEYS + _SEPARATOR + _QUOTED + ")" + _NO_PLACEHOLDER + _VALUE),
    _row("token", r"((?i:token)" + _SEPARATOR + _QUOTED + ")" + _NO_PLACEHOLDER + _LOOKS_RANDOM + _VALUE),
    _row(
        "secret credential",
        r"((?i:secret|credentials?)"
        + _SEPARATOR
        + _QUOTED
        + ")"
        + _NO_PLACEHOLDER
        + _LOOKS_RANDOM
        + _NO_OBJECT_NAME
        + _VALUE,
    ),
    _row(
        "--",
        r"(--(?:[a-z0-9]{1,20}[-_]){0,4}(?:password|token|(?:api|secret|access)[-_]key)[ ]+)"
        r"(?=[^\s0-9]{0,200}[0-9])[^\s\"'*-][^\s\"']{5,}",
    ),
)

_SECRET_NAME = re.compile(rf"(?:.*[_.-])?(?:{_SURE_KEYS}|(?i:token|secret|pat))", re.DOTALL)

_PRIVATE_KEY = re.compile(r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----)(.*?)(?=-----END|\Z)", re.DOTALL)
_LINE = re.compile(r"\S[^\n]*")


def mask(text: str) -> str:
    """The text with each secret in it replaced by `***`, lines and all else verbatim; masking twice changes nothing."""
    return _memoised(text) if len(text) <= _MEMOISED else _mask(text)


def names_secret(name: str) -> bool:
    """Whether a variable or flag of that name holds a secret as its whole value: `HF_TOKEN`, `--api-key`."""
    return len(name) <= _MEMOISED and _SECRET_NAME.fullmatch(name) is not None


def _mask(text: str) -> str:
    if "PRIVATE KEY-----" in text:
        text = _PRIVATE_KEY.sub(lambda key: key[1] + _LINE.sub(_MASK, key[2]), text)
    lowered = text.lower()
    for row in _ROWS:
        if any(hint in lowered for hint in row.hints):
            text = row.pattern.sub(_masked, text)
    return text


_memoised = lru_cache(maxsize=8192)(_mask)


def _masked(found: re.Match[str]) -> str:
    kept = found[1] if found.re.groups else ""
    return f"{kept}{_MASK}"
