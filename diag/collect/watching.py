"""Watches: what changes after a pass, applied to what was listed, in batches.

One watch a kind goes on from the version of its list. A watch that ends is opened again where it stopped; one that the
server has forgotten (410) lists its kind again. Bookmarks move the place on, nothing else. What could not be reached at
first, a cluster of several or a list that failed, is tried again now and then.
"""

import math
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import msgspec

from diag.collect.collect import Gathered
from diag.collect.failures import TransportError
from diag.collect.kube import Cluster
from diag.collect.listing import Listing, list_kind
from diag.collect.live import Live
from diag.collect.login import Login
from diag.collect.requests import Stop
from diag.errors import DiagError
from diag.snapshot.archive.reduce import reduced
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.part import Part, Slice

BATCH_S = 1.0  # what comes within this is diagnosed together
_QUIET_S = 30.0  # without any change ages move on all the same
_AGAIN_S = 1.0
_LASTS_S = "240"
_SELDOM_S = 300.0
_PASSING = ("error", "timeout")  # why a list failed that may be there later; what was too much would be so again
_REFUSED = (401, 403, 404)
_CHANGES = ("ADDED", "MODIFIED", "DELETED")
Place = tuple[str, str]


class _Meta(msgspec.Struct):
    name: str = ""
    namespace: str = ""
    resource_version: str = msgspec.field(name="resourceVersion", default="")


class _Object(msgspec.Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)


class _Line(msgspec.Struct):
    type: str
    object: msgspec.Raw


_line = msgspec.json.Decoder(_Line)
_object = msgspec.json.Decoder(_Object)


@dataclass(slots=True)
class _Watched:
    """One list and the objects that it holds by now."""

    listing: Listing
    objects: dict[Place, Slice] = field(default_factory=dict)

    def take(self) -> None:
        """Begin with what the list holds."""
        self.objects = {_place(piece.raw): piece for piece in self.listing.items}

    def renew(self, fresh: Listing) -> None:
        """Begin anew; where it is refused by now, what was listed before may still be there."""
        self.listing.failure = fresh.failure
        if fresh.failure is None:
            self.listing.items = fresh.items
            self.take()

    def apply(self, kind: str, raw: msgspec.Raw) -> None:
        """One change."""
        place = _place(raw)
        if kind == "DELETED":
            self.objects.pop(place, None)
        else:
            self.objects[place] = Slice(raw=reduced(raw))


