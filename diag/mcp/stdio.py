"""The server over a pipe: a client starts the program, and ends it by closing the pipe."""

from typing import Any

import anyio
import mcp_types as types
import pydantic
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage

_UNREAD, _NO_REQUEST = -32700, -32600  # JSON-RPC 2.0, section 5.1


def talk(server: Server[Any]) -> None:
    """Answers what comes on stdin, on stdout, until stdin ends. Nothing else may be written to stdout meanwhile."""

    async def run() -> None:
        async with stdio_server() as (incoming, outgoing), anyio.create_task_group() as group:
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


def refusal(error: Exception) -> types.JSONRPCError | None:
    """The error that answers a line that is no message, with the id that it has; None where the line is empty."""
    faults = error.errors() if isinstance(error, pydantic.ValidationError) else []
    inputs = [fault["input"] for fault in faults]
    if "json_invalid" in {fault["type"] for fault in faults}:
        if all(isinstance(each, str) and not each.strip() for each in inputs):
            return None
        told = types.ErrorData(code=_UNREAD, message="this line is no JSON that can be read")
    else:
        told = types.ErrorData(code=_NO_REQUEST, message="this is no request of JSON-RPC 2.0: one object with an id")
    ids = [each.get("id") for each in inputs if isinstance(each, dict) and "jsonrpc" in each]
    known = next((each for each in ids if isinstance(each, int | str) and not isinstance(each, bool)), None)
    return types.JSONRPCError(jsonrpc="2.0", id=known, error=told)
