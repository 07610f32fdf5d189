"""The words that this program ships: of rules, vocabularies and prompts. What stands there is nobody's secret.

Read from the package's own files, once, when something is redacted for the first time.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from diag.vocab.operands import KERNEL_READERS, OPERANDS

# A run of characters that may be one name: delimited by blanks, quotes, brackets, commas and the like.
RUN = re.compile(r"[^\s\"'`,;(){}\[\]<>|*!^$\\…⏎→×·\u2018-\u201f]+")
EDGES = ".:?!-=/"  # of a sentence or a flag, where they stand at an end of a run
PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")  # of a camel-case word: `maxUnavailable` is `max`, `Unavailable`

# Where words come from. Tests and the built-in example are left out: their names look like those of users.
_RULES = ("analyzers", "catalog", "facts", "trouble")
_FOLDERS = ("vocab", *_RULES, "causes", "views", "llm", "prompts", "redact")
_SUFFIXES = (".py", ".csv", ".toml", ".j2")
# What Kubernetes makes itself (kubernetes/kubernetes): namespaces (pkg/controlplane/controller/systemnamespaces),
# classes (pkg/apis/scheduling/types.go), a bundle (pkg/controller/certificates/rootcacertpublisher), roles for users
# (plugin/pkg/auth/authorizer/rbac/bootstrappolicy).
_OF_KUBERNETES = frozenset((
    "default", "kube-system", "kube-public", "kube-node-lease", "system-node-critical", "system-cluster-critical",
    "kube-root-ca.crt", "cluster-admin", "admin", "edit", "view",
))  # fmt: skip
# Registries and hubs that anybody can pull from.
_HUBS = frozenset((
    "docker.io", "gcr.io", "ghcr.io", "huggingface.co", "k8s.gcr.io", "mcr.microsoft.com", "nvcr.io", "public.ecr.aws",
    "pypi.org", "quay.io", "registry.k8s.io",
))  # fmt: skip
# Systems without an API group of their own.
_PROJECTS = frozenset(("containerd", "coredns", "dcgm", "envoy", "grafana", "nfd", "prometheus", "spegel"))
_DUTIES = frozenset((
    "agent", "apiserver", "autoscaler", "config", "controller", "daemon", "exporter", "gateway", "interceptor",
    "manager", "operator", "plugin", "proxy", "scheduler", "server", "webhook",
))  # fmt: skip
_DOMAIN = re.compile(r"\b([a-z][a-z0-9]*)(?:\.x-k8s)?\.(?:ai|cloud|com|dev|io|net|org|sh)\b")
_ESCAPE = re.compile(r"\\[A-Za-z]")
_ROLES = (KERNEL_READERS, *(each.names for each in OPERANDS))


def is_shipped_word(word: str) -> bool:
    """Whether a word is in one of the shipped texts, its plural included, or is of a single letter."""
    lowered = word.casefold()
    if not word.isalpha():
        return lowered in _models()
    return len(word) == 1 or lowered in _words() or lowered.removesuffix("s") in _words()


def is_shipped_token(token: str) -> bool:
    """Whether a label key, a reason, a resource name or the like stands as a whole in a rule or a vocabulary."""
    return token in _HUBS or token in _tokens()


def is_public_name(name: str) -> bool:
    """Whether an object of that name says nothing of its owner: its name is a constant of the vocabulary."""
    if name in _OF_KUBERNETES or name in _constants() or name in _systems():
        return True
    # A device class of a driver, `gpu.nvidia.com`: of a known domain, and made of words of ours alone.
    return "." in name and is_public_host(name) and all(map(is_shipped_token, name.split(".")[:-1]))


def public_part(name: str) -> str:
    """The part of a name that tells an operand: `nvidia-device-plugin` of `nvdp-nvidia-device-plugin`, else empty.

    That is the longest constant of two words or more, or what tells the role.
    """
    parts = name.split("-")
    for length in range(len(parts), 1, -1):
        for at in range(len(parts) - length + 1):
            if (part := "-".join(parts[at : at + length])) in _constants():
                return part
    for role in _ROLES:
        if found := role.search(name):
            return found[0]
    return ""


def system_of(name: str) -> str:
    """The system that a name begins with (`kueue` of `kueue-webhook-service`), empty where it begins with none."""
    first = name.partition("-")[0]
    return first if first in _systems() else ""


def has_duty(name: str) -> bool:
    """Whether a name tells what a part of a system does (`keda-add-ons-http-interceptor`)."""
    return not _DUTIES.isdisjoint(name.split("-"))


def is_public_host(host: str) -> bool:
    """Whether a host, or a domain above it, is of a known registry or system (`cdn-lfs.huggingface.co`)."""
    parts = host.split(".")
    ends = {".".join(parts[at:]) for at in range(len(parts) - 1)}
    return any(map(is_shipped_token, ends)) or not ends.isdisjoint(_domains())


@cache
def _constants() -> frozenset[str]:
    """Texts in quotes: of vocabularies all, of rules those of several words, as a single one may be anybody's name."""
    quoted = re.compile(r"\"([^\"\s]+)\"")
    vocabulary = {found[1] for text in _texts(("vocab",)) for found in quoted.finditer(text)}
    rules = {found[1] for text in _texts(_RULES) for found in quoted.finditer(text)}
    return frozenset(vocabulary | {each for each in rules if re.search(r"\w[./-]\w", each)})


@cache
def _systems() -> frozenset[str]:
    """Systems by the names of their API groups, and by those of the modules that know what they say."""
    groups = {each.partition(".")[0] for each in _domains()}
    modules = [path.name.removesuffix(".py") for path in _files("analyzers")]
    tables = {each for each in modules if each.isalpha()}
    return frozenset(groups | tables | _PROJECTS)


@cache
def _domains() -> frozenset[str]:
    return frozenset(found[0] for text in _texts(("vocab", *_RULES)) for found in _DOMAIN.finditer(text))


@cache
def _words() -> frozenset[str]:
    texts = (form for text in _texts(_FOLDERS) for form in (text, _ESCAPE.sub(" ", text)))  # `\bmsg` is `msg`
    return frozenset(piece for text in texts for word in re.findall(r"[A-Za-z]+", text) for piece in _both(word))


@cache
def _models() -> frozenset[str]:
    """Words with digits: models of GPUs, drivers, protocols."""
    mixed = re.compile(r"(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]+")
    return frozenset(found for text in _texts(("vocab", *_RULES)) for found in mixed.findall(text.casefold()))


def _both(word: str) -> Iterator[str]:
    yield word.casefold()
    for piece in PIECE.findall(word):
        yield piece.casefold()


@cache
def _tokens() -> frozenset[str]:
    return frozenset(run[0].strip(EDGES) for text in _texts(("vocab", "analyzers")) for run in RUN.finditer(text))


def _texts(folders: tuple[str, ...]) -> Iterator[str]:
    for folder in folders:
        for path in _files(folder):
            yield path.read_text(encoding="utf-8")


def _files(folder: str) -> Iterator[Traversable]:
    return _below(resources.files(f"diag.{folder}"))


def _below(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _below(entry)
        elif entry.name.endswith(_SUFFIXES):
            yield entry
