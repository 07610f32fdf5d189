"""What the kubelet says about a pulled image, and the parts of an image reference."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from diag.facts.times import go_duration_s
from diag.vocab.kubernetes import DEFAULT_REGISTRY, DEFAULT_REPOSITORY_PREFIX, DEFAULT_TAG

_LONGEST = 4096  # characters; an event's message is cut at 1,024

# Up to 1.25 the text ends after the first duration, up to 1.29 after the second
# (kubernetes/kubernetes pkg/kubelet/images/image_manager.go).
_PULLED = re.compile(
    r'Successfully pulled image "(?P<image>[^"]+)" in (?P<pull>[0-9hmsnuµμ.]+?)'
    r"(?: \((?P<waited>[0-9hmsnuµμ.]+) including waiting\))?"
    r"(?:\. Image size: (?P<size>[0-9]{1,18}) bytes\.?)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """One pull. `waited_s` is the pull and the wait behind other pulls together; None where not said (up to 1.25)."""

    image: str
    pull_s: float
    waited_s: float | None = None
    size_bytes: int | None = None  # as the runtime counts it; None up to 1.29

    @property
    def queued_s(self) -> float | None:
        """Seconds spent behind other pulls of the node: the kubelet pulls one image at a time by default."""
        return None if self.waited_s is None else max(self.waited_s - self.pull_s, 0.0)


class Image(NamedTuple):
    """The parts of an image reference. The tag is empty where only a digest is given."""

    registry: str
    repository: str
    tag: str
    digest: str


def parse_pulled(message: object) -> Pulled | None:
    """The facts of the kubelet's `Successfully pulled image …` of any release; None for another text."""
    if not isinstance(message, str) or len(message) > _LONGEST:
        return None
    matched = _PULLED.fullmatch(message.strip())
    pull_s = go_duration_s(matched["pull"]) if matched else None
    if matched is None or pull_s is None:
        return None
    return Pulled(
        image=matched["image"],
        pull_s=pull_s,
        waited_s=go_duration_s(matched["waited"]),
        size_bytes=int(matched["size"]) if matched["size"] else None,
    )


_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,128}")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:[._-]+|/)[a-z0-9]+)*")
# A registry is told from a Docker Hub organisation by a dot, a port, or the name localhost
# (github.com/distribution/reference normalize.go, splitDockerDomain).
_REGISTRY = re.compile(r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")


def parse_image(reference: object) -> Image | None:
    """Registry, repository, tag and digest with Docker Hub's defaults; None for what is no image reference.

    A runtime's prefix (`docker-pullable://`) of a container status is dropped.
    """
    return _image(reference) if isinstance(reference, str) and len(reference) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _image(reference: str) -> Image | None:
    rest, _, digest = reference.rpartition("://")[2].partition("@")
    head, slash, tail = rest.rpartition("/")
    last, colon, tag = tail.partition(":")
    path = head + slash + last
    registry, slash, repository = path.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, repository = DEFAULT_REGISTRY, path
    elif registry == "index.docker.io":
        registry = DEFAULT_REGISTRY
    valid = (
        _REGISTRY.fullmatch(registry)
        and _REPOSITORY.fullmatch(repository)
        and (_TAG.fullmatch(tag) if colon else True)
        and (_DIGEST.fullmatch(digest) if "@" in reference else True)
    )
    if not valid:
        return None
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = DEFAULT_REPOSITORY_PREFIX + repository
    return Image(registry=registry, repository=repository, tag=tag or ("" if digest else DEFAULT_TAG), digest=digest)
