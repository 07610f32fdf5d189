"""Which host the command line of an init container waits for: nc, nslookup, curl, pg_isready and the like."""

import re
from collections.abc import Mapping

from diag.facts.connections import HOST, PORT, Connection, port_of

_OPTIONS = r"(?:\s+-{1,2}[\w-]{1,20}(?:[ =][\w.]{1,20})?)*?"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:nc|ncat|netcat)\b{_OPTIONS}\s+{HOST}\s+{PORT}\b",
        rf"\b(?:curl|wget)\b[^|;&\n]{{0,200}}?\bhttps?://{HOST}(?::{PORT})?(?=[/\s\"';]|$)",
        rf"\b(?:wait-for(?:-it)?(?:\.sh)?|tcp-wait)\b{_OPTIONS}\s+{HOST}:{PORT}\b",
        rf"\btcp://{HOST}:{PORT}\b",  # jwilder/dockerize -wait
        rf"\bpg_isready\b[^|;&\n]{{0,100}}?-h\s?{HOST}\b(?:[^|;&\n]{{0,60}}?-p\s?{PORT}\b)?",
        rf"\b(?:redis-cli|mysqladmin)\b[^|;&\n]{{0,100}}?-h\s?{HOST}\b(?:[^|;&\n]{{0,60}}?-p\s?{PORT}\b)?",
        rf"/dev/tcp/{HOST}/{PORT}\b",
        rf"\bray health-check\b[^|;&\n]{{0,60}}?--address[ =]{HOST}:{PORT}\b",  # KubeRay's wait-gcs-ready
        rf"\b(?:nslookup|dig|host|getent\s+a?hosts)\b{_OPTIONS}\s+{HOST}\b",
    )
)
_VARIABLE = re.compile(r"\$(?:\((\w{1,100})\)|\{(\w{1,100})\}|(\w{1,100}))")
MAX_LINE = 4_000
WAITS = "waits"  # how: it is not known to have failed, only to be asked again and again


def awaited(line: str, variables: Mapping[str, str]) -> Connection | None:
    """The host and port that a command line asks for; None where it asks for none that is known.

    `variables` are the container's own; a name with another variable in it stays unknown.
    """
    text = _VARIABLE.sub(lambda found: variables.get(found[1] or found[2] or found[3], found[0]), line[:MAX_LINE])
    for pattern in _PATTERNS:
        found = pattern.search(text)
        if found is not None:
            return Connection(host=found["host"].lower(), port=port_of(found), how=WAITS)
    return None
