"""One kind, page by page: what was read, and how it ended.

A server, or what stands between, may answer with another list than was asked for, or with pages without end. A list is
taken for whole only when each page and each object is of the kind, no page came twice, and nothing was left over.
"""

import re
from dataclasses import dataclass, field

import msgspec

from diag.collect.discovery import Served
from diag.collect.kube import Cluster
from diag.collect.requests import FailedError, Stop, ask
from diag.facts.quoting import quoted
from diag.snapshot.archive.reduce import reduced
from diag.snapshot.paged import Page, Paged
from diag.snapshot.sources.budget import Budget, LimitExceededError
from diag.snapshot.sources.part import ProblemWhy, Slice

PAGE = 500
MOST_PAGES = 4000  # as many as the limit of objects fills
_GONE = 410
_BROKEN_PAGES = 2  # answers that are no list, before a kind is given up
# Without a resourceVersion: servers since 1.31 answer that from their watch cache, in pages and consistently. Version
# "0" would be answered from the cache by all, but without pages (kube-apiserver ignores the limit then).


class _Meta(msgspec.Struct):
    continue_: str | None = msgspec.field(name="continue", default=None)
    resource_version: str | None = msgspec.field(name="resourceVersion", default=None)
    remaining: int | None = msgspec.field(name="remainingItemCount", default=None)


class _Page(msgspec.Struct):
    kind: str
    items: list[msgspec.Raw] | None
    metadata: _Meta = msgspec.field(default_factory=_Meta)
    apiVersion: str | None = None  # noqa: N815  as Kubernetes spells it


class _ItemMeta(msgspec.Struct):
    name: object = None
    namespace: object = None


class _Item(msgspec.Struct):
    """What tells whether an object belongs to its list; lists of Kubernetes' own kinds leave out kind and version."""

    apiVersion: object = None  # noqa: N815
    kind: object = None
    metadata: _ItemMeta | None = None


_NOTHING = msgspec.Raw()
_page = msgspec.json.Decoder(_Page)
_item = msgspec.json.Decoder(_Item)
_OWNED = b'"ownerReferences":[{'
# The first owner: "apiVersion" … "kind" in this order, with or without fields between, as all servers write it.
_OWNER = re.compile(rb'"apiVersion":"([a-zA-Z0-9./-]+)",[^{}]{0,300}?"kind":"([a-zA-Z0-9]+)"')


@dataclass(slots=True, kw_only=True)
class Listing:
    """The objects of one kind, of one namespace or of all. Without a failure they are all that there are."""

    served: Served
    namespace: str = ""
    items: list[Slice] = field(default_factory=list)
    version: str = ""
    pages: int = 0
    failure: FailedError | None = None
    owners: set[tuple[str, str]] = field(default_factory=set)  # apiVersion and kind of what owns the objects
    inconsistent: bool = False  # the history was compacted twice while it was read


def list_kind(found: Listing, cluster: Cluster, budget: Budget, stop: Stop) -> None:
    """Fill an empty listing with all objects of its kind, page by page, so that what is read counts at any time.

    `budget` is that of the whole cluster. Raises nothing.
    """
    try:
        _list(found, cluster, budget, stop)
    except FailedError as error:
        found.failure = error
    except LimitExceededError as error:
        found.failure = _cut(str(error))


def _list(found: Listing, cluster: Cluster, budget: Budget, stop: Stop) -> None:
    path, token, expired = found.served.path(found.namespace), "", 0
    so_far = _SoFar(found, budget, path)
    while True:
        try:
            page = _read(cluster, found.served, path, token, stop)
        except FailedError as error:
            if error.status != _GONE or not token:
                raise
            expired += 1
            found.inconsistent = expired > 1
            # Once more from the start; a list that is too slow for the server's memory twice goes on as it can.
            token = error.token if expired > 1 else ""
            if expired > 1 and (not token or expired > PAGE):
                raise
            if not token:
                found.items.clear()
                so_far = _SoFar(found, budget, path)
            continue
        so_far.add(page)
        token = page.metadata.continue_ or ""
        if not token:
            so_far.end(page)
            return
        so_far.go_on(page, token)


