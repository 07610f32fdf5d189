"""When the snapshot was taken, told from its own newest times.

Taken: times of events, conditions, creation, container states and leases. Not taken: deletions and expiries, which may
lie in the future. Times compare as strings while they are in UTC, as the API server prints them; others are brought to
UTC first.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from diag.projection import Condition, Object
from diag.snapshot.kinds import ContainerStatus, Event, Lease, Node, Pod

# In raw bytes, for kinds without a projection. A backslash before the quote means a string inside a string.
CONDITION_TIME = re.compile(rb'(?<!\\)"lastTransitionTime"\s*:\s*"([0-9T:.Z+-]{20,40})"')
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)

FAR_S = 900  # collecting takes minutes, and clocks that are kept right differ by less than one

See = Callable[[str | None], None]


class Clock:
    """Keeps the newest time that it is shown."""

    def __init__(self) -> None:
        self.newest = ""

    def see(self, text: str | None) -> None:
        """Take a time into account; anything that is no time is passed over."""
        # The common case is decided by one comparison of strings.
        if not text or (text <= self.newest and text[-1] == "Z"):
            return
        time = in_utc(text)
        if time and time > self.newest:
            self.newest = time

    def look(self, item: Object) -> None:
        """Take all times of an object into account."""
        see = self.see
        see(item.created)
        match item:
            case Pod():
                conditions(see, item.status.conditions)
                containers(see, item.status.container_statuses)
                containers(see, item.status.init_container_statuses)
            case Event():
                see(item.last_seen)
            case Lease():
                see(item.spec.renew_time)
            case Node():
                conditions(see, item.status.conditions)
                for condition in item.status.conditions or ():
                    see(condition.last_heartbeat_time)
            case _:
                for found in CONDITION_TIME.findall(item.raw):
                    see(found.decode())


def in_utc(text: str) -> str | None:
    """The time as the API server would print it, None when it is no time."""
    try:
        time = datetime.fromisoformat(text)
        if UTC_TIME.fullmatch(text):
            return text
        return time.astimezone(UTC).isoformat().replace("+00:00", "Z") if time.tzinfo else None
    except (ValueError, OverflowError):  # no time, or one at the edge of the calendar
        return None


def far_behind(now: str, newest: str) -> bool:
    """Whether the time of a capture (RFC 3339) lies far before what its objects tell."""
    try:
        return (datetime.fromisoformat(newest) - datetime.fromisoformat(now)).total_seconds() > FAR_S
    except (ValueError, TypeError):  # no times, or one without a zone
        return False


def conditions(see: See, found: list[Condition] | None) -> None:
    """Show the clock the times of conditions."""
    for condition in found or ():
        see(condition.last_transition_time)


def containers(see: See, found: list[ContainerStatus] | None) -> None:
    """Show the clock the times of container states."""
    for status in found or ():
        for state in (status.state, status.last_state):
            if state is None:
                continue
            if state.running:
                see(state.running.started_at)
            if state.terminated:
                see(state.terminated.started_at)
                see(state.terminated.finished_at)
