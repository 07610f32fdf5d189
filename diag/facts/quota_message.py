"""What quota admission says when it refuses an object, as facts.

Sentences: kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go
(checkRequest) and pkg/quota/v1/evaluator/core/pods.go (Constraints).
"""

import re
from dataclasses import dataclass

_NAME = r"(?P<quota>[a-z0-9][a-z0-9.-]{0,252})"
_PAIRS = r"[^\s,=]{1,200}=[^\s,=]{1,64}(?:,[^\s,=]{1,200}=[^\s,=]{1,64}){0,63}"
_EXCEEDED = re.compile(
    rf"exceeded quota: {_NAME}, requested: (?P<requested>{_PAIRS}), used: (?P<used>{_PAIRS}), "
    rf"limited: (?P<limited>{_PAIRS})"
)
_UNSTATED = re.compile(rf"failed quota: {_NAME}: must specify (?P<what>[^\n]{{1,1000}})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceeded:
    """A refusal because a quota is used up. Amounts are as they were written; only exceeded resources are named."""

    quota: str
    requested: dict[str, str]
    used: dict[str, str]
    limited: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unstated:
    """A refusal because the object leaves open what the quota counts; `what` is the rest of the sentence."""

    quota: str
    what: str


def exceeded(text: str) -> Exceeded | None:
    """The refusal in a sentence of a controller or an API error, None where there is none."""
    found = _EXCEEDED.search(text)
    if found is None:
        return None
    return Exceeded(
        quota=found["quota"],
        requested=_pairs(found["requested"]),
        used=_pairs(found["used"]),
        limited=_pairs(found["limited"]),
    )


def unstated(text: str) -> Unstated | None:
    """What a quota wants to be stated, None where the sentence is another one."""
    found = _UNSTATED.search(text)
    return Unstated(quota=found["quota"], what=found["what"].rstrip(". ")) if found else None


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in text.split(","))
