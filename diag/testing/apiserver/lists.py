"""Lists: pages with continue tokens, label and field selectors, and what the server answers to a bad query."""

import base64
import re
from collections.abc import Iterable, Mapping

import msgspec

from diag.facts.selection import matches_requirement
from diag.testing.apiserver.kinds import Resource
from diag.testing.apiserver.status import expired, status
from diag.testing.apiserver.store import SELECTABLE, Store, Stored

_SET_BASED = re.compile(r"\s*([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)\s*")
_EQUALS = re.compile(r"\s*([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)\s*")
_EXISTS = re.compile(r"\s*(!?)\s*([^\s!=,()]+)\s*")
_COMMAS = re.compile(r",(?![^()]*\))")
Answer = tuple[int, bytes]


class _Token(msgspec.Struct):
    """What a continue token holds, as the API server encodes it (apiserver `pkg/storage/continue.go`)."""

    v: str
    rv: int
    start: str


class BadQueryError(Exception):
    """A query that the server refuses, in its words."""


def list_page(store: Store, resource: Resource, version: str, namespace: str, query: Mapping[str, str]) -> Answer:
    """One page of a list, or the refusal of the query."""
    try:
        limit, token = _limit(query), _token(query.get("continue", ""))
        wanted = query_filter(query)
    except BadQueryError as error:
        return 400, status(400, "BadRequest", str(error))
    asked = int(query.get("resourceVersion") or 0)
    if asked > store.version:
        return 504, status(
            504, "Timeout", f"Timeout: Too large resource version: {asked}, current: {store.version}",
            {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
             "retryAfterSeconds": 1},
        )  # fmt: skip
    with store.lock:
        if token and 0 < token.rv < store.oldest:
            return 410, expired(_encoded(_Token(v="meta.k8s.io/v1", rv=-1, start=token.start)))
        left = [one for one in store.items(resource, namespace, _key(token, namespace)) if wanted(one)]
        current = store.version
    if query.get("resourceVersion") == "0" and not token:
        limit = 0  # answered from the watch cache, which knows no pages
    page, rest = (left[:limit], left[limit:]) if limit else (left, [])
    meta: dict[str, object] = {"resourceVersion": str(token.rv if token and token.rv > 0 else current)}
    if rest:
        last = page[-1].key if not namespace else f"/{page[-1].name}"
        meta["continue"] = _encoded(_Token(v="meta.k8s.io/v1", rv=int(str(meta["resourceVersion"])), start=f"{last}\0"))
        if not query.get("labelSelector") and not query.get("fieldSelector"):
            meta["remainingItemCount"] = len(rest)
    return 200, _document(resource, version, meta, [one.body for one in page])


def query_filter(query: Mapping[str, str]) -> "_Filter":
    """Which objects the selectors of a query keep. Raises BadQueryError."""
    return _Filter([*_labels(query.get("labelSelector", ""))], [*_fields(query.get("fieldSelector", ""))])


class _Filter:
    def __init__(self, labels: list[dict[str, object]], fields: list[tuple[str, str, bool]]) -> None:
        self._labels, self._fields = labels, fields

    def __call__(self, one: Stored) -> bool:
        return all(matches_requirement(one.labels, each) for each in self._labels) and all(
            (one.field(path) == value) is equal for path, value, equal in self._fields
        )


def _labels(selector: str) -> Iterable[dict[str, object]]:
    for part in _COMMAS.split(selector) if selector else ():
        if found := _SET_BASED.fullmatch(part):
            values = [each.strip() for each in found[3].split(",")]
            yield {"key": found[1], "operator": "In" if found[2] == "in" else "NotIn", "values": values}
        elif found := _EQUALS.fullmatch(part):
            yield {"key": found[1], "operator": "NotIn" if found[2] == "!=" else "In", "values": [found[3]]}
        elif found := _EXISTS.fullmatch(part):
            yield {"key": found[2], "operator": "DoesNotExist" if found[1] else "Exists"}
        else:
            raise BadQueryError("unable to parse requirement: found '', expected: ',' or ')'")


def _fields(selector: str) -> Iterable[tuple[str, str, bool]]:
    for part in selector.split(",") if selector else ():
        found = _EQUALS.fullmatch(part)
        if not found:
            raise BadQueryError(f"invalid selector: '{part}'; can't understand '{part}'")
        if found[1] not in SELECTABLE:
            raise BadQueryError(f"field label not supported: {found[1]}")
        yield found[1], found[3], found[2] != "!="


def _limit(query: Mapping[str, str]) -> int:
    written = query.get("limit") or "0"
    if not re.fullmatch(r"-?\d+", written):
        raise BadQueryError(f'strconv.ParseInt: parsing "{written}": invalid syntax')
    return max(int(written), 0)


def _token(written: str) -> _Token | None:
    if not written:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)), type=_Token)
    except (ValueError, msgspec.MsgspecError) as error:
        raise BadQueryError(f"invalid continue token: continue key is not valid: {error}") from error


def _encoded(token: _Token) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).rstrip(b"=").decode()


def _key(token: _Token | None, namespace: str) -> str:
    """The key behind which a page begins: in the list of one namespace, tokens hold names only."""
    if token is None:
        return ""
    start = token.start.rstrip("\0")
    return f"/{namespace}{start}" if namespace else start


def _document(resource: Resource, version: str, meta: Mapping[str, object], bodies: Iterable[bytes]) -> bytes:
    head = {"kind": f"{resource.kind}List", "apiVersion": resource.group_version(version), "metadata": meta}
    return msgspec.json.encode(head)[:-1] + b',"items":[' + b",".join(bodies) + b"]}\n"
