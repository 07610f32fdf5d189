"""The server over a pipe: a client starts the program, and ends it by closing the pipe."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, cast

import anyio
import mcp_types as types
import msgspec
import pydantic
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage

_UNREAD, _NO_REQUEST = -32700, -32600  # JSON-RPC 2.0, section 5.1
_STDIN = 0


def talk(server: Server[Any]) -> None:
    """Answers what comes on stdin, on stdout, until stdin ends. Nothing else may be written to stdout meanwhile."""

    async def run() -> None:
        with _taken_over() as stdin:
            lines = cast("anyio.AsyncFile[str]", _Lines(anyio.wrap_file(stdin)))  # of which only the lines are asked
            await serve(lines)

    async def serve(lines: anyio.AsyncFile[str]) -> None:
        async with stdio_server(lines) as (incoming, outgoing), anyio.create_task_group() as group:
            sifted, heard = anyio.create_memory_object_stream[SessionMessage | Exception](0)

            async def sift() -> None:
                """Answers what is no request: the package drops it, and its client would wait for ever."""
                async with sifted, incoming:
                    async for message in incoming:
                        if not isinstance(message, Exception):
                            await sifted.send(message)
                        elif refused := refusal(message):
                            await outgoing.send(SessionMessage(refused))

            group.start_soon(sift)
            with heard:
                await server.run(heard, outgoing, server.create_initialization_options())

    anyio.run(run)


@contextmanager
def _taken_over() -> Iterator[TextIOWrapper]:
    """Our stdin for the protocol alone: what else runs here, or is started from here, finds it at its end."""
    wire = os.dup(_STDIN)
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        os.dup2(nothing, _STDIN)
        # Never closed: a thread may still wait for a line when the program ends.
        yield TextIOWrapper(os.fdopen(wire, "rb", closefd=False), encoding="utf-8", errors="replace")
    finally:
        os.dup2(wire, _STDIN)
        os.close(nothing)


class _Head(msgspec.Struct):
    """What tells a request from a notification."""

    id: Any = msgspec.UNSET
    method: Any = msgspec.UNSET


class _Lines:
    """The lines of a stream, without those whose id is none: the package takes them for notifications and is silent."""

    def __init__(self, stream: anyio.AsyncFile[str]) -> None:
        self.stream = stream

    async def __aiter__(self) -> AsyncIterator[str]:
        async for line in self.stream:
            yield _NAMELESS if _has_odd_id(line) else line


# A line that is no message, and is answered as such.
_NAMELESS = '{"jsonrpc": "2.0", "id": null}'


def _has_odd_id(line: str) -> bool:
    """Whether a request has an id that is neither a number nor a text, as `null` (JSON-RPC 2.0, section 4)."""
    try:
        head = msgspec.json.decode(line.encode(errors="replace"), type=_Head)
    except (msgspec.MsgspecError, RecursionError):
        return False  # whoever reads it whole says what it is
    asks = head.method is not msgspec.UNSET and head.id is not msgspec.UNSET
    return asks and (not isinstance(head.id, int | str) or isinstance(head.id, bool))


def refusal(error: Exception) -> types.JSONRPCError | None:
    """The error that answers a line that is no message, with the id that it has; None where the line is empty."""
    faults = error.errors() if isinstance(error, pydantic.ValidationError) else []
    inputs = [fault["input"] for fault in faults]
    if "json_invalid" in {fault["type"] for fault in faults}:
        if all(isinstance(each, str) and not each.strip() for each in inputs):
            return None
        told = types.ErrorData(code=_UNREAD, message="this line is no JSON that can be read")
    else:
        what = "one object, with a number or a text as its id"
        told = types.ErrorData(code=_NO_REQUEST, message=f"this is no request of JSON-RPC 2.0: {what}")
    ids = [each.get("id") for each in inputs if isinstance(each, dict) and "jsonrpc" in each]
    known = next((each for each in ids if isinstance(each, int | str) and not isinstance(each, bool)), None)
    return types.JSONRPCError(jsonrpc="2.0", id=known, error=told)
