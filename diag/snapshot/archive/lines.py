"""The lines of an archive that are no object and no log: what a capture is, where a part of it begins, and its end.

Every other line is an object as the API server gives it, or a log as a log list has it, so that any reader of JSON
Lines can use an archive. Changes are additive within a major version; a reader refuses a newer major one.
"""

import re
from typing import Any

import msgspec

from diag.errors import SnapshotError
from diag.snapshot.sources.part import Lost, Reading

SCHEMA = "diag.snapshot/v1"
MANIFEST, PART, ITEM, END = b'{"diag":"manifest"', b'{"diag":"part"', b'{"diag":"item"', b'{"diag":"end"'
MARK = b'{"diag":"'
_ODD = re.compile(rb'\s*\{\s*"diag"\s*:\s*"')
_VERSION = re.compile(r"diag\.snapshot/v(\d{1,6})")


class ListedLine(msgspec.Struct, kw_only=True):
    """A kind, and the namespaces (null: all) of which the part holds every object."""

    kind: str
    namespaces: list[str] | None = None


class ProblemLine(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What could not be read when the capture was made."""

    what: str
    why: str
    detail: str = ""
    fix: str = ""
    kinds: list[str] = []
    namespace: str = ""
    pods: list[str] = []


class Manifest(msgspec.Struct, kw_only=True, tag_field="diag", tag="manifest"):
    """The first line of a capture.

    `captured_at` is RFC 3339, null where the source did not say; `permissions` the kinds that the collecting identity
    asked for, with the namespaces (null: all) that it may list, null where nobody says so; `redaction_key` the id of
    the key with which names were exchanged, null for a clear capture.
    """

    schema: str = SCHEMA
    tool: str
    cluster: str | None = None
    cluster_uid: str | None = None
    captured_at: str | None = None
    server_version: str | None = None
    permissions: list[ListedLine] | None = None
    redaction_key: str | None = None


class PartLine(msgspec.Struct, kw_only=True, tag_field="diag", tag="part"):
    """The objects and logs that follow come from one file, or from one collection.

    `lost`: what it held and nobody could read; `side`: what side files tell; `unserved`: kinds that were asked for and
    whose API group the cluster does not serve.
    """

    path: str
    layout: str = "archive"
    listed: list[ListedLine] = []
    assumed: list[ListedLine] | None = None
    problems: list[ProblemLine] = []
    lost: list[Lost] = []
    side: list[Reading] = []
    unserved: list[str] = []


class ItemLine(msgspec.Struct, kw_only=True, tag_field="diag", tag="item"):
    """An object that does not say itself what it is: its list did."""

    apiVersion: str | None  # noqa: N815  as Kubernetes spells it
    kind: str | None
    object: msgspec.Raw


class End(msgspec.Struct, kw_only=True, tag_field="diag", tag="end"):
    """The last line of a capture: how many objects and logs there were."""

    objects: int
    logs: int


def as_written(line: bytes) -> bytes:
    """A line whose mark begins as we write it, though another program wrote the archive anew with other spaces."""
    if line.startswith(MARK) or b'"diag"' not in line[:32] or (odd := _ODD.match(line)) is None:
        return line
    return MARK + line[odd.end() :]


def manifest(line: bytes, path: str) -> Manifest:
    """The manifest in a line; raises SnapshotError where it is none that this version can read."""
    try:
        found = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise SnapshotError(f"{path} has a manifest that cannot be read: {error}", hint="save it again") from error
    version = _VERSION.fullmatch(str(found.get("schema")))
    if version is None or version[1] != "1":
        said = str(found.get("schema"))[:60]
        raise SnapshotError(
            f"{path} is an archive of version {said!r}; this version of diag reads {SCHEMA}",
            hint="use the version of diag that wrote it, or a newer one",
        )
    try:
        return msgspec.convert(found, Manifest)
    except msgspec.ValidationError as error:
        raise SnapshotError(f"{path} has a manifest that cannot be read: {error}", hint="save it again") from error
