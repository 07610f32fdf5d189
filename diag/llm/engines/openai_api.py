"""Any server that speaks OpenAI's chat API: hosted ones, vLLM, Ollama, llama.cpp."""

import importlib.util
import ipaddress
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from diag.llm.engines.engine import (
    LARGE,
    LARGE_ANSWER,
    SMALL,
    SMALL_ANSWER,
    Ask,
    EngineError,
    Hooks,
    Reply,
    in_time,
)
from diag.llm.engines.keys import key_from
from diag.llm.engines.retry import again, passing, seconds_of

INSTALL = "pip install 'kube-diag[llm]'"
_OWN_HOST = "api.openai.com"
_REFUSED_FORM = (400, 415, 422)  # statuses with which servers refuse a field that they do not know


class OpenAi:
    """A model behind a URL. The key is DIAG_LLM_API_KEY; OPENAI_API_KEY goes to OpenAI itself and to nobody else."""

    name = "openai"
    inside = False

    def __init__(self, url: str, model: str | None, key_cmd: str | None = None) -> None:
        """Raises EngineError where the library is missing."""
        if importlib.util.find_spec("openai") is None:
            raise EngineError("a model behind a URL needs the package openai, which is not installed", hint=INSTALL)
        self.url, self.model, self._key_cmd = url, model or "", key_cmd
        # What runs on this machine is small, and has a context of 4,096 tokens unless somebody thought of it.
        here = _is_loopback(url)
        self.budget, self.answer = (SMALL, SMALL_ANSWER) if here else (LARGE, LARGE_ANSWER)
        self._form = 0  # which of the forms of a request this server takes
        self._client: Any = None

    def ask(self, ask: Ask, hooks: Hooks) -> Reply:
        """One answer; asked again after what passes by itself."""
        return again(lambda: self._one(ask, hooks))

    def close(self) -> None:
        """Closes connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _one(self, ask: Ask, hooks: Hooks) -> Reply:
        import openai  # noqa: PLC0415  # half a second

        try:
            client = self._connected(ask.timeout_s)
            self.model = self.model or _only_model(client, self.url)
            forms = _forms(ask)
            while True:
                try:
                    hooks.request()
                    return self._streamed(client, ask, forms[self._form], hooks)
                except openai.APIStatusError as error:
                    if not _refuses_form(error) or self._form + 1 >= len(forms):
                        raise
                    self._form += 1
        except openai.APIStatusError as error:
            raise _refused(error, self.url, self.model) from error
        except openai.APITimeoutError as error:
            raise EngineError(f"{self.url} did not answer in time", hint="--llm-timeout 2m", retry=False) from error
        except openai.APIConnectionError as error:
            raise EngineError(
                f"cannot reach {self.url}: {error.__cause__ or error}", hint="is the server up?", retry=True
            ) from error
        except EngineError:
            raise
        except Exception as error:  # a stream that stalls or breaks raises what the HTTP library has for it
            raise EngineError(
                f"{self.url} broke off: {type(error).__name__} {' '.join(str(error).split())[:200]}".rstrip(),
                hint="--llm-timeout 2m, if it was slow",
            ) from error

    def _connected(self, timeout_s: float) -> Any:
        if self._client is None:
            import openai  # noqa: PLC0415  # as above

            self._client = openai.OpenAI(
                base_url=self.url,
                api_key=key_from(self._key_cmd) if self._key_cmd else _key(self.url),
                timeout=timeout_s,
                max_retries=0,
            )
        return self._client

    def _streamed(self, client: Any, ask: Ask, form: Mapping[str, Any], hooks: Hooks) -> Reply:
        deadline = time.monotonic() + ask.timeout_s
        text, usage = "", None
        messages = [{"role": "system", "content": ask.system}, {"role": "user", "content": ask.user}]
        with client.chat.completions.create(model=self.model, messages=messages, stream=True, **form) as stream:
            for chunk in stream:
                in_time(deadline, self.url, ask.timeout_s)
                usage = getattr(chunk, "usage", None) or usage
                piece = chunk.choices[0].delta.content if chunk.choices else None
                if piece:
                    text += piece
                    hooks.piece(piece)
        return Reply(
            text=text,
            tokens_in=getattr(usage, "prompt_tokens", None),
            tokens_out=getattr(usage, "completion_tokens", None),
        )


def _forms(ask: Ask) -> Sequence[Mapping[str, Any]]:
    """Ways to ask for the same, the strictest first: servers differ in what they know."""
    strict = {"type": "json_schema", "json_schema": {"name": "explanation", "strict": True, "schema": ask.schema}}
    usage = {"stream_options": {"include_usage": True}}
    return (
        {"response_format": strict, "max_tokens": ask.most_tokens, "temperature": 0.0, **usage},
        {"response_format": strict, "max_completion_tokens": ask.most_tokens, **usage},  # models that reason
        {"response_format": {"type": "json_object", "schema": ask.schema}, "max_tokens": ask.most_tokens},  # llama.cpp
        {"max_tokens": ask.most_tokens},
    )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuses_form(error: Any) -> bool:
    """Whether a simpler form may help. llama.cpp's Python server answers 500 to a form that it does not know."""
    status = int(error.status_code)
    return status in _REFUSED_FORM or (status == 500 and "response_format" in str(error.message))  # noqa: PLR2004


def _only_model(client: Any, url: str) -> str:
    """The model of a server that has only one. Raises EngineError where one has to be chosen."""
    names = sorted(str(each.id) for each in client.models.list())
    if len(names) != 1:
        listed = ", ".join(names[:8]) or "none"
        raise EngineError(f"{url} has {len(names)} models: {listed}", hint="name one with --model")
    return names[0]


def _key(url: str) -> str:
    if key := os.environ.get("DIAG_LLM_API_KEY"):
        return key
    if urlsplit(url).hostname == _OWN_HOST:
        if key := os.environ.get("OPENAI_API_KEY"):
            return key
        raise EngineError(f"there is no key for {url}", hint="set DIAG_LLM_API_KEY or OPENAI_API_KEY")
    return "none"  # local servers take any


def _refused(error: Any, url: str, model: str) -> EngineError:
    status = error.status_code
    hint = {
        401: "set DIAG_LLM_API_KEY to a valid key",
        403: "this key may not use this model",
        404: f"has it the model {model!r}? --model names another; a URL usually ends in /v1",
        413: "the prompt is too long for this model",
        429: "too many requests, or no credit is left",
    }.get(status)
    return EngineError(
        f"{url} answered {status}: {_said(error)}", hint=hint, retry=passing(status),
        after_s=seconds_of(error.response.headers.get("retry-after")),
    )  # fmt: skip


def _said(error: Any) -> str:
    """The server's own words, in one line; a server may repeat what it was sent, so only their beginning."""
    return " ".join(str(error.message).split())[:200]
