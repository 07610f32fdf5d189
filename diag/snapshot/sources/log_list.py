"""The log list: JSON entries of `{"pod": "ns/name", "container", "previous", "text"}`."""

import msgspec

from diag.snapshot.sources.part import LogText


class _Marks(msgspec.Struct, gc=False):
    """The fields that tell a log entry from an object."""

    pod: msgspec.Raw = msgspec.Raw()
    text: msgspec.Raw = msgspec.Raw()
    kind: msgspec.Raw = msgspec.Raw()


class _Entry(msgspec.Struct, gc=False):
    pod: str
    container: str
    text: str
    previous: bool | None = None


_marks = msgspec.json.Decoder(_Marks)
_entry = msgspec.json.Decoder(_Entry)


def is_entry(raw: msgspec.Raw) -> bool:
    """Whether a JSON object is a log entry: it has a pod and a text, and no kind."""
    try:
        marks = _marks.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return bool(bytes(marks.pod) and bytes(marks.text) and not bytes(marks.kind))


def read_entry(raw: msgspec.Raw) -> LogText:
    """One log; raises ValueError with what is wrong with the entry."""
    try:
        entry = _entry.decode(raw)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    namespace, slash, name = entry.pod.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise ValueError('`pod` must be "namespace/name"')
    return LogText(pod=entry.pod, container=entry.container, previous=bool(entry.previous), text=entry.text)
