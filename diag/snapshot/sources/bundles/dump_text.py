"""`kubectl cluster-info dump` without a folder: lists and logs in one stream, taken apart while it passes.

Origin: as `cluster_info.py`. Its first document is a NodeList; then, for each namespace, seven lists and a section for
each container. The objects between two sections are one member, each section is another.
"""

import re
from collections.abc import Iterator

from diag.snapshot.sources.bundles.entry import CHUNK_BYTES, Ahead, CutOffError, Entry, Opener, Reader, Wanted
from diag.snapshot.sources.bundles.tool import LogPlace, Scope, Tool

_START = re.compile(
    rb"^==== START logs for container (?P<container>[^\s/]+) of pod (?P<namespace>[^\s/]+)/(?P<pod>[^\s/]+) ====\n",
    re.MULTILINE,
)
_MARK_BYTES = 1024  # the longest line that may be a mark: names of Kubernetes have 253 characters at most
_NODES = re.compile(rb'\s*\{\s*"kind"\s*:\s*"NodeList"')
_YAML = re.compile(rb"(?:---\n)?apiVersion:")
_LOG = re.compile(r"(?P<namespace>[^/]+)/(?P<pod>[^/]+)/(?P<container>[^/]+)\.log")
_OBJECTS = re.compile(r"objects-\d+")


def may_be_dump(head: bytes) -> bool:
    """Whether a file begins as such a stream may; YAML tells nothing at its beginning."""
    return begins_with_nodes(head) or _YAML.match(head) is not None


def begins_with_nodes(head: bytes) -> bool:
    """Whether the first document is a list of nodes in JSON, as typed clients write it: kubectl get writes `List`."""
    return _NODES.match(head) is not None


def holds_sections(reader: Reader) -> bool:
    """Whether a log begins anywhere."""
    stream = _Stream(reader)
    while not stream.ended:
        stream.fill()
        if _START.search(stream.ahead):
            return True
        stream.skip(len(stream.ahead) - _MARK_BYTES)
    return False


class DumpText:
    """The stream as a container of its parts; `opener` gives its text from the front."""

    kind = "stream"

    def __init__(self, opener: Opener) -> None:
        self._opener = opener

    def entries(self, wanted: Wanted | None = None) -> Iterator[Entry]:  # noqa: ARG002  # a stream passes all
        """Lists and logs as they come."""
        with self._opener() as reader:
            stream = _Stream(reader)
            number = 0
            while not stream.ended or stream.ahead:
                objects = _Part(stream, _START)
                if first := objects.read(1):
                    number += 1
                    yield Entry(name=f"objects-{number}", size=0, reader=Ahead(first, objects), part=True)
                objects.drain()
                mark = _START.match(stream.ahead)
                if mark is None:
                    continue
                stream.skip(mark.end())
                end = mark[0].replace(b"==== START ", b"==== END ", 1)
                log = _Part(stream, re.compile(re.escape(end)))
                name = b"%s/%s/%s.log" % (mark["namespace"], mark["pod"], mark["container"])
                yield Entry(name=name.decode(errors="replace"), size=0, reader=log, part=True)
                log.drain()
                if not stream.ahead.startswith(end):
                    raise CutOffError("a log breaks off")
                stream.skip(len(end))


class _Stream:
    """A reader with some bytes ahead."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.ahead = b""
        self.ended = False

    def fill(self) -> None:
        """Have more bytes ahead than any mark is long, if there are so many."""
        while len(self.ahead) <= _MARK_BYTES and not self.ended:
            piece = self._reader.read(CHUNK_BYTES)
            self.ended = not piece
            self.ahead += piece

    def skip(self, count: int) -> None:
        """Pass bytes that are ahead."""
        self.ahead = self.ahead[max(count, 0) :]


class _Part:
    """A stream up to the next mark, which stays ahead."""

    def __init__(self, stream: _Stream, mark: re.Pattern[bytes]) -> None:
        self._stream, self._mark = stream, mark

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none before the mark."""
        self._stream.fill()
        ahead = self._stream.ahead
        found = self._mark.search(ahead)
        safe = found.start() if found else len(ahead) - (0 if self._stream.ended else _MARK_BYTES)
        piece = ahead[: min(size, safe)]
        self._stream.skip(len(piece))
        return piece

    def drain(self) -> None:
        """Pass the rest."""
        while self.read(CHUNK_BYTES):
            pass


def _scope(path: str) -> Scope | None:
    """The lists between two sections are all lists of one namespace, and at the beginning those of the nodes."""
    return Scope(of_items=True) if _OBJECTS.fullmatch(path) else None


def _log(path: str) -> LogPlace | None:
    found = _LOG.fullmatch(path)
    if not found:
        return None
    return LogPlace(namespace=found["namespace"], pod=found["pod"], container=found["container"], marked="section")


CLUSTER_INFO_TEXT = Tool(
    name="kubectl cluster-info dump (one stream)",
    sign=re.compile(r"(?P<root>(?:.*!/)?)objects-1"),
    scope=_scope,
    log=_log,
)