class Watch:
    """The clusters of `live`, and what becomes of them. `parts` gives the first pass, then a batch at each call."""

    def __init__(self, live: Live, *, until: float = math.inf) -> None:
        self.live = live
        self.until = until  # no batch is waited for longer than this (time.monotonic())
        self.missing: dict[str, Part] = {}  # clusters that could not be read so far, by name
        # By cluster and path, with the status of a refusal (else 0); emptied when the watch goes on.
        self._lost: dict[tuple[str, str], tuple[int, str]] = {}
        self._gathered: list[tuple[Gathered, float, list[_Watched]]] = []
        self._changes: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()  # to be made between two looks

    @property
    def stop(self) -> Stop:
        """What ends it."""
        return self.live.stop

    @property
    def lost(self) -> dict[str, str]:
        """What fails of the watches of a cluster, by its name: "does not answer (…)", "refuses a watch (…)"."""
        return {cluster: why for (cluster, _), (_, why) in sorted(self._lost.copy().items(), reverse=True)}

    @property
    def gone(self) -> dict[str, str]:
        """Clusters of which no watch gets an answer any more, and why: what was read of them may be long over."""
        silent = Counter(cluster for (cluster, _), (status, _) in self._lost.copy().items() if not status)
        names = {found.cluster.context: len(watched) for found, _, watched in self._gathered}
        return {name: why for name, why in self.lost.items() if silent[name] and silent[name] == names.get(name)}

    def parts(self, kinds: Collection[str], say: Callable[[str], None]) -> list[Part]:
        """The clusters as they are now; from the second call on, this waits for changes. Raises ClusterError."""
        if not self._gathered:
            self._first(kinds, say)
        else:
            self._wait()
        return [*self.missing.values(), *(self._part(*each, say) for each in self._gathered)]

    def _first(self, kinds: Collection[str], say: Callable[[str], None]) -> None:
        found, unreachable = self.live.gathered(kinds, say)
        self.missing = {part.path: part for part in unreachable}
        for one in found:
            if _is_read(one):
                self._begin(one)
            else:
                self.missing[one.cluster.context] = one.part(self.stop, say)
        logins = {login.context or "": login for login in self.live.logins()} if self.missing else {}
        for name in self.missing:
            threading.Thread(target=self._reach, args=(logins[name], name, kinds), daemon=True).start()

    def _begin(self, found: Gathered) -> None:
        self._gathered.append((found, time.monotonic(), []))
        for each in (*found.listings, *found.inside):
            if each.failure is None and each.version:
                self._watch(found, each)
            elif each.failure is not None and each.failure.status not in _REFUSED and each.failure.why in _PASSING:
                threading.Thread(target=self._list_later, args=(found, each), daemon=True).start()

    def _watch(self, found: Gathered, listing: Listing) -> None:
        """Follow what was listed."""
        watched = _Watched(listing)
        watched.take()
        next(all_of_it for one, _, all_of_it in self._gathered if one is found).append(watched)
        threading.Thread(target=self._follow, args=(found.cluster, watched), daemon=True).start()

    def _now_and_then(self) -> Iterator[None]:
        """Again and again while there is time, and less and less often."""
        pause = _QUIET_S
        while self.stop.wait(pause):
            yield
            pause = min(pause * 2, _SELDOM_S)

    def _reach(self, login: Login, name: str, kinds: Collection[str]) -> None:
        """Try a cluster that could not be read, until it can."""

        def begin(found: Gathered) -> None:
            del self.missing[name]
            self._begin(found)

        for _ in self._now_and_then():
            try:
                found = self.live.one(login, kinds, lambda _: None)
            except DiagError:
                continue
            if isinstance(found, Gathered) and _is_read(found):
                self._changes.put(partial(begin, found))
                return

    def _list_later(self, found: Gathered, listing: Listing) -> None:
        """Try a list that failed, until it is there."""

        def begin(fresh: Listing) -> None:
            listing.items, listing.failure, listing.version = fresh.items, None, fresh.version
            self._watch(found, listing)

        for _ in self._now_and_then():
            fresh = self._listed(found.cluster, listing)
            if fresh.failure is None:
                self._changes.put(partial(begin, fresh))
                return

    def _part(self, found: Gathered, began: float, watched: list[_Watched], say: Callable[[str], None]) -> Part:
        for each in watched:
            each.listing.items = list(each.objects.values())
        now = found.captured_at and _later(found.captured_at, time.monotonic() - began)
        return replace(found.part(self.stop, say), captured_at=now)

    def _wait(self) -> None:
        """Until something changes, then for all that comes with it; or until ages have moved on."""
        quiet_until = min(time.monotonic() + _QUIET_S, self.until)
        batch_until, lost = None, self.lost
        while not self.stop.ended and time.monotonic() < (batch_until or quiet_until):
            try:
                change = self._changes.get(timeout=0.1)
            except queue.Empty:
                if self.lost != lost:  # which is news as well
                    batch_until = batch_until or time.monotonic() + BATCH_S
                continue
            change()
            batch_until = batch_until or time.monotonic() + BATCH_S

    def _follow(self, cluster: Cluster, watched: _Watched) -> None:
        listing = watched.listing
        version, key = listing.version, (cluster.context, listing.served.path(listing.namespace))
        query = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": _LASTS_S}
        pause = _AGAIN_S
        opened: list[float] = []

        def open_() -> None:
            opened.append(time.monotonic())
            self._lost.pop(key, None)

        while not self.stop.ended:
            opened.clear()
            try:
                again = query | {"resourceVersion": version}
                for text in cluster.lines(key[1], again, open_):
                    line = _line.decode(text)
                    if line.type == "ERROR":
                        opened.clear()
                        version = self._again(cluster, watched)
                        break
                    version = _object.decode(line.object).metadata.resource_version or version
                    if line.type in _CHANGES:
                        self._changes.put(partial(watched.apply, line.type, msgspec.Raw(bytes(line.object))))
            except (TransportError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                status = error.status if isinstance(error, TransportError) else 0
                self._lost[key] = (status, f"{'refuses a watch' if status else 'does not answer'} ({error})")
                if status in _REFUSED:
                    version = self._again(cluster, watched)
                    self.stop.wait(_QUIET_S)  # who may list and not watch is given a new list now and then
                    continue
            if opened and time.monotonic() - opened[0] >= _AGAIN_S:
                pause = _AGAIN_S
            else:  # who refuses watches, or ends them at once, is asked less and less often
                self.stop.wait(pause)
                pause = min(pause * 2, _QUIET_S)

    def _again(self, cluster: Cluster, watched: _Watched) -> str:
        """The server has forgotten the version, or refuses: list the kind again, or note that it may not be listed."""
        fresh = self._listed(cluster, watched.listing)
        if fresh.failure is None:
            self._changes.put(partial(watched.renew, fresh))
        else:
            if fresh.failure.status in _REFUSED and watched.listing.failure is None:
                self._changes.put(partial(watched.renew, fresh))
            self.stop.wait(_AGAIN_S)
        return fresh.version or watched.listing.version

    def _listed(self, cluster: Cluster, listing: Listing) -> Listing:
        """A list of the same, anew."""
        fresh = Listing(served=listing.served, namespace=listing.namespace)
        list_kind(fresh, cluster, Budget(self.live.limits), self.stop)
        return fresh


def _is_read(found: Gathered) -> bool:
    """Whether anything could be listed."""
    return any(each.failure is None for each in (*found.listings, *found.inside))


def _place(raw: msgspec.Raw) -> Place:
    try:
        meta = _object.decode(raw).metadata
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "", ""
    return meta.namespace, meta.name


def _later(moment: str, seconds: float) -> str:
    then = datetime.fromisoformat(moment) + timedelta(seconds=seconds)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")
