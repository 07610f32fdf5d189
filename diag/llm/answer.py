"""From what a model wrote to the form: lenient about its frame, strict about its content."""

import json
import re
from typing import Any

import msgspec

from diag.llm.brief import Brief
from diag.llm.form import Form, Sentence

MOST_SENTENCES, MOST_CHARS = 8, 320
_NOTHING = re.compile(r'"sentences"\s*:\s*\[\s*\]')
_COPIED_ID = re.compile(r"^(?:[FLR]\d{1,3}: )+")


class NoFormError(ValueError):
    """An answer that holds no sentence."""


def schema(brief: Brief, *, least: int = 1) -> dict[str, Any]:
    """The JSON Schema of an answer about this brief of `least` sentences: only its ids can be cited."""

    def ids(parts: Any) -> list[str]:
        return [one.id for one in parts]

    def several(names: list[str], least: int = 0) -> dict[str, Any]:
        items = {"type": "array", "items": {"type": "string", "enum": names}, "minItems": least, "maxItems": 6}
        return items if names else {"type": "array", "items": {"type": "string"}, "maxItems": 0}

    links = ids(brief.links)
    because = {"anyOf": [{"type": "string", "enum": links}, {"type": "null"}]} if links else {"type": "null"}
    sentence = {
        "text": {"type": "string", "minLength": 1, "maxLength": MOST_CHARS},
        "facts": several(ids(brief.facts), 1),
        "because": because,
        "steps": several(ids(brief.steps)),
    }
    return _object({
        "sentences": {"type": "array", "items": _object(sentence), "minItems": least, "maxItems": MOST_SENTENCES}
    })  # fmt: skip


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def form(text: str) -> Form:
    """The sentences of an answer; of one that was cut off, those that are whole. Raises NoFormError without any."""
    rows = _rows(text)
    sentences = tuple(one for one in map(_sentence, rows[: 4 * MOST_SENTENCES]) if one)
    if not sentences:
        raise NoFormError("the answer is empty" if not text.strip() else "the answer is no form with sentences")
    return Form(sentences=sentences)


def says_nothing(text: str) -> bool:
    """Whether an answer is the form with no sentence in it: that is how a model tells that the facts do not say."""
    return _NOTHING.search(text) is not None


def _sentence(row: Any) -> Sentence | None:
    try:
        sentence = msgspec.convert(row, Sentence)
    except msgspec.ValidationError:
        return None
    # Small models copy a line with its id.
    return msgspec.structs.replace(sentence, text=_COPIED_ID.sub("", sentence.text).strip())


def _rows(text: str) -> list[Any]:
    """The rows of `sentences`, found without trust in what stands around them (fences, thoughts, a missing end)."""
    decoder = json.JSONDecoder()
    at = text.find('"sentences"')
    at = text.find("[", at) if at >= 0 else -1
    rows: list[Any] = []
    while 0 <= at < len(text):
        at = text.find("{", at)
        if at < 0:
            break
        try:
            row, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        rows.append(row)
    return rows
