"""The words that this program ships: of rules, vocabularies and prompts. What stands there is nobody's secret.

Read from the package's own files, once, when something is redacted for the first time.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

# A run of characters that may be one name: delimited by blanks, quotes, brackets, commas and the like.
RUN = re.compile(r"[^\s\"'`,;(){}\[\]<>|*!^$\\…⏎→×·\u2018-\u201f]+")
EDGES = ".:?!-=/"  # of a sentence or a flag, where they stand at an end of a run
PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")  # of a camel-case word: `maxUnavailable` is `max`, `Unavailable`

# Where words come from. Tests and the built-in example are left out: their names look like those of users.
_FOLDERS = ("vocab", "analyzers", "catalog", "facts", "trouble", "causes", "views", "llm", "prompts", "redact")
_SUFFIXES = (".py", ".csv", ".toml", ".j2")
# Namespaces that Kubernetes makes itself (kubernetes/kubernetes pkg/controlplane/controller/systemnamespaces).
_NAMESPACES = frozenset(("default", "kube-system", "kube-public", "kube-node-lease"))


def is_shipped_word(word: str) -> bool:
    """Whether a word of letters is in one of the shipped texts, its plural included, or is of a single letter."""
    lowered = word.casefold()
    return len(word) == 1 or lowered in _words() or lowered.removesuffix("s") in _words()


def is_shipped_token(token: str) -> bool:
    """Whether a label key, a reason, a resource name or the like stands as a whole in a rule or a vocabulary."""
    return token in _tokens()


def is_public_name(name: str) -> bool:
    """Whether an object of that name says nothing of its owner: its name is a constant of the vocabulary."""
    return name in _NAMESPACES or name in _constants()


@cache
def _words() -> frozenset[str]:
    found = (piece for text in _texts(_FOLDERS) for word in re.findall(r"[A-Za-z]+", text) for piece in _both(word))
    return frozenset(found)


def _both(word: str) -> Iterator[str]:
    yield word.casefold()
    for piece in PIECE.findall(word):
        yield piece.casefold()


@cache
def _tokens() -> frozenset[str]:
    return frozenset(run[0].strip(EDGES) for text in _texts(("vocab", "analyzers")) for run in RUN.finditer(text))


@cache
def _constants() -> frozenset[str]:
    quoted = re.compile(r"\"([^\"\s]+)\"")
    return frozenset(found[1] for text in _texts(("vocab",)) for found in quoted.finditer(text))


def _texts(folders: tuple[str, ...]) -> Iterator[str]:
    for folder in folders:
        yield from _below(resources.files(f"diag.{folder}"))


def _below(folder: Traversable) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _below(entry)
        elif entry.name.endswith(_SUFFIXES):
            yield entry.read_text(encoding="utf-8")
