"""What every engine is asked, and how it answers: text as it comes, counted; or one error with its remedy."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One call. `schema` is the JSON Schema of the answer, `grammar` the same in llama.cpp's GBNF."""

    version: str  # of the template
    system: str
    user: str
    schema: dict[str, Any]
    grammar: str
    max_tokens: int = 700


@dataclass(slots=True)
class Usage:
    """Tokens of one call, as the engine counts them; None where it does not say."""

    prompt: int | None = None
    answer: int | None = None


@dataclass(slots=True, kw_only=True)
class Answer:
    """A running answer: iterate over it for its pieces of text; then `usage` holds."""

    pieces: Iterator[str]
    usage: Usage = field(default_factory=Usage)


class Engine(Protocol):
    """One way to reach a model.

    `name` is `local`, `openai` or the provider; `model` is what is shown and kept in caches; `remote` whether text
    leaves this process, so that it must be redacted first.
    """

    name: str
    model: str
    remote: bool
    context_tokens: int

    def answer(self, prompt: Prompt) -> Answer:
        """Ask once. Raises ModelError, also while the pieces are read."""
