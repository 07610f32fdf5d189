"""What the files of a kubeconfig say together, and what they leave open.

Of two entries with one name that of the first file counts, whole, as for kubectl; so does the first current context:

https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diag.collect.failures import no_kubeconfig
from diag.collect.plugin import opened
from diag.errors import UsageError

_SECTIONS = {"clusters": "cluster", "contexts": "context", "users": "user"}
_MOST_KEYS = 3  # that are named where two entries differ
_MOST_VALUES = 200_000  # of a file with what its aliases repeat; a thousand contexts have some twenty thousand
_NOT_TEXT = (TypeError, KeyError, AttributeError, ValueError)  # the last of a number with thousands of digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A context of the kubeconfig, and the entries that it names."""

    name: str
    namespace: str
    current: bool
    cluster: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """`what` is cluster, context or user; `says` what its file tells of it."""

    file: str
    what: str
    name: str
    says: Any

    def word(self, key: str) -> str:
        """The text under a key, empty where there is none."""
        found = self.says.get(key) if isinstance(self.says, dict) else None
        return "" if found is None else str(found)


class Kubeconfig:
    """The files that `place` names, as KUBECONFIG does, but for those that are not there or empty.

    Raises ClusterError where one of them is no kubeconfig, or none of them names a context.
    """

    def __init__(self, place: str) -> None:
        paths = [str(Path(each).expanduser()) for each in place.split(os.pathsep) if each]
        there = [path for path in paths if Path(path).exists()]
        found = {path: _read(path) for path in there}
        self._files = {path: each for path, each in found.items() if each is not None}
        if not self._files:
            raise no_kubeconfig(place, None, empty=bool(there))
        self.place = os.pathsep.join(self._files)
        try:
            self._entries = [*self._every()]
            self.contexts = self._contexts()
        except _NOT_TEXT as error:
            raise no_kubeconfig(self.place, error) from error
        if not self.contexts:
            raise no_kubeconfig(self.place, None)

    def _every(self) -> Iterator[_Entry]:
        for path, config in self._files.items():
            for section, what in _SECTIONS.items():
                for each in config.get(section) or ():
                    yield _Entry(file=path, what=what, name=str(each["name"]), says=each.get(what))

    def _contexts(self) -> list[Context]:
        current = next(
            (str(each["current-context"]) for each in self._files.values() if each.get("current-context")), None
        )
        return [
            Context(
                name=one.name, current=one.name == current, namespace=one.word("namespace") or "default",
                cluster=one.word("cluster"), user=one.word("user"),
            )
            for one in self._first("context").values()
        ]  # fmt: skip

    def _first(self, what: str) -> dict[str, _Entry]:
        found: dict[str, _Entry] = {}
        for one in self._entries:
            if one.what == what:
                found.setdefault(one.name, one)
        return found

    def twice(self) -> Iterator[str]:
        """A sentence for each entry that stands twice and does not say the same; what it says is not repeated."""
        first: dict[tuple[str, str], _Entry] = {}
        for one in self._entries:
            other = first.setdefault((one.what, one.name), one)
            if other is one:
                continue
            if other.file == one.file:
                yield f"{one.what} {one.name} stands twice in {one.file}, which kubectl refuses; here the first counts"
            elif other.says != one.says:
                yield (
                    f"{one.what} {one.name} is another in {one.file} than in {other.file} ({_differing(other, one)}): "
                    f"that of {other.file} counts, as for kubectl"
                )

    def dangling(self, context: Context) -> str:
        """That a context names an entry that is in no file ("names the user …"); empty where all are there."""
        for what, name in (("cluster", context.cluster), ("user", context.user)):
            if name and name not in self._first(what):
                return f"names the {what} {name}, which is not in {self.place}"
        return ""

    def auth_provider(self, context: Context) -> str:
        """The built-in login that the user of a context has (`azure`), empty for all other ways."""
        found = self._user(context).get("auth-provider")
        return str(found.get("name", "")) if isinstance(found, dict) else ""

    def has_plugin(self, context: Context) -> bool:
        """Whether the user of a context logs in by an exec plug-in."""
        return bool(self._user(context).get("exec"))

    def acts_as(self, context: Context) -> tuple[str, tuple[str, ...]]:
        """Whom the user of a context acts as, and in which groups (`as`, `as-groups`), empty for itself."""
        user = self._user(context)
        groups = user.get("as-groups")
        return str(user.get("as") or ""), tuple(str(each) for each in groups) if isinstance(groups, list) else ()

    def _user(self, context: Context) -> dict[str, Any]:
        user = self._first("user").get(context.user)
        return user.says if user is not None and isinstance(user.says, dict) else {}


