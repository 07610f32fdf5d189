"""The server over HTTP, on this machine only: a bearer token, and no page of a browser.

A page of another site can reach what listens on loopback. Its Origin gives it away; where its name was rebound to
127.0.0.1, its Host does. Both are checked by the package's transport, and without the token nobody comes that far.
"""

import hmac
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.lowlevel import Server
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl

from diag.errors import UsageError

HOST = "127.0.0.1"
PATH = "/mcp"


class _Token:
    """Knows one token."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def verify_token(self, token: str) -> AccessToken | None:
        """The rights of a token; None for any but ours, compared in a time that says nothing."""
        if not hmac.compare_digest(token.encode(), self._token):
            return None
        return AccessToken(token=token, client_id="diag", scopes=[])


def serve(server: Server[Any], *, port: int, token: str, ready: Callable[[str], None]) -> None:
    """Serves until it is interrupted; `ready` is told the address. Raises UsageError where the port is taken."""
    try:
        listening = socket.create_server((HOST, port))
    except OSError as error:
        raise UsageError(
            f"cannot listen on {HOST}:{port}: {error.strerror}", hint="--port 0 takes a free one"
        ) from error
    with listening:
        at = listening.getsockname()[1]
        hosts = [f"{name}:{at}" for name in (HOST, "localhost")]
        origins = [f"http://{host}" for host in hosts]
        application = server.streamable_http_app(
            streamable_http_path=PATH,
            # No session: nothing is sent but answers, and in a session a second request of one id hangs the first.
            stateless_http=True,
            transport_security=TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins),
            # The package wants an issuer, and tells nobody of it: the token is ours, there is nowhere to get one.
            auth=AuthSettings(issuer_url=AnyHttpUrl(origins[0]), resource_server_url=None),
            token_verifier=_Token(token),
        )
        ready(f"{origins[0]}{PATH}")
        configured = uvicorn.Config(application, log_level="error", access_log=False, ws="none", server_header=False)
        uvicorn.Server(configured).run(sockets=[listening])
