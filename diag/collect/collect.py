"""One pass over a cluster: discovery, every kind that is wanted, and where the whole cluster is refused, namespaces.

The result is a `Part` that claims what it listed completely; each refusal is one problem that names the kinds it hides.
"""

import gc
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from diag.collect.discovery import ROOTS, Discovered, Served, discover
from diag.collect.kube import Cluster
from diag.collect.listing import Listing, list_kind
from diag.collect.logs import LiveLogs
from diag.collect.namespaces import allowed_in, candidates
from diag.collect.pool import THREADS, in_parallel
from diag.collect.requests import FailedError, Stop, ask, clock_of
from diag.document import ELSEWHERE, REACH
from diag.facts.quoting import printable
from diag.projection import kind_id
from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.part import Limits, Listed, Part, Permission, Problem, ProblemWhy, Slice

LAYOUT = "live cluster"
# What a first look needs, in front; the others follow in the order of their names.
_FIRST = ("Pod", "Event", "Node", "Namespace")
_MOST_OWNER_KINDS = 20
_UNKNOWN_USER, _FORBIDDEN = 401, 403


class _Version(msgspec.Struct):
    gitVersion: str  # noqa: N815


@dataclass(slots=True, kw_only=True)
class Gathered:
    """What one pass read of one cluster; `inside` are lists of single namespaces, where the whole was refused.

    `tried` are the namespaces that were looked into then.
    """

    cluster: Cluster
    kinds: Collection[str]
    served: Discovered
    listings: list[Listing]
    inside: list[Listing]
    tried: list[str]
    problems: list[Problem]
    version: str | None
    captured_at: str | None

    def part(self, stop: Stop, say: Callable[[str], None]) -> Part:
        """The same as any file gives it."""
        items: list[Slice] = []
        problems = list(self.problems)
        within: dict[str, list[Listing]] = defaultdict(list)
        for each in self.inside:
            within[each.served.id].append(each)
        # Namespaces in front: one of them tells which cluster this is, and looking for it opens no page of others.
        for each in sorted(self.listings, key=lambda one: one.served.id != "Namespace"):
            part_of = within.get(each.served.id, [])
            items.extend(each.items)
            items.extend(piece for one in part_of for piece in one.items)
            if each.failure is not None or each.inconsistent:
                problems.append(_problem(each, part_of, self.cluster.kubectl))
        name, of_discovery = self.cluster.context, self.served.problems
        if nothing := None if items else self._nothing(stop):
            problems, of_discovery = [nothing], []
        return Part(
            path=name, cluster=printable(name), items=items, problems=problems + of_discovery,
            captured_at=self.captured_at, server_version=self.version, assumed=(), layout=LAYOUT,
            listed=_listed(self.listings, within, self.kinds, self.served), store=LiveLogs(self.cluster, stop, say),
            permissions=_permissions(self.listings, within), kubectl=self.cluster.kubectl,
            unserved=tuple(sorted(kind for kind in self.kinds if self.served.unserved(kind))),
        )  # fmt: skip

    def _nothing(self, stop: Stop) -> Problem | None:
        """One problem in place of one for each kind, where every one of them failed; it quotes that of pods."""
        failures = {each.served.id: each.failure for each in self.listings}
        failed = {kind: one for kind, one in failures.items() if one is not None}
        known = "".join(f"; {problem.detail}" for problem in self.problems[:1])
        if not failures and stop.ended:
            return self._unreached("not-read", f"{stop.ended} before it had answered{known}")
        if not failed or len(failed) < len(failures) or any(each.failure is None for each in self.inside):
            return None
        said = failed.get("Pod", next(iter(failed.values())))
        problem = self._unreached(said.why, f"{said}{known if said.why == 'not-read' else ''}")
        if said.why != "forbidden":
            return problem
        unknown = any(one.status == _UNKNOWN_USER for one in failed.values())
        return replace(
            problem, fix="log in again, as for kubectl" if unknown else "ask for the rights that `diag rbac` prints"
        )

    def _unreached(self, why: ProblemWhy, detail: str) -> Problem:
        return unreached(self.cluster.context, why, detail, self.kinds, kubectl=self.cluster.kubectl)


