"""The scheduler's sentence `0/5 nodes are available: …`, taken apart once per distinct text.

    message    := "0/" N " nodes are available:" [" " prefilter "."] [" " reasons "."] [" " postfilter]
    reasons    := count " " reason {", " count " " reason}
    postfilter := [noise ", "] "preemption: " ( message | "not eligible due to …" )

Source: kubernetes/kubernetes pkg/scheduler/framework/types.go (FitError.Error) and pkg/scheduler/schedule_one.go.
Counts are no partition of the nodes: NodeResourcesFit names every short resource of a node, so they may add up to
more than N, and every other plugin hides those after it.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from diag.vocab.scheduler_reasons import EXACT, PATTERNS, ReasonKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """`count` nodes were turned down for one reason; `text` is the scheduler's own wording without the count."""

    count: int
    kind: ReasonKind
    text: str
    resource: str | None = None  # of INSUFFICIENT, where the wording names one
    taint: tuple[str, str] | None = None  # key and value of TAINT, where the wording names them
    plugins: tuple[str, ...] = ()  # that had narrowed the pod down to other nodes before any filter ran


@dataclass(frozen=True, slots=True, kw_only=True)
class Preemption:
    """What evicting others would do.

    `no_victims` nodes hold only pods that may not be evicted; `not_helpful` nodes would not fit even when empty.
    `why` says why it was not tried. `reasons` are the nodes where the pod would not fit without the victims either.
    """

    no_victims: int = 0
    not_helpful: int = 0
    why: str | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerMessage:
    """One sentence. `prefilter` replaces the counts: a reason that holds for every node alike."""

    nodes: int
    available_word: str  # "available" of kube-scheduler, "unavailable" of Volcano
    prefilter: str | None = None
    reasons: tuple[Reason, ...] = ()
    preemption: Preemption | None = None
    postfilter: str | None = None  # all that follows the reasons, verbatim
    complete: bool = True  # False: the text is cut off, so the last reason may be a fragment

    def count(self, kind: ReasonKind, resource: str | None = None) -> int:
        """Nodes turned down for that kind of reason, and for that resource if one is given."""
        return sum(
            reason.count
            for reason in self.reasons
            if reason.kind is kind and (resource is None or reason.resource == resource)
        )


_HEAD = re.compile(r"\b0/([0-9]{1,9}) nodes are (available|unavailable):")
_NO_NODES = "no nodes available to schedule pods"  # ErrNoNodesAvailable
_MEMOISED = 16_384  # characters; longer texts are parsed each time instead of being kept

# Braces hold taints and quotes hold names, so nothing in them ends a reason.
_BOUNDARY = re.compile(r"\{[^{}]*\}|\"[^\"]*\"|(?:^|, )(?P<count>[0-9]{1,9}) |(?P<end>\.+)(?= |$)")
_POSTFILTER = re.compile(
    r"preemption: |no new claims to deallocate|still not schedulable|deallocation of ResourceClaim completed"
)
_PREEMPTION = "preemption: "

_RESOURCE = re.compile(r"Insufficient (\S+)")
_TAINT = re.compile(r"node\(s\) had (?:untolerated )?taint \{([^{}:]*): ([^{}]*)\}")
_PLUGINS = re.compile(r"node\(s\) didn't satisfy plugin\(s\) \[([^\]]*)\]")
# What a plugin stands for when it is the one that had narrowed the nodes down.
_PLUGIN_KINDS = {"NodeAffinity": ReasonKind.NODE_AFFINITY, "VolumeBinding": ReasonKind.VOLUME_AFFINITY}


def parse_scheduler_message(text: str) -> SchedulerMessage | None:
    """The parts of a scheduler's sentence; None where the text does not start with one."""
    return _memoised(text) if len(text) <= _MEMOISED else _parse(text)


def find_scheduler_message(text: str) -> SchedulerMessage | None:
    """The first scheduler's sentence inside a text that quotes one: an operator's status, Volcano's gang message."""
    head = _HEAD.search(text)
    return parse_scheduler_message(text[head.start() :]) if head else parse_scheduler_message(text)


def kind_of(text: str) -> ReasonKind:
    """What a reason means, without its count: for the reasons of nodes and for `prefilter`."""
    known = EXACT.get(text)
    if known is not None:
        return known
    plugins = _plugins(text)
    if plugins:
        return next((kind for name, kind in _PLUGIN_KINDS.items() if name in plugins), ReasonKind.PREFILTERED)
    return next((kind for pattern, kind in PATTERNS if pattern.match(text)), ReasonKind.OTHER)


def _parse(text: str) -> SchedulerMessage | None:
    if text.startswith(_NO_NODES):
        return SchedulerMessage(nodes=0, available_word="available")
    head = _HEAD.match(text)
    if head is None:
        return None
    body = text[head.end() :].strip()
    prefilter, reasons, complete, rest = _split(body)
    return SchedulerMessage(
        nodes=int(head[1]),
        available_word=head[2],
        prefilter=prefilter,
        reasons=reasons,
        preemption=_preemption(rest),
        postfilter=rest or None,
        complete=complete,
    )


_memoised = lru_cache(maxsize=8192)(_parse)


def _split(body: str) -> tuple[str | None, tuple[Reason, ...], bool, str]:
    """The prefilter's text, the reasons, whether they end in a full stop, and what follows them."""
    if not body or _POSTFILTER.match(body):
        return None, (), True, body
    starts: list[tuple[int, int, int]] = []  # a count, where it and its separator start, where its reason starts
    stop, rest = len(body), len(body)
    complete = False
    for mark in _BOUNDARY.finditer(body):
        if mark["end"]:
            stop, rest = mark.span()
            complete = True
            break
        if mark["count"]:
            starts.append((int(mark["count"]), mark.start(), mark.end()))
    after = body[rest:].strip()
    if not starts or starts[0][1] > 0:
        return body[:stop] or None, (), complete, after
    ends = [start for _, start, _ in starts[1:]] + [stop]
    reasons = tuple(
        _reason(count, body[begin:end]) for (count, _, begin), end in zip(starts, ends, strict=True) if end > begin
    )
    return None, reasons, complete, after


def _reason(count: int, text: str) -> Reason:
    kind = kind_of(text)
    resource = _RESOURCE.fullmatch(text) if kind is ReasonKind.INSUFFICIENT else None
    taint = _TAINT.match(text) if kind is ReasonKind.TAINT else None
    return Reason(
        count=count,
        kind=kind,
        text=text,
        resource=resource[1] if resource else None,
        taint=(taint[1], taint[2]) if taint else None,
        plugins=_plugins(text),
    )


def _plugins(text: str) -> tuple[str, ...]:
    named = _PLUGINS.match(text)
    return tuple(named[1].split()) if named else ()


def _preemption(postfilter: str) -> Preemption | None:
    at = postfilter.find(_PREEMPTION)
    if at < 0:
        return None
    answer = postfilter[at + len(_PREEMPTION) :]
    head = _HEAD.match(answer)
    if head is None:
        return Preemption(why=answer.rstrip(". ") or None)
    why, reasons, _, _ = _split(answer[head.end() :].strip())
    told = {ReasonKind.NO_VICTIMS, ReasonKind.NOT_HELPFUL}
    return Preemption(
        no_victims=sum(reason.count for reason in reasons if reason.kind is ReasonKind.NO_VICTIMS),
        not_helpful=sum(reason.count for reason in reasons if reason.kind is ReasonKind.NOT_HELPFUL),
        why=why,
        reasons=tuple(reason for reason in reasons if reason.kind not in told),
    )
