"""The server over a pipe: a client starts the program, and ends it by closing the pipe."""

from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server


def talk(server: Server[Any]) -> None:
    """Answers what comes on stdin, on stdout, until stdin ends. Nothing else may be written to stdout meanwhile."""

    async def run() -> None:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(run)
