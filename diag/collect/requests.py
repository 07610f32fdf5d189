"""One request that may fail: tried again where that helps, and its failure in words.

Answers of 429 and of 503 with Retry-After are waited for as the server asks (API Priority and Fairness doubles it while
a flood lasts), half a minute in all; who asks for more is not asked again. Other server errors and resets are tried
again shortly. A refusal (401, 403, 404 …) stands.
"""

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from diag.collect.failures import TransportError
from diag.collect.kube import Answer, Cluster
from diag.facts.quoting import quoted
from diag.snapshot.sources.part import ProblemWhy

ATTEMPTS = 4
_PAUSE_S = 0.25
_LONGEST_S = 30.0  # that one request is waited for, all its pauses together
BUSY, SERVER_ERROR = (429,), 500
_WHY: Mapping[int, ProblemWhy] = {401: "forbidden", 403: "forbidden", 408: "timeout", 504: "timeout"}


class FailedError(Exception):
    """A request that gave nothing: `status` 0 without an answer. The text says what was asked and what came back."""

    def __init__(self, text: str, *, status: int, why: ProblemWhy, token: str = "") -> None:
        super().__init__(text)
        self.status, self.why, self.token = status, why, token


@dataclass(slots=True)
class Stop:
    """Until when a collection may go on. `interrupt` ends it; `ended` says why it is over, empty while it is not."""

    until: float | None = None  # time.monotonic()
    interrupted: threading.Event = field(default_factory=threading.Event)

    @property
    def ended(self) -> str:
        """`interrupted`, `timeout`, or empty."""
        if self.interrupted.is_set():
            return "interrupted"
        return "timeout" if self.until is not None and time.monotonic() >= self.until else ""

    def wait(self, seconds: float) -> bool:
        """Sleep, at most to the end; whether there is time left."""
        left = seconds if self.until is None else min(seconds, max(self.until - time.monotonic(), 0))
        self.interrupted.wait(left)
        return not self.ended


class _Status(msgspec.Struct):
    message: str | None = None
    metadata: Mapping[str, object] = msgspec.field(default_factory=dict)


def ask(
    cluster: Cluster, path: str, query: Mapping[str, str] | None = None, *, accept: str = "", stop: Stop | None = None
) -> Answer:
    """A whole answer: 200, as no other says that nothing is left out. Raises FailedError."""
    stop, patience = stop or Stop(), _LONGEST_S
    for attempt in range(1, ATTEMPTS + 1):
        if stop.ended:
            raise FailedError(f"GET {path}: {stop.ended} before it was asked", status=0, why="not-read")
        failure, pause = _tried(cluster, path, query, accept)
        if isinstance(failure, Answer):
            return failure
        if pause is None or attempt == ATTEMPTS or pause > patience:
            raise failure
        pause = min(pause * 2 ** (attempt - 1), patience)
        patience -= pause
        if not stop.wait(pause):
            text = f"{failure}; {stop.ended} before it was asked again"
            raise FailedError(text, status=failure.status, why="not-read")
    raise AssertionError  # the last attempt returns or raises


def _tried(
    cluster: Cluster, path: str, query: Mapping[str, str] | None, accept: str
) -> tuple[Answer | FailedError, float | None]:
    """The answer, or the failure and how long to wait before another attempt (None: it would not help)."""
    try:
        answer = cluster.get(path, query, accept=accept)
    except TransportError as error:
        why: ProblemWhy = "timeout" if error.timed_out else "error"
        pause = None if error.final else _PAUSE_S  # a server that stalls would stall again
        return FailedError(f"GET {path}: {error}", status=0, why=why), pause
    if answer.status == 200:  # noqa: PLR2004
        return answer, None
    return failed(path, answer), _pause(answer)


def clock_of(answer: Answer) -> datetime | None:
    """The server's clock when it answered, in UTC; None where it does not say."""
    try:
        told = parsedate_to_datetime(answer.headers.get("date", ""))
        return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def is_page(answer: Answer) -> bool:
    """Whether a proxy answered with a page for people, where a kube-apiserver writes JSON or plain text."""
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/html"


def failed(path: str, answer: Answer, method: str = "GET") -> FailedError:
    """A refusal, with the server's own message (a Status, or plain text)."""
    try:
        status = msgspec.json.decode(answer.body, type=_Status)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        status = _Status(message=quoted(answer.body, 200))
    token = status.metadata.get("continue")
    said = _elsewhere(answer) or quoted(status.message or "", 600)
    return FailedError(
        f"{method} {path}: {answer.status}" + (f" {said}" if said else ""), status=answer.status,
        why=_WHY.get(answer.status, "error"), token=token if isinstance(token, str) else "",
    )  # fmt: skip


def _elsewhere(answer: Answer) -> str:
    """Where a redirection leads, without what follows the path: mostly to a page for people who log in."""
    place = answer.headers.get("location", "")
    if not 300 <= answer.status < 400 or not place:  # noqa: PLR2004
        return ""
    return f"it leads to {quoted(re.split('[?#]', place)[0], 200)}, which is not followed: does a proxy want a login?"


def _pause(answer: Answer) -> float | None:
    if answer.status not in BUSY and answer.status < SERVER_ERROR:
        return None
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdigit() else _PAUSE_S
