"""A server on loopback that speaks OpenAI's chat API as far as clients ask for it, and misbehaves on request."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self._json(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in self.server.models]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.bodies.append(body)
        self.server.keys.append(self.headers.get("Authorization", ""))
        step = self.server.script[min(len(self.server.bodies), len(self.server.script)) - 1]
        status, said = step if isinstance(step, tuple) else (200, step)
        asked = json.loads(body)
        if "refuses" in self.server.how and asked.get("response_format", {}).get("type") == self.server.how["refuses"]:
            status, said = 400, "unknown response_format"
        if status != 200:
            headers = {"Retry-After": "0"} if status in (429, 500, 503) else {}
            self._json(status, {"error": {"message": said, "type": "x", "code": None, "param": None}}, headers)
        else:
            self._stream(said)

    def _json(self, status, document, headers=()):
        encoded = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(encoded)

    def _stream(self, said):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        half = len(said) // 2
        with contextlib.suppress(OSError):  # the client has left
            self._chunk({"choices": [{"index": 0, "delta": {"role": "assistant", "content": said[:half]}}]})
            if "stall_s" in self.server.how:
                time.sleep(self.server.how["stall_s"])
            if self.server.how.get("breaks"):
                return
            self._chunk({"choices": [{"index": 0, "delta": {"content": said[half:]}, "finish_reason": "stop"}]})
            usage = {"prompt_tokens": 70, "completion_tokens": 30, "total_tokens": 100}
            self._chunk({"choices": [], "usage": usage})
            self.wfile.write(b"data: [DONE]\n\n")

    def _chunk(self, part):
        whole = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "stand-in"} | part
        self.wfile.write(f"data: {json.dumps(whole)}\n\n".encode())
        self.wfile.flush()


@contextlib.contextmanager
def served(*script, models=("stand-in",), **how):
    """Serves the script: an answer, or (status, message), for each request; the last one for all further ones."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.script, server.models, server.how, server.bodies, server.keys = script, models, how, [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield SimpleNamespace(
            url=f"http://127.0.0.1:{server.server_port}/v1", bodies=server.bodies, keys=server.keys
        )  # fmt: skip
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