def place_of(kubeconfig: str | None) -> str | None:
    """The files that hold the kubeconfig, None where there is none. Raises UsageError for a named one that is not."""
    if kubeconfig:
        named = Path(kubeconfig)
        if not named.is_file():
            what = f"{kubeconfig} is {'a folder' if named.is_dir() else 'no regular file'}, and no kubeconfig"
            raise UsageError(
                what if named.exists() else f"there is no kubeconfig {kubeconfig}",
                hint="name a file, or leave --kubeconfig out",
            )
        return kubeconfig
    told = os.environ.get("KUBECONFIG")
    place = told or str(Path("~/.kube/config").expanduser())
    return place if any(Path(each).expanduser().is_file() for each in place.split(os.pathsep) if each) else None


def contexts(kubeconfig: str | None) -> list[Context]:
    """The contexts of the kubeconfig, none where there is no file. Raises ClusterError where it cannot be read."""
    place = place_of(kubeconfig)
    return [] if place is None else Kubeconfig(place).contexts


def chosen(known: Kubeconfig, name: str | None) -> Context:
    """The context of that name, or the current one. Raises UsageError where it does not exist."""
    found = next((each for each in known.contexts if (each.name == name if name else each.current)), None)
    if found is None:
        names = ", ".join(each.name for each in known.contexts)
        what = f"no context is called {name}" if name else "the kubeconfig has no current context"
        raise UsageError(what, hint=f"contexts of {known.place}: {names}; name one with --context")
    return found


def _read(path: str) -> dict[str, Any] | None:
    """The map of one file, None where it is empty. Raises ClusterError."""
    import yaml  # noqa: PLC0415  comes with the client

    try:
        with opened(path) as file:
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(file)
            document = loader.get_single_node()
            _bound(document)
            config = None if document is None else loader.construct_document(document)
    except (yaml.YAMLError, OSError, ValueError, OverflowError, RecursionError) as error:
        raise no_kubeconfig(path, error) from error
    if config is not None and not isinstance(config, dict):
        raise no_kubeconfig(path, TypeError())
    return config


def _bound(document: Any) -> None:
    """Raises OSError where aliases unfold without end: merged, compared or written out, that would fill memory."""
    left, count = [document], 0
    while left:
        count += 1
        if count + len(left) > _MOST_VALUES:
            raise OSError(f"it holds more than {_MOST_VALUES:,} values, or an alias of what it stands in")
        below = left.pop()
        value = getattr(below, "value", None)
        if isinstance(value, list):  # of nodes, or of pairs of them in a map
            left.extend(value)
        elif isinstance(below, tuple):
            left.extend(below)


def _differing(one: _Entry, other: _Entry) -> str:
    """In which keys they differ."""
    if not isinstance(one.says, dict) or not isinstance(other.says, dict):
        return "in form"
    keys = [str(key) for key in {**one.says, **other.says} if one.says.get(key) != other.says.get(key)]
    return ", ".join(keys[:_MOST_KEYS]) + (f" and {len(keys) - _MOST_KEYS} more" if len(keys) > _MOST_KEYS else "")
