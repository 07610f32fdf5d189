"""From what `--llm` and `--model` say to an engine."""

import importlib.util
import re
from pathlib import Path

from diag.errors import UsageError
from diag.llm.engines.engine import Engine, EngineError

INSTALL = "pip install 'kube-diag[llm]'"
_PROVIDER = re.compile(r"[a-z][a-z0-9_]*:[^/\s][^\s]*")


def engine_for(llm: str, model: str | None, key_cmd: str | None = None) -> Engine | None:
    """The engine to ask, None for the template alone. `key_cmd` is a command that prints its key.

    `llm` is `off`, `auto` (the local model that was chosen with `diag model use`, if there is one), `local`, a URL, or
    `provider:model`. Raises UsageError for anything else, EngineError where the engine cannot be used.
    """
    if llm == "off":
        return None
    if importlib.util.find_spec("snowballstemmer") is None:
        if llm == "auto" and not model:
            return None
        raise EngineError("checking a model needs the package snowballstemmer, which is not installed", hint=INSTALL)
    if llm in ("auto", "local"):
        return _local(llm, model)
    if llm.startswith(("http://", "https://")):
        from diag.llm.engines.openai_api import OpenAi  # noqa: PLC0415  # only the engine that is asked for

        return OpenAi(llm, model, key_cmd)
    if _PROVIDER.fullmatch(llm):
        from diag.llm.engines.langchain_api import LangChain  # noqa: PLC0415  # as above

        if model:
            raise UsageError(f"--model {model} and --llm {llm} both name a model", hint="leave --model out")
        return LangChain(llm, key_cmd)
    raise UsageError(
        f"--llm {llm!r} names no engine", hint="auto, off, local, https://HOST/v1, or provider:model (anthropic:NAME)"
    )


def _local(llm: str, model: str | None) -> Engine | None:
    from diag.llm.models import chosen, find  # noqa: PLC0415  # only for files

    path: Path | None = find(model) if model else chosen()
    if path is None:
        if llm == "auto":
            return None
        raise EngineError(
            "no local model is chosen", hint="--model FILE.gguf, or `diag model pull NAME` and `diag model use NAME`"
        )
    from diag.llm.engines.local import Local  # noqa: PLC0415  # as above

    return Local(path)
