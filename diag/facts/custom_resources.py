"""What a custom resource says of itself: which of its conditions are bad news, its state, and what holds it back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diag.projection import JsonDict, Object
from diag.snapshot.cite import value_at
from diag.vocab import custom_resources as words
from diag.vocab.polarity import Verdict, verdict

STATED = re.compile(words.STATED)
UNDER_WAY = re.compile(words.UNDER_WAY)
# Conditions that sum up others.
SUMMARIES = ("Ready", "Available", "Healthy")
FAILURES = re.compile(r"Fail|Error|Stalled|Denied")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that an object says against itself."""

    path: str  # of the field to cite
    reason: str  # `Ready=False NotFound`, or the state in one word
    message: str
    since: str | None
    stated: bool  # whether it says that it failed, not only that it is not ready
    summary: bool  # whether it only sums up others
    message_path: str = ""  # of the message, where it stands elsewhere

    @property
    def paths(self) -> tuple[str, ...]:
        """The fields to cite, the most telling first."""
        return tuple(path for path in (self.message_path, self.path) if path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A condition as a reader sees it."""

    path: str  # of its message, or of its status where it has none
    status: str
    reason: str
    message: str


def remarks(item: Object) -> list[Remark]:
    """Everything that an object says against itself, the most telling first: specific before summing up."""
    states_said = list(_states(item))
    failed = any(one.stated for one in states_said)
    found = [*(list(_conditions(item)) or (_failures(item) if failed else ())), *states_said]
    return sorted(found, key=lambda one: (one.summary, not one.message, not one.stated))


def conditions(item: Object) -> Iterator[tuple[int, JsonDict]]:
    """The conditions that are maps with a type, with their places."""
    entries = value_at(item.whole, "status.conditions")
    for index, found in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(found, dict) and isinstance(found.get("type"), str):
            yield index, found


def told(item: Object, type_: str) -> Told | None:
    """A condition of an object by its type."""
    for index, found in conditions(item):
        if found["type"] == type_:
            message = found.get("message") if isinstance(found.get("message"), str) else ""
            return Told(
                path=f"status.conditions[{index}].{'message' if message else 'status'}",
                status=str(found.get("status") or ""), reason=str(found.get("reason") or ""), message=message or "",
            )  # fmt: skip
    return None


def is_true(item: Object, *types: str) -> bool:
    """Whether any condition of these types is True."""
    return any(found["type"] in types and found.get("status") == "True" for _, found in conditions(item))


def states(item: Object) -> Iterator[tuple[str, str]]:
    """States in one word, with their paths."""
    for path in words.STATE_PATHS:
        value = value_at(item.whole, path)
        if isinstance(value, str) and value:
            yield path, value


def message_of(item: Object) -> tuple[str, str]:
    """The operator's sentence beside a state, and its path; empty when there is none."""
    for path in words.MESSAGE_PATHS:
        value = value_at(item.whole, path)
        if isinstance(value, str) and value:
            return path, value
    return "", ""


def text_at(item: Object, *paths: str) -> str:
    """The first text at one of the paths, empty when there is none."""
    values = (value_at(item.whole, path) for path in paths)
    return next((value for value in values if isinstance(value, str) and value), "")


def is_held(item: Object) -> bool:
    """Whether somebody wants it so: suspended, paused, stopped, or scaled to zero."""
    if any(value_at(item.whole, path) is True for path in words.HELD_PATHS):
        return True
    if _number(value_at(item.whole, "spec.replicas")) == 0 or is_true(item, *words.HELD_TYPES):
        return True
    return any(item.annotations.get(key, "false") != "false" for key in words.HELD_ANNOTATIONS)


def has_ended_well(item: Object) -> bool:
    """Whether its work is over and went well, or was stopped."""
    if any(value.casefold() in words.FAILED for _, value in states(item)):
        return False
    return is_true(item, *words.ENDED_TYPES) or any(value.casefold() in words.ENDED for _, value in states(item))


def is_unread(item: Object) -> bool:
    """Whether its operator has not seen the newest spec, so that the status speaks of an older one."""
    generation, observed = item.metadata.generation, _number(value_at(item.whole, "status.observedGeneration"))
    return generation is not None and observed is not None and observed < generation


def _conditions(item: Object) -> Iterator[Remark]:
    generation = item.metadata.generation
    for index, found in conditions(item):
        status, reason = str(found.get("status") or ""), str(found.get("reason") or "")
        observed = _number(found.get("observedGeneration"))
        if generation is not None and observed is not None and observed < generation:
            continue
        if verdict(item.kind_id, found["type"], status, reason) is not Verdict.BAD:
            continue
        message = found.get("message") if isinstance(found.get("message"), str) else ""
        since = found.get("lastTransitionTime")
        yield Remark(
            path=f"status.conditions[{index}].{'message' if message else 'status'}",
            reason=f"{found['type']}={status} {reason}".strip(),
            message=message or "",
            since=since if isinstance(since, str) else None,
            stated=bool(STATED.search(reason) or (status == "True" and FAILURES.search(found["type"]))),
            summary=found["type"] in SUMMARIES,
        )


def _failures(item: Object) -> Iterator[Remark]:
    """Conditions of types that nobody has read up, of an object that says that it failed: those that tell of it."""
    for index, found in conditions(item):
        status, reason = str(found.get("status") or ""), str(found.get("reason") or "")
        message = found["message"] if isinstance(found.get("message"), str) else ""
        tells = STATED.search(reason) or STATED.search(message) or (status == "True" and FAILURES.search(found["type"]))
        if message and tells and verdict(item.kind_id, found["type"], status, reason) is not Verdict.GOOD:
            since = found.get("lastTransitionTime")
            yield Remark(
                path=f"status.conditions[{index}].message", reason=f"{found['type']}={status} {reason}".strip(),
                message=message, since=since if isinstance(since, str) else None, stated=True, summary=False,
            )  # fmt: skip


def _states(item: Object) -> Iterator[Remark]:
    for path, value in states(item):
        word = value.casefold()
        if word in words.FAILED or word in words.NOT_READY:
            message_path, message = message_of(item)
            yield Remark(
                path=path,
                reason=value,
                message=message,
                message_path=message_path,
                since=text_at(item, *words.END_PATHS) or None,
                stated=word in words.FAILED,
                summary=True,
            )


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