def gather(
    cluster: Cluster,
    kinds: Collection[str],
    *,
    namespaces: Sequence[str] = (),
    everything: bool = False,
    limits: Limits,
    stop: Stop,
    say: Callable[[str], None],
) -> Gathered:
    """The wanted kinds (ids) of a cluster, and those that own what was found; with `everything`, every kind served.

    `namespaces` are those that the user named: where the whole cluster may not be listed, these are tried first.
    What is beyond `limits` is a gap. Raises nothing: what failed is in the part's problems.
    """
    problems: list[Problem] = []
    say(f"asking {cluster.context} what it serves")
    (version, captured), served = _met(cluster, kinds, problems, stop)
    if problems and len(served.unanswered) == len(ROOTS) and not stop.ended:
        # Nobody is there: asking for each kind would only take as many time-outs.
        first = served.unanswered[0]
        problems, served = (
            [unreached(cluster.context, first.why, str(first), kinds, kubectl=cluster.kubectl)],
            Discovered(everything_unknown=True),
        )
    budget = Budget(limits)
    wanted = [one for kind, one in served.kinds.items() if everything or kind in kinds]
    collecting = gc.isenabled()
    gc.disable()  # what is listed has no cycles, and a collection would walk every object so far
    try:
        listings = _list_all(cluster, wanted, budget, stop, say)
        while owners := _owner_kinds(listings, served):
            listings += _list_all(cluster, owners, budget, stop, say)
    finally:
        if collecting:
            gc.enable()
    refused = [each.served for each in listings if _is_refused(each) and each.served.namespaced]
    inside: list[Listing] = []
    every: list[str] = []
    if refused and not stop.ended:
        every = candidates(listings, namespaces, cluster.namespace)
        say(f"the whole cluster may not be listed; looking into {len(every)} namespaces")
        inside = [*_jobs(cluster, allowed_in(cluster, every, refused, stop), budget, stop)]
    return Gathered(
        cluster=cluster, kinds=kinds, served=served, listings=listings, inside=inside, tried=every, problems=problems,
        version=version, captured_at=captured,
    )  # fmt: skip


def _met(
    cluster: Cluster, kinds: Collection[str], problems: list[Problem], stop: Stop
) -> tuple[tuple[str | None, str | None], Discovered]:
    """Version and clock, and what is served: asked side by side, so that who does not answer costs one time-out."""

    def ask_for(what: str) -> tuple[str | None, str | None] | Discovered:
        return _version(cluster, problems, stop) if what == "version" else discover(cluster, kinds, stop)

    found = dict(in_parallel(("version", "discovery"), ask_for, stop))
    for each in found.values():
        if isinstance(each, Exception):
            raise each
    version, served = found["version"], found["discovery"]
    return (
        version if isinstance(version, tuple) else (None, None),
        served if isinstance(served, Discovered) else Discovered(everything_unknown=True),
    )


def unreached(name: str, why: ProblemWhy, detail: str, kinds: Collection[str], *, kubectl: str) -> Problem:
    """A cluster that hides all of itself."""
    return Problem(
        what=f"{REACH}{printable(name)}", why=why, detail=detail, fix=f"{kubectl} cluster-info",
        kinds=tuple(sorted(kinds)),
    )  # fmt: skip


def _version(cluster: Cluster, problems: list[Problem], stop: Stop) -> tuple[str | None, str | None]:
    """The server's version, and its own clock: ages are told by the cluster's time, not by this machine's."""
    try:
        answer = ask(cluster, "/version", stop=stop)
    except FailedError as error:
        what = "read the server's version"
        problems.append(Problem(what=what, why=error.why, detail=str(error), fix=f"{cluster.kubectl} version"))
        return None, None
    said = None
    try:
        said = msgspec.json.decode(answer.body, type=_Version).gitVersion
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        what, detail = "read the server's version", f"GET /version: the answer is no version ({error})"
        problems.append(Problem(what=what, why="unreadable", detail=detail, fix=f"{cluster.kubectl} version"))
    told = clock_of(answer)
    return said, told.strftime("%Y-%m-%dT%H:%M:%SZ") if told else None


def _list_all(
    cluster: Cluster, wanted: Iterable[Served], budget: Budget, stop: Stop, say: Callable[[str], None]
) -> list[Listing]:
    order = {kind: number for number, kind in enumerate(_FIRST)}
    jobs = [(one, "") for one in sorted(wanted, key=lambda one: (order.get(one.id, len(order)), one.id))]
    return [*_jobs(cluster, jobs, budget, stop, say)]


