"""Where to look when the whole cluster may not be listed: the namespaces that are known, and the rights in each."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import msgspec

from diag.collect.discovery import Served
from diag.collect.failures import TransportError
from diag.collect.kube import Cluster
from diag.collect.listing import Listing
from diag.collect.pool import in_parallel
from diag.collect.requests import Stop

MOST = 100  # namespaces that are asked about
_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
_GLOB = frozenset("*?[")


class _Meta(msgspec.Struct):
    name: str = ""


class _Named(msgspec.Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)


def candidates(listings: Iterable[Listing], asked: Sequence[str], own: str) -> list[str]:
    """Namespaces to try: those that the user named, that of the context, and those that the cluster lists."""
    found = [name for name in asked if not _GLOB.intersection(name)] or [own]
    for listing in listings:
        if listing.served.id == "Namespace" and not asked:
            found += [_name(piece.raw) for piece in listing.items]
    return [name for name in dict.fromkeys(found) if name][:MOST]


def _name(raw: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(raw, type=_Named).metadata.name
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def allowed_in(
    cluster: Cluster, namespaces: Sequence[str], refused: Sequence[Served], stop: Stop
) -> list[tuple[Served, str]]:
    """Which of the refused kinds may be listed in which namespace; where the server cannot tell, each is tried."""
    found = []
    reviews = dict(in_parallel(namespaces, partial(_rules, cluster), stop))
    for name in namespaces:
        rules = reviews.get(name)
        known = rules if isinstance(rules, list) else None
        found += [(one, name) for one in refused if known is None or any(_covers(rule, one) for rule in known)]
    return found


def _rules(cluster: Cluster, namespace: str) -> list[dict[str, Any]] | None:
    """The rules of one namespace; None where the answer is not complete."""
    try:
        answer = cluster.review(_REVIEW, {"spec": {"namespace": namespace}})
        review: Any = msgspec.json.decode(answer.body)
        status = review.get("status")
    except (TransportError, msgspec.MsgspecError, AttributeError):
        return None
    if not isinstance(status, dict) or status.get("incomplete") or not isinstance(status.get("resourceRules"), list):
        return None
    return [rule for rule in status["resourceRules"] if isinstance(rule, dict)]


def _covers(rule: dict[str, Any], served: Served) -> bool:
    asked = (("apiGroups", served.group), ("resources", served.plural), ("verbs", "list"))
    return not rule.get("resourceNames") and all(
        isinstance(rule.get(part), list) and {"*", value}.intersection(rule[part]) for part, value in asked
    )
