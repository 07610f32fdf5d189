"""The objects of a bundle, and of which kinds it holds all or some."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from diag.errors import SnapshotError
from diag.projection import kind_id
from diag.snapshot.sources.budget import Budget, LimitExceededError, NotObjectsError
from diag.snapshot.sources.bundles.folder_files import UNREAD_FOLDER
from diag.snapshot.sources.bundles.index import Index, Member
from diag.snapshot.sources.bundles.places import Trees
from diag.snapshot.sources.bundles.tool import Scope
from diag.snapshot.sources.documents import Documents
from diag.snapshot.sources.lost import kind_and_namespace
from diag.snapshot.sources.meant import empty_kinds, missing
from diag.snapshot.sources.part import Listed, LogText, Lost, Reading, Slice
from diag.snapshot.sources.plain_file import documents_of
from diag.snapshot.sources.side import readings_of

_Spaces = dict[str, set[str] | None]  # kind -> namespaces, None for all


class Objects:
    """Reads the members that may hold objects, one after another; the bytes of YAML are let go on the way."""

    def __init__(self, found: Index, trees: Trees, shown: str, budget: Budget) -> None:
        self.items: list[Slice] = []
        self.logs: list[LogText] = []
        self.lost: dict[Lost, None] = {}
        self.side: list[Reading] = []
        self._found, self._trees, self._shown, self._budget = found, trees, shown, budget
        self._listed: _Spaces = {}
        self._assumed: _Spaces = {}
        self._read_all(found)
        for name, why in found.unread.items():
            self._lose(name, why)

    def _read_all(self, found: Index) -> None:
        """Read every member; one that repeats others last, where these are not whole."""
        whole: set[str] = set()
        repeating: list[tuple[str, Member, str]] = []
        for name, member in found.members.items():
            if member.data is not None and member.side:
                self.side += readings_of(member.data, f"{self._shown}/{name}")
            if self._ignored(name):
                if member.data is not None:
                    self._hear(name, member.data)
                continue
            if not member.objects:
                self._pass_over(name, member)
                continue
            repeated = next(
                (root + other for tool, root, path in self._trees.places(name) if (other := tool.repeats(path))), ""
            )
            if repeated:
                repeating.append((name, member, repeated))
            elif self._read(name, member):
                whole.add(name)
        for name, member, repeated in repeating:
            if repeated not in whole:
                self._read(name, member)

    def listed(self) -> tuple[Listed, ...]:
        """What the bundle holds completely."""
        return _as_listed(self._listed)

    def assumed(self) -> tuple[Listed, ...]:
        """What it holds some objects of."""
        return _as_listed(self._assumed)

    def _ignored(self, name: str) -> bool:
        return any(
            (tool.texts is not None and tool.texts.fullmatch(path))
            or (tool.ignores is not None and tool.ignores.fullmatch(path))
            for tool, _, path in self._trees.places(name)
        )

    def _hear(self, name: str, text: bytes) -> None:
        """Take the objects that a text tells in words; never all of a kind."""
        for tool, _, path in self._trees.places(name):
            told = [Slice(raw=msgspec.Raw(one)) for one in tool.told(path, text)]
            self._budget.spend_objects(len(told), name)
            for piece in told:
                kind, namespace = kind_and_namespace(piece)
                _add(self._assumed, kind, {namespace})
            self.items += told

    def _scope(self, name: str) -> Scope | None:
        return next((found for tool, _, path in self._trees.places(name) if (found := tool.scope(path))), None)

    def _pass_over(self, name: str, member: Member) -> None:
        """Note a member that is not read and may have held objects."""
        if member.too_deep:
            detail = "not read: an archive in an archive in an archive; take it out and name it by itself"
            self._found.noted.unread(f"{self._shown}/{name} (nested too deep)", detail)
            self.lost[Lost()] = None
        elif member.refusal is not None and not member.side:
            self._miss(name, member.refusal)

    def _miss(self, name: str, error: NotObjectsError) -> None:
        """Note a member that was meant to hold objects and holds none."""
        scope = self._scope(name)
        lacking = missing(f"{self._shown}/{name}", error, scope.kind if scope is not None else "")
        if lacking is not None:
            self._found.noted.add(lacking[0])
            self.lost[lacking[1]] = None

    def _lose(self, name: str, why: str) -> None:
        """Take for lost what an unread member was meant to hold; of an unread folder that may be anything."""
        if self._ignored(name):
            return
        if why.startswith(UNREAD_FOLDER):
            self.lost[Lost()] = None
            return
        scope = self._scope(name)
        lacking = missing(name, NotObjectsError(f"{name} is not read"), scope.kind if scope is not None else "")
        if lacking is not None:
            self.lost[lacking[1]] = None

    def _read(self, name: str, member: Member) -> bool:
        """Read one member; whether all of it is there."""
        scope = self._scope(name)
        data, member.data = member.data or b"", None
        if scope is not None and scope.kind and data.lstrip()[:1] == b"[":
            data = _typed(data, scope.kind)
        try:
            documents = documents_of(data, f"{self._shown}/{name}", self._budget)
        except NotObjectsError as error:
            side = readings_of(data, f"{self._shown}/{name}")
            self.side += side
            if not side:
                self._miss(name, error)
            return False
        except LimitExceededError:
            raise
        except SnapshotError as error:
            self._found.noted.unread(f"{self._shown}/{name}", error.message)
            self.lost[Lost(kind=scope.kind if scope is not None else "")] = None
            return False
        part = documents.part(None)
        for problem in part.problems:
            self._found.noted.add(problem)
        self.logs += part.logs
        self.lost |= dict.fromkeys(part.lost)
        whole = not part.problems and name not in self._found.doubted
        self._claim(documents, scope, whole=whole)
        for kind in empty_kinds(documents, name):
            self._assumed.setdefault(kind, set())
        self.items += part.items
        return whole

    def _claim(self, documents: Documents, scope: Scope | None, *, whole: bool) -> None:
        held = [kind_and_namespace(piece) for piece in documents.items]
        kinds, namespaces = {kind for kind, _ in held if kind}, {namespace for _, namespace in held}
        for kind in kinds:
            _add(self._assumed, kind, namespaces)
        if scope is None or not scope.complete or not whole or not documents.listed:
            return  # a bare object at the place of a list is one of several
        typed = {kind_id(one.api_version, one.kind) for one in documents.lists}
        said = typed or ({scope.kind} if scope.kind else kinds)
        for kind in said:
            of_cluster = {namespace for own, namespace in held if own == kind} == {""}
            if scope.of_items:
                spaces = None if of_cluster else namespaces - {""}
            else:
                spaces = None if scope.namespace is None else {scope.namespace}
            _add(self._listed, kind, spaces)


def _typed(array: bytes, kind: str) -> bytes:
    """An array whose items need not say their kind, as the list that it stands for."""
    group, _, name = kind.rpartition("/")
    version = f"{group}/v1" if group else "v1"
    return b'{"kind":"%sList","apiVersion":"%s","items":%s}' % (name.encode(), version.encode(), array)


def _add(spaces: _Spaces, kind: str, namespaces: Iterable[str] | None) -> None:
    known = spaces.get(kind, set())
    spaces[kind] = None if known is None or namespaces is None else known | set(namespaces)


def _as_listed(spaces: _Spaces) -> tuple[Listed, ...]:
    by_spaces: dict[frozenset[str] | None, list[str]] = defaultdict(list)
    for kind, own in spaces.items():
        by_spaces[None if own is None else frozenset(own)].append(kind)
    return tuple(Listed(kind=kind, namespaces=own) for own, kinds in by_spaces.items() for kind in kinds)
