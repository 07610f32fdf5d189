"""The process that holds a local model: a question per line on stdin, pieces of its answer per line on stdout.

Run as `python -m diag.llm.engines.llama_process FILE CONTEXT`.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

_SEED = 7  # the same question gets the same answer


def main() -> None:
    """Loads the model, answers until stdin ends."""
    path, context = sys.argv[1], int(sys.argv[2])
    # The library writes where it likes; only this file writes to what was stdout.
    with os.fdopen(os.dup(1), "wb", buffering=0) as out:
        os.dup2(2, 1)
        try:
            model = _loaded(path, context)
        except (ValueError, RuntimeError, OSError, AssertionError) as error:
            _say(out, {"error": f"cannot be loaded: {error}"})
            return
        for line in sys.stdin.buffer:
            for told in _answer(model, json.loads(line)):
                _say(out, told)


def _loaded(path: str, context: int) -> Any:
    import llama_cpp  # noqa: PLC0415  # only in this process

    threads = _threads()
    return llama_cpp.Llama(
        path, n_ctx=context, n_threads=threads, n_threads_batch=threads, seed=_SEED, verbose=False
    )  # fmt: skip


def _threads() -> int:
    """All cores that we may use but one: threads of llama.cpp spin while one of them has to wait for a core.

    On two busy cores, two threads took four times as long as one.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(usable - 1, 1)


def _answer(model: Any, question: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if question.get("describe"):
        yield {"metadata": {key: str(value)[:200] for key, value in model.metadata.items()}}
        return
    messages = [{"role": "system", "content": question["system"]}, {"role": "user", "content": question["user"]}]
    told_in = len(model.tokenize("\n".join(each["content"] for each in messages).encode()))
    pieces = 0
    try:
        for chunk in model.create_chat_completion(
            messages,
            response_format={"type": "json_object", "schema": question["schema"]},
            max_tokens=question["most_tokens"],
            temperature=0.0,
            repeat_penalty=1.1,  # small models go round in circles
            stream=True,
        ):
            piece = chunk["choices"][0]["delta"].get("content")
            if piece:
                pieces += 1
                yield {"text": piece}
    except (ValueError, RuntimeError) as error:  # too long for its context, and the like
        yield {"error": str(error)}
        return
    yield {"done": {"in": told_in, "out": pieces}}


def _say(out: BinaryIO, told: dict[str, Any]) -> None:
    out.write(json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    main()
