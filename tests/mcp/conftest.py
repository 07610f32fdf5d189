import functools

import anyio
import jsonschema
import msgspec
import pytest
from mcp import Client
from spoiled import SAMPLE

from diag.mcp.asking import Room
from diag.mcp.looks import Look, Looks
from diag.mcp.server import server
from diag.report.sanitize import cleaned


@pytest.fixture
def room_of():
    """A room whose looks give these reports, one after the other, the last for ever."""

    def made(*reports, snapshots=(), folders=(), keep_s=None):
        left = list(reports)

        def take():
            report = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(report, Exception):
                raise report
            return Look(report=cleaned(report), snapshots=snapshots, known=list, summary="three causes")

        return Room(looks=Looks(take=take, keep_s=keep_s), folders=tuple(folders))

    return made


@pytest.fixture
def ask():
    """Calls tools of a room through the official client, which checks each answer against its schema."""

    def asked(room, *calls):
        async def talk():
            async with Client(server(room)) as client:
                return [await client.call_tool(name, arguments) for name, arguments in calls]

        answers = anyio.run(talk)
        return answers if len(answers) > 1 else answers[0]

    return asked


@pytest.fixture
def talk():
    """Runs a conversation with a server over whatever the official client connects to."""

    def talked(where, conversation, **ways):
        async def run():
            async with Client(where, **ways) as client:
                return await conversation(client)

        return anyio.run(run)

    return talked


@functools.cache
def _validator(schema):
    jsonschema.Draft202012Validator.check_schema(msgspec.json.decode(schema))
    return jsonschema.Draft202012Validator(msgspec.json.decode(schema))


@pytest.fixture
def fits():
    """Fails where a document does not fit a schema."""
    return lambda document, schema: _validator(msgspec.json.encode(schema)).validate(document)


@pytest.fixture
def report_of_sample():
    """The report that tests of formats draw."""
    return SAMPLE