@dataclass(slots=True)
class _SoFar:
    """What the pages of a list have told; its methods raise FailedError where they contradict each other."""

    found: Listing
    budget: Budget
    path: str
    seen: set[object] = field(default_factory=set)  # tokens, and the first object of each page: none comes twice
    promised: int = 0
    strangers: int = 0

    def add(self, page: "_Read") -> None:
        """Take what a page holds of the kind. Raises LimitExceededError, too."""
        found, count = self.found, len(page.page.items or ())
        self.budget.spend_bytes(len(page.body), self.path)
        self.budget.spend_objects(count, self.path)
        slices, first = page.slices(found.served, found.namespace)
        if first is not None and first in self.seen:
            raise _cut(f"GET {self.path}: page {found.pages + 1} repeats objects of an earlier one")
        self.seen.add(first)
        self.strangers += count - len(slices)
        found.pages += 1
        found.items += slices
        found.owners |= page.owners()
        found.version = page.metadata.resource_version or found.version

    def go_on(self, page: "_Read", token: str) -> None:
        """More pages are to come."""
        if token in self.seen:
            raise _cut(f"GET {self.path}: the server gave the same continue token twice")
        if self.found.pages >= MOST_PAGES:
            raise _cut(f"GET {self.path}: there is no end after {self.found.pages:,} pages")
        self.seen.add(token)
        self.promised = page.metadata.remaining or 0

    def end(self, page: "_Read") -> None:
        """No more pages are to come."""
        left = page.metadata.remaining or (0 if page.page.items else self.promised)
        if left > 0:
            raise _cut(f"GET {self.path}: the server says that {left:,} more objects remain, and does not give them")
        if self.strangers:
            text = f"GET {self.path}: {self.strangers:,} of the objects are no {self.found.served.id}, and are left out"
            raise _cut(text, why="unreadable")


def _cut(text: str, why: ProblemWhy = "truncated") -> FailedError:
    return FailedError(text, status=0, why=why)


@dataclass(frozen=True, slots=True)
class _Read:
    """A page and the bytes that it was decoded from, unpacked and as they were received."""

    page: _Page
    body: bytes
    packed: bytes

    @property
    def metadata(self) -> _Meta:
        return self.page.metadata

    def slices(self, served: Served, namespace: str) -> tuple[list[Slice], tuple[object, object] | None]:
        """The items that are of the kind, each with what it is, and namespace and name of the first."""
        version, first = served.group_version, None
        found: list[Slice] = []
        managed = b'"managedFields"' in self.body  # one look at the page: most dumps that are served have none
        page = Page(self.packed) if self.packed else None
        for number, raw in enumerate(self.page.items or ()):
            try:
                item = _item.decode(raw)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                item = None  # no object at all, which is told where objects are decoded
            if item is not None and not _belongs(item, served, namespace):
                continue
            if item is not None and item.metadata is not None and first is None:
                first = (str(item.metadata.namespace), str(item.metadata.name))
            if page is not None:
                found.append(Paged(raw=_NOTHING, api_version=version, kind=served.kind, page=page, number=number))
            else:
                found.append(Slice(raw=reduced(raw) if managed else raw, api_version=version, kind=served.kind))
        return found, first

    def owners(self) -> set[tuple[str, str]]:
        """What owns the items (the first owner of each); searched in the bytes, for a decoder would read all fields."""
        found, body = set(), self.body
        at = body.find(_OWNED)
        while at >= 0:
            owner = _OWNER.match(body, at + len(_OWNED))
            if owner:
                found.add(owner.groups())
            at = body.find(_OWNED, at + len(_OWNED))
        return {(version.decode(), kind.decode()) for version, kind in found}


def _belongs(item: _Item, served: Served, namespace: str) -> bool:
    if item.kind not in (None, "", served.kind) or item.apiVersion not in (None, "", served.group_version):
        return False
    if item.metadata is None or not item.metadata.name:
        return True  # nobody's; told where objects are decoded
    within = item.metadata.namespace or ""
    return within == namespace if namespace else bool(within) is served.namespaced


def _is_of(page: _Page, served: Served) -> bool:
    """Whether the list says that it is of this kind; a CRD may call its list differently, and its items say theirs."""
    if page.apiVersion not in (None, served.group_version):
        return False
    # Groups with a dot that are not Kubernetes' own are those of CRDs and of aggregated servers.
    others = "." in served.group and not served.group.endswith(".k8s.io")
    return page.kind == f"{served.kind}List" or (others and page.kind.endswith("List"))


def _read(cluster: Cluster, served: Served, path: str, token: str, stop: Stop) -> _Read:
    query = {"limit": str(PAGE)} | ({"continue": token} if token else {})
    for attempt in range(1, _BROKEN_PAGES + 1):
        answer = ask(cluster, path, query, stop=stop)
        try:
            page = _page.decode(answer.body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            why: Exception | str = error
        else:
            if _is_of(page, served):
                return _Read(page, answer.body, answer.packed)
            why = f"it is a {quoted(page.kind, 60)} of {quoted(page.apiVersion or 'no version', 60)}"
        if attempt == _BROKEN_PAGES:
            form = quoted(answer.headers.get("content-type", "no content type"), 60)
            begins = quoted(answer.body, 60)
            raise FailedError(
                f"GET {path}: the answer is no list of {served.full} ({why}); {form}, begins {begins!r}",
                status=answer.status, why="unreadable",
            )  # fmt: skip
    raise AssertionError
