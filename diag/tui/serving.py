"""The TUI in a browser: textual-serve with a door before it, as it has none (Textualize/textual-serve, server.py).

The first visit needs the token in the path, which holds once; from then on a cookie of that browser does. What a page
of another origin asks for is refused, and so is a name that only an attacker's DNS leads here.
"""

import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib import resources

import jinja2
from aiohttp import web
from textual_serve.server import Server

LOOPBACK = "127.0.0.1"
_NAMES = ("127.0.0.1", "localhost", "[::1]")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
        "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Served(Server):
    """Serves one command; `token` opens it once."""

    def __init__(self, command: str, *, port: int, announce: Callable[[str], None]) -> None:
        super().__init__(command, host=LOOPBACK, port=port, title="diag")
        self.token = secrets.token_urlsafe(24)
        self._announce = announce
        self._session = secrets.token_urlsafe(24)
        self._cookie = f"diag-{port}"  # browsers share the cookies of all ports
        self._page = jinja2.Environment(autoescape=True).from_string(_text("served.html.j2"))

    @property
    def address(self) -> str:
        """Where a browser enters."""
        return f"http://{self.host}:{self.port}/{self.token}"

    def serve(self, debug: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002  # textual-serve's signature
        """Serves until Ctrl-C. Raises OSError where it cannot listen. No request is logged: the first has the token."""
        web.run_app(
            self._make_app(),
            host=self.host,
            port=self.port,
            access_log=None,
            print=lambda _: self._announce(self.address),
        )

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._guarded])
        app.add_routes([
            web.get("/", self._index),
            web.get("/ws", self.handle_websocket),
            web.get("/served.js", self._script),
            web.get("/download/{key}", self.handle_download, name="download"),
            web.static("/static", self.statics_path),
            web.get("/{token}", self._enter),
        ])  # fmt: skip
        app.on_response_prepare.append(_with_headers)
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
        origin = request.headers.get("Origin")
        if host not in _NAMES or (origin is not None and origin != f"http://{request.host}"):
            raise web.HTTPForbidden(text="This address is for this machine alone.\n")
        known = secrets.compare_digest(request.cookies.get(self._cookie, ""), self._session)
        if not known and request.match_info.handler != self._enter:
            raise web.HTTPForbidden(text="Open the address with the token that `diag serve` printed.\n")
        return await handler(request)

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        """Takes the token, once, and gives a cookie for it."""
        given = request.match_info["token"]
        if not self.token or not secrets.compare_digest(given.encode(), self.token.encode()):
            raise web.HTTPForbidden(text="The token is wrong, or was used: start `diag serve` again for a new one.\n")
        self.token = ""
        response = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": "/"})
        response.set_cookie(self._cookie, self._session, httponly=True, samesite="Strict", path="/")
        return response

    async def _index(self, request: web.Request) -> web.Response:
        # Of the name by which the browser came, so that a forwarded port works (textual-serve#42).
        page = self._page.render(socket=f"ws://{request.host}/ws")
        return web.Response(text=page, content_type="text/html")

    async def _script(self, request: web.Request) -> web.Response:  # noqa: ARG002  # aiohttp's signature
        return web.Response(text=_text("served.js"), content_type="text/javascript")


def _text(name: str) -> str:
    return resources.files("diag.tui").joinpath(name).read_text(encoding="utf-8")


async def _with_headers(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001  # aiohttp's
    response.headers.update(_HEADERS)
