"""Talks about causes: one model for all of them, made for the first and closed at the end."""

import threading
from typing import TYPE_CHECKING, Any

from diag.cli.diagnostics import Narrator
from diag.cli.modelling import choice_for, engine_or_why
from diag.document import CauseRow, Report
from diag.llm.ask import Conversation

if TYPE_CHECKING:
    from diag.llm.engines.engine import Engine


class Talks:
    """Begins talks with the model that the flags name; without one, and where it cannot be used, the facts answer."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.asked = asked
        self._lock = threading.Lock()
        self._made = asked["llm"] == "off"
        self._engine: Engine | None = None
        self._why = ""

    def begin(self, report: Report, cause: CauseRow) -> tuple[Conversation, str]:
        """A talk about a cause, and why no model takes part where one was to."""
        with self._lock:
            if not self._made:
                self._engine, error = engine_or_why(self.asked)
                self._why = f"no model: {error.message}{f'; {error.hint}' if error.hint else ''}" if error else ""
                self._made = True
        choice = choice_for(report, self.asked, Narrator(quiet=True, verbose=0))
        return Conversation(report, self._engine, choice, cause=cause), self._why

    def close(self) -> None:
        """Ends the model."""
        if self._engine is not None:
            self._engine.close()
