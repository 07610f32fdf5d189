"""One kind, page by page: what was read, and how it ended."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from diag.collect.discovery import Served
from diag.collect.kube import Cluster
from diag.collect.quoting import quoted
from diag.collect.requests import FailedError, Stop, ask
from diag.snapshot.archive.reduce import reduced
from diag.snapshot.paged import Page, Paged
from diag.snapshot.sources.part import Slice

PAGE = 500
_GONE = 410
_BROKEN_PAGES = 2  # answers that are no list, before a kind is given up
# Without a resourceVersion: servers since 1.31 answer that from their watch cache, in pages and consistently. Version
# "0" would be answered from the cache by all, but without pages (kube-apiserver ignores the limit then).


class _Meta(msgspec.Struct):
    continue_: str | None = msgspec.field(name="continue", default=None)
    resource_version: str | None = msgspec.field(name="resourceVersion", default=None)


class _Page(msgspec.Struct):
    kind: str
    items: list[msgspec.Raw] | None
    metadata: _Meta = msgspec.field(default_factory=_Meta)
    apiVersion: str | None = None  # noqa: N815  as Kubernetes spells it


_NOTHING = msgspec.Raw()
_page = msgspec.json.Decoder(_Page)
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


def list_kind(cluster: Cluster, served: Served, namespace: str, stop: Stop) -> Listing:
    """All objects of a kind; raises nothing."""
    found = Listing(served=served, namespace=namespace)
    path, token, expired = served.path(namespace), "", 0
    try:
        while True:
            try:
                page = _read(cluster, path, token, stop)
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
                continue
            found.pages += 1
            found.items += page.slices(served)
            found.owners |= page.owners()
            found.version = page.metadata.resource_version or found.version
            token = page.metadata.continue_ or ""
            if not token:
                return found
    except FailedError as error:
        found.failure = error
    return found


@dataclass(frozen=True, slots=True)
class _Read:
    """A page and the bytes that it was decoded from, unpacked and as they were received."""

    page: _Page
    body: bytes
    packed: bytes

    @property
    def metadata(self) -> _Meta:
        return self.page.metadata

    def slices(self, served: Served) -> Iterator[Slice]:
        """The items, each with what the list says it is."""
        kind = self.page.kind.removesuffix("List") or served.kind
        version = self.page.apiVersion or f"{served.group}/{served.version}".strip("/")
        items = self.page.items or ()
        if self.packed:
            page = Page(self.packed)
            for number in range(len(items)):
                yield Paged(raw=_NOTHING, api_version=version, kind=kind, page=page, number=number)
            return
        managed = b'"managedFields"' in self.body  # one look at the page: most dumps that are served have none
        for raw in items:
            yield Slice(raw=reduced(raw) if managed else raw, api_version=version, kind=kind)

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


def _read(cluster: Cluster, path: str, token: str, stop: Stop) -> _Read:
    query = {"limit": str(PAGE)} | ({"continue": token} if token else {})
    for attempt in range(1, _BROKEN_PAGES + 1):
        answer = ask(cluster, path, query, stop=stop)
        try:
            return _Read(_page.decode(answer.body), answer.body, answer.packed)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            if attempt == _BROKEN_PAGES:
                form = quoted(answer.headers.get("content-type", "no content type"), 60)
                begins = quoted(answer.body, 60)
                raise FailedError(
                    f"GET {path}: the answer is no list ({error}); {form}, begins {begins!r}", status=answer.status,
                    why="unreadable",
                ) from error  # fmt: skip
    raise AssertionError
