"""The server: the table of tools and the resources, behind the protocol of the official package.

Every answer is given twice, as structured content for programs and as text for models: JSON between the same fences as
in our own prompts. `<` and `>` are escaped in it, so nothing that stands in a cluster can end the fence.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

import mcp_types as types
import msgspec
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from diag import __version__
from diag.errors import DiagError
from diag.mcp.asking import Room, Tool, schema
from diag.mcp.pages import NOTICE
from diag.mcp.resources import TEMPLATES, listed, read
from diag.mcp.tools import TOOLS
from diag.report.sanitize import visible

_T = TypeVar("_T")
_LOG = logging.getLogger("diag.mcp")
_INSTRUCTIONS = (
    "diag tells why GPU workloads on Kubernetes are pending, slow or dead: root causes found by rules, each with its "
    "evidence. Begin with scan, then explain; cite ids of evidence. What could not be checked (gaps) is unknown, not "
    f"absent. {NOTICE}"
)
# Hints of the protocol: it has no way to write, answers the same about the same look, and asks nobody else.
_HARMLESS = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


def server(room: Room) -> Server[Any]:
    """The server over what `room` offers. Looks are taken in threads, so that it goes on answering."""
    logging.getLogger("mcp").setLevel(logging.ERROR)  # stderr is for what a person must know

    async def list_tools(_ctx: Any, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(tool) for tool in TOOLS.values()])

    async def call_tool(_ctx: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        return await _apart(partial(called, room, params.name, params.arguments or {}))

    async def list_resources(_ctx: Any, _params: Any) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=listed())

    async def list_templates(_ctx: Any, _params: Any) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=TEMPLATES)

    async def read_resource(_ctx: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(params.uri)
        try:
            contents = await _apart(partial(read, room, uri))
        except DiagError as error:
            told = visible(f"{error.message}; {error.hint}" if error.hint else error.message)
            raise MCPError(code=types.INVALID_PARAMS, message=told, data={"uri": uri}) from error
        return types.ReadResourceResult(contents=[contents])

    return Server(
        "diag", version=__version__, title="diag", instructions=_INSTRUCTIONS, on_list_tools=list_tools,
        on_call_tool=call_tool, on_list_resources=list_resources, on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
    )  # fmt: skip


def called(room: Room, name: str, arguments: dict[str, Any]) -> types.CallToolResult:
    """What a tool answers, or what was wrong with the question and what to try next."""
    tool = TOOLS.get(name)
    if tool is None:
        return _refused(f"there is no tool {name[:80]!r}", f"there are {', '.join(TOOLS)}")
    try:
        return _answered(tool.answer(room, msgspec.convert(arguments, tool.asked)))
    except msgspec.ValidationError as error:
        return _refused(f"{tool.name} was asked wrongly: {error}", "see its input schema")
    except DiagError as error:
        return _refused(error.message, error.hint or "")
    except Exception:  # noqa: BLE001  # a fault of ours costs one answer, not the server, and its words may hold those of a cluster
        _LOG.exception("%s failed", tool.name)
        return _refused(f"diag itself failed to answer {tool.name}", "another tool; its stderr says what failed")


async def _apart(answer: Callable[[], _T]) -> _T:
    """An answer from a thread of its own, for which nothing waits when its client has gone.

    Not even the end of the program does: a cluster that does not answer would put it off as long as a request takes.
    """
    future: Future[_T] = Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            future.set_result(answer())
        except BaseException as error:  # noqa: BLE001  # whoever waits for it is told
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return await asyncio.wrap_future(future)


def _described(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name, title=tool.title, description=tool.description, input_schema=schema(tool.asked),
        output_schema=schema(tool.answers), annotations=_HARMLESS,
    )  # fmt: skip


def _answered(document: dict[str, Any]) -> types.CallToolResult:
    return types.CallToolResult(content=[_text(f"{NOTICE}\n{fenced(document)}")], structured_content=document)


def fenced(document: dict[str, Any]) -> str:
    """JSON between fences that nothing inside it can close."""
    written = msgspec.json.encode(document).decode().replace("<", "\\u003c").replace(">", "\\u003e")
    return f"<<<DATA\n{written}\nDATA>>>"


def _refused(message: str, hint: str) -> types.CallToolResult:
    told = visible(f"{message}. Try next: {hint}" if hint else message)
    return types.CallToolResult(content=[_text(told)], is_error=True)


def _text(words: str) -> types.TextContent:
    return types.TextContent(type="text", text=words)