def _jobs(
    cluster: Cluster,
    jobs: Sequence[tuple[Served, str]],
    budget: Budget,
    stop: Stop,
    say: Callable[[str], None] | None = None,
) -> Iterable[Listing]:
    """Listings of kinds in namespaces, in the order in which they were asked for, whoever was done first.

    Where as many as are asked side by side got no answer, and none got one, the others are not waited for in turn.
    """
    filled = [Listing(served=served, namespace=namespace) for served, namespace in jobs]
    done: dict[int, Listing] = {}
    answers: Counter[bool] = Counter()

    def one(number: int) -> bool:
        listing = filled[number]
        if answers[False] >= THREADS and not answers[True]:
            text = f"GET {listing.served.path(listing.namespace)}: not asked, as {answers[False]} lists got no answer"
            listing.failure = FailedError(text, status=0, why="timeout")
            return True
        list_kind(listing, cluster, budget, stop)
        late = listing.failure is not None and listing.failure.why == "timeout"
        answers[bool(listing.items) or not late] += 1
        return True

    for number, result in in_parallel(range(len(jobs)), one, stop):
        listing = filled[number]
        if result is not True:
            # Of a list that is still being read, the pages so far: a copy, for what reads it goes on.
            path, told = listing.served.path(listing.namespace), f"{stop.ended} before it was read"
            failure = FailedError(f"GET {path}: {told}", status=0, why="not-read")
            if result is not None:  # a fault of ours: no reason to take what was not read for empty
                failure = FailedError(f"GET {path}: {type(result).__name__}: {result}", status=0, why="error")
            listing = replace(listing, items=list(listing.items), owners=set(listing.owners), failure=failure)
        done[number] = listing
        if say is not None:
            count = sum(len(each.items) for each in done.values())
            say(f"{cluster.context}: {len(done)} of {len(jobs)} kinds, {count:,} objects")
    return [done[number] for number in range(len(jobs))]


def _owner_kinds(listings: Iterable[Listing], served: Discovered) -> list[Served]:
    """Kinds that own pods, jobs and whatever owns these, and that nobody listed yet: a custom job's own kind."""
    every = list(listings)
    known = {each.served.id for each in every}
    owners = {kind_id(version, kind) for each in every for version, kind in each.owners}
    return [served.kinds[kind] for kind in sorted(owners - known) if kind in served.kinds][:_MOST_OWNER_KINDS]


def _is_refused(listing: Listing) -> bool:
    return listing.failure is not None and listing.failure.status == _FORBIDDEN


def _problem(listing: Listing, inside: Sequence[Listing], kubectl: str) -> Problem:
    """One problem for a kind that could not be read whole."""
    served, failure = listing.served, listing.failure
    everywhere = " -A" if served.namespaced else ""
    command = f"{kubectl} get {served.full}{everywhere}"
    if failure is None:
        detail = "the server forgot the list's version twice while it was read; objects may be missing or twice"
        return Problem(what=f"list {served.id}", why="truncated", detail=detail, fix=command, kinds=(served.id,))
    read = [one.namespace for one in inside if one.failure is None]
    detail = str(failure)
    if read:
        detail += f"; listed only in {', '.join(read)}"
    elif listing.items:
        detail += f"; {len(listing.items):,} objects were read before"
    why = "truncated" if listing.items and failure.why not in ("not-read", "unreadable") else failure.why
    if failure.status == _FORBIDDEN:
        # To ask for the same would be to be refused once more.
        check = f"{kubectl} auth can-i list {served.full}{everywhere}"
        command = f"ask for the right to list {served.full} (diag rbac); {check} tells whether it is there"
    what = f"list {served.id}{ELSEWHERE if read else ''}"
    return Problem(what=what, why=why, detail=detail, fix=command, kinds=(served.id,))


def _permissions(listings: Iterable[Listing], inside: dict[str, list[Listing]]) -> tuple[Permission, ...]:
    """What was asked for and answered or refused; what failed otherwise tells of no permission."""
    found = [Permission(kind=each.served.id) for each in listings if each.failure is None]
    for each in filter(_is_refused, listings):
        allowed = {one.namespace for one in inside.get(each.served.id, ()) if one.failure is None}
        found.append(Permission(kind=each.served.id, namespaces=tuple(sorted(allowed))))
    return tuple(sorted(found, key=lambda one: one.kind))


def _listed(
    listings: Iterable[Listing], inside: dict[str, list[Listing]], kinds: Collection[str], served: Discovered
) -> tuple[Listed, ...]:
    """What was listed completely, and kinds that the server does not know: of those nothing exists."""
    found = [Listed(kind=each.served.id) for each in listings if each.failure is None and not each.inconsistent]
    for kind, some in inside.items():
        whole = frozenset(one.namespace for one in some if one.failure is None and not one.inconsistent)
        if whole:
            found.append(Listed(kind=kind, namespaces=whole))
    found += [Listed(kind=kind) for kind in kinds if served.absent(kind)]
    return tuple(sorted(found, key=lambda one: (one.kind, sorted(one.namespaces or ()))))
