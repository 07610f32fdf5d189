"""The interface of a model: a task and data in, JSON text out."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from diag.errors import DiagError

# Tokens of a prompt and of its answer, for a small local model and for a hosted one.
SMALL, LARGE = 1500, 4000
SMALL_ANSWER, LARGE_ANSWER = 500, 900


class EngineError(DiagError):
    """A model that did not answer. `retry` says that the same may work in a moment, `after_s` when."""

    def __init__(
        self, message: str, *, hint: str | None = None, retry: bool = False, after_s: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry, self.after_s = retry, after_s


class SpentError(EngineError):
    """The cap on calls or tokens of this run is reached."""


def in_time(deadline: float, who: str, timeout_s: float) -> None:
    """Raises EngineError once the deadline, a time of the monotonic clock, is over."""
    if time.monotonic() > deadline:
        raise EngineError(f"{who} was not ready after {timeout_s:g} seconds", hint="--llm-timeout 2m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question. `schema` (JSON Schema) is the form of the answer, `most_tokens` its length at most."""

    system: str
    user: str
    schema: dict[str, Any]
    most_tokens: int
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back. Tokens are None where the server does not count them."""

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None


@dataclass(slots=True)
class Hooks:
    """What an engine tells while it works: `request` before each call (may raise SpentError), `piece` per text."""

    request: Callable[[], None] = field(default=lambda: None)
    piece: Callable[[str], None] = field(default=lambda _: None)


class Engine(Protocol):
    """A model that can be asked. `inside`: what it is given goes to no other program. Tokens: `budget`, `answer`."""

    name: str
    model: str
    inside: bool
    budget: int
    answer: int

    def ask(self, ask: Ask, hooks: Hooks) -> Reply:
        """One answer, streamed. Raises EngineError; a KeyboardInterrupt ends the call and passes."""
        ...

    def close(self) -> None:
        """Gives back what it holds."""
        ...
