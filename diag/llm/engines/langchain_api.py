"""Any provider whose LangChain package is installed: `anthropic:…`, `google_genai:…`, `bedrock:…`, `ollama:…`."""

import importlib.util
import os
import time
from typing import Any

from diag.llm.engines.engine import LARGE, LARGE_ANSWER, Ask, EngineError, Hooks, Reply, in_time
from diag.llm.engines.keys import key_from
from diag.llm.engines.retry import again, passing, seconds_of

INSTALL = "pip install 'kube-diag[llm]'"
# LangSmith would upload every prompt. Whoever wants that sets one of these (langchain-ai/langsmith-sdk,
# python/langsmith/utils.py: `tracing_is_enabled`).
_TRACING = ("LANGSMITH_TRACING", "LANGCHAIN_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2")


class LangChain:
    """A model named `provider:model`, made by `init_chat_model`; its key is the provider's own variable."""

    name = "langchain"
    inside = False
    budget = LARGE
    answer = LARGE_ANSWER

    def __init__(self, named: str, key_cmd: str | None = None) -> None:
        """Raises EngineError where LangChain is missing."""
        if importlib.util.find_spec("langchain") is None:
            raise EngineError(f"{named} needs the package langchain, which is not installed", hint=INSTALL)
        self.model, self._key_cmd = named, key_cmd
        self._chat: Any = None

    def ask(self, ask: Ask, hooks: Hooks) -> Reply:
        """One answer; asked again after what passes by itself."""
        return again(lambda: self._one(ask, hooks))

    def close(self) -> None:
        """Nothing is held between calls."""
        self._chat = None

    def _one(self, ask: Ask, hooks: Hooks) -> Reply:
        chat = self._made(ask)
        deadline = time.monotonic() + ask.timeout_s
        hooks.request()
        text, whole = "", None
        try:
            for chunk in chat.stream([("system", ask.system), ("human", ask.user)]):
                in_time(deadline, self.model, ask.timeout_s)
                whole = chunk if whole is None else whole + chunk
                piece = _text(chunk)
                text += piece
                hooks.piece(piece)
        except EngineError:
            raise
        except Exception as error:  # each provider has exceptions of its own
            raise _failed(error, self.model) from error
        usage = getattr(whole, "usage_metadata", None) or {}
        return Reply(text=text, tokens_in=usage.get("input_tokens"), tokens_out=usage.get("output_tokens"))

    def _made(self, ask: Ask) -> Any:
        if self._chat is None:
            silence_tracing()
            from langchain.chat_models import init_chat_model  # noqa: PLC0415  # a second

            key = {"api_key": key_from(self._key_cmd)} if self._key_cmd else {}
            try:
                self._chat = init_chat_model(
                    self.model, temperature=0, max_tokens=ask.most_tokens, timeout=ask.timeout_s, max_retries=0, **key
                )
            except Exception as error:  # no such provider, its package is missing, no key
                raise EngineError(
                    f"{self.model} cannot be used: {_short(error)}",
                    hint="the provider's package must be installed and its key set",
                ) from error
        return self._chat


def silence_tracing() -> None:
    """Switches the tracing of the LangChain stack off, unless the user has set it."""
    if not any(name in os.environ for name in _TRACING):
        for name in _TRACING:
            os.environ[name] = "false"


def _text(chunk: Any) -> str:
    text = getattr(chunk, "text", "")
    return str(text() if callable(text) and not isinstance(text, str) else text)


def _failed(error: Exception, model: str) -> EngineError:
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    known = isinstance(status, int)
    reach = any(word in type(error).__name__ for word in ("Connect", "Timeout"))
    return EngineError(
        f"{model} failed" + (f" with {status}" if known else "") + f": {_short(error)}",
        hint="see the provider's documentation",
        retry=passing(status) if known else reach and "Timeout" not in type(error).__name__,
        after_s=seconds_of((getattr(response, "headers", None) or {}).get("retry-after")),
    )


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
