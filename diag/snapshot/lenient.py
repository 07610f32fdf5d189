"""Decode an object although one of its fields has the wrong type: that field goes, the rest stays.

The strict path costs nothing; this one runs only for objects that fail it. A dropped list element becomes an empty
value instead, so that the places of its neighbours stay what they are in the evidence.
"""

import re
from typing import Any, TypeVar

import msgspec

Decoded = TypeVar("Decoded", bound=msgspec.Struct)
ROUNDS = 64  # more bad fields than this, and the object as a whole is not what it claims to be
PLACE = re.compile(r" - at `\$(?P<path>.*)`$")
NULL = " (null)"
STEP = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>\d+)\]|\[\.\.\.\]")


class NotAnObject(ValueError):  # noqa: N818  it says what the bytes are
    """The bytes are no JSON object of that kind at all."""


def decode(raw: bytes | msgspec.Raw, struct: type[Decoded]) -> tuple[Decoded, list[str]]:
    """The object and the paths of the fields that were dropped. Raises NotAnObject."""
    try:
        return msgspec.json.decode(raw, type=struct), []
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise NotAnObject(str(error)) from error
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise NotAnObject(str(error)) from error
    if not isinstance(value, dict):
        raise NotAnObject(f"a JSON {type(value).__name__}, not an object")
    dropped: list[str] = []
    for _ in range(ROUNDS):
        try:
            # Raw fields need bytes, so the repaired value is written and read again.
            return msgspec.json.decode(msgspec.json.encode(value), type=struct), dropped
        except msgspec.ValidationError as error:
            path = _drop(value, str(error))
            if path is None:
                raise NotAnObject(str(error)) from error
            if not path.endswith(NULL):
                dropped.append(path)
    raise NotAnObject(f"more than {ROUNDS} fields of the wrong type")


def _drop(value: dict[str, Any], message: str) -> str | None:
    """Remove what the message complains about; return its path, marked where it was null (unknown, so no gap)."""
    found = PLACE.search(message)
    if not found:
        return None
    node: Any = value
    walked, last = "", None
    for step in STEP.finditer(found["path"]):
        key: str | int | None = step["key"] or (int(step["index"]) if step["index"] else None)
        if last is not None:
            node = node[last[1]]
        if key is None:  # an element of a map: msgspec does not say which, so the map goes
            break
        last = (node, key)
        walked += f"[{key}]" if isinstance(key, int) else f".{key}"
    if last is None:
        return None
    holder, key = last
    if isinstance(holder, list) and isinstance(key, int):
        bad = holder[key]
        holder[key] = _empty_like(holder, key)
    elif isinstance(holder, dict) and key in holder:
        bad = holder.pop(key)
    else:
        return None
    return walked.removeprefix(".") + (NULL if bad is None else "")


def _empty_like(holder: list[Any], index: int) -> Any:
    """A harmless stand-in: what the neighbours look like."""
    others = [item for place, item in enumerate(holder) if place != index]
    if holder[index] is None or any(isinstance(item, dict) for item in others) or not others:
        return {}
    return ""
