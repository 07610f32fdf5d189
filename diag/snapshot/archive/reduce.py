"""managedFields without their field sets: who changed an object, how, and when."""

from typing import Any

import msgspec

KEPT = ("manager", "operation", "time", "subresource")
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def reduced(raw: msgspec.Raw) -> msgspec.Raw:
    """The object with its managedFields reduced to manager, operation, time and subresource; all else byte for byte.

    What is no object, or has nothing to reduce, comes back as it is.
    """
    if b'"managedFields"' not in memoryview(raw).tobytes():
        return raw
    try:
        whole = _object.decode(raw)
        meta = _object.decode(whole["metadata"])
        entries: Any = msgspec.json.decode(meta["managedFields"])
    except (msgspec.MsgspecError, KeyError, RecursionError, UnicodeDecodeError):
        return raw
    if not isinstance(entries, list):
        return raw
    few = [{key: entry[key] for key in KEPT if key in entry} if isinstance(entry, dict) else entry for entry in entries]
    meta["managedFields"] = msgspec.Raw(msgspec.json.encode(few))
    whole["metadata"] = msgspec.Raw(msgspec.json.encode(meta))
    return msgspec.Raw(msgspec.json.encode(whole))
