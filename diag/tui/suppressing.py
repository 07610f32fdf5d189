"""Accepting a cause until a day: an `[[ignore]]` at the end of the configuration file that counts here."""

import datetime as dt
import json
import tomllib
from pathlib import Path

from diag import config
from diag.document import CauseRow
from diag.errors import DiagError, UsageError
from diag.whole_file import replace

DAYS = 30  # until when, where nobody says otherwise


def proposed(today: dt.date) -> str:
    """The last day that is proposed."""
    return (today + dt.timedelta(days=DAYS)).isoformat()


def place() -> Path:
    """The file that the entry goes to: the project's, where there is one, else the user's."""
    own, _, user = config.places()
    return own if own.is_file() else user


def suppress(cause: CauseRow, reason: str, until: str, *, today: dt.date) -> Path:
    """Writes the entry and returns the file. Raises UsageError for what is no day to come, DiagError otherwise."""
    try:
        day = dt.date.fromisoformat(until.strip())
    except ValueError as error:
        raise UsageError(f"{until!r} is no day", hint="write it as 2026-12-31") from error
    if day < today:
        raise UsageError(f"{day} is over", hint="name a day to come")
    if not reason.strip():
        raise UsageError("no reason was given", hint="say why it is accepted, for who reads it later")
    entry = (
        f"\n[[ignore]]\nrule = {_quoted(cause.rule)}\nsubject = {_quoted(_glob(str(cause.root)))}\n"
        f"reason = {_quoted(reason.strip())}\nuntil = {day.isoformat()}\n"
    )
    path = place()
    try:
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        after = f"{before}{'' if before.endswith(chr(10)) or not before else chr(10)}{entry}".lstrip("\n")
        tomllib.loads(after)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path.resolve(), after.encode())
    except tomllib.TOMLDecodeError as error:
        raise DiagError(f"cannot add to {path}: {error}", hint="add the entry by hand") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DiagError(f"cannot write {path}: {error}", hint="see who may write it") from error
    return path


def _quoted(text: str) -> str:
    """A basic string of TOML, whose escapes JSON shares."""
    return json.dumps(text).replace("\x7f", "\\u007f")


def _glob(name: str) -> str:
    """A name in which nothing is a pattern."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)
