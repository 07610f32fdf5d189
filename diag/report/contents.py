"""What a snapshot holds, in each format."""

from collections.abc import Iterator, Sequence

import msgspec

from diag.document import LIST
from diag.report.cells import pad, width, wrap
from diag.report.look import Look, paint, typed
from diag.report.sanitize import escaped, visible
from diag.views.contents import ClusterContents, Contents, KindRow, MissingRow, PermissionRow, SourceRow
from diag.views.wording import WHY_NOT, counted, folded

FORMATS = ("table", "plain", "json")
_PLAIN = "plain file"  # a layout, of `Part`
_EMPTY_KINDS = (
    "A list of several kinds does not tell one that has no objects from one that nobody asked for; an archive of "
    "`diag snapshot save` does."
)
_SOURCES = 10  # paths that a text names
_NOW_FROM = {"option": "as --now says", "manifest": "as it was captured", "newest time": "the newest time in it"}


def contents_bytes(contents: Contents, form: str, look: Look) -> bytes:
    """The answer in one of `FORMATS`, as UTF-8."""
    if form == "json":
        encoded = msgspec.json.encode(contents, order="deterministic")
        return escaped(msgspec.json.format(encoded, indent=2)) + b"\n"
    blocks = ["\n".join(_cluster(one, look, table=form == "table")) for one in contents.clusters]
    return typed("\n\n".join(blocks) + "\n", look).encode()


def _cluster(row: ClusterContents, look: Look, *, table: bool) -> Iterator[str]:
    what = f"{counted(row.objects, 'object')} of {counted(len(row.kinds), 'kind')}"
    where = f"in {counted(len(row.namespaces), 'namespace')}" if row.namespaces else "without a namespace"
    yield paint(f"Cluster {visible(row.cluster)}: {what} {where}, {counted(row.logs, 'log')}.", "bold", look)
    for source in row.sources[:_SOURCES]:
        yield from wrap(_source(source), look.width, first="  ", rest="    ")
    if len(row.sources) > _SOURCES:
        yield f"  and {counted(len(row.sources) - _SOURCES, 'more file')}"
    yield f"Server version: {visible(row.server_version or 'not stated')}"
    yield f"Captured at: {visible(row.captured_at or 'not stated')}"
    yield f"Diagnosed as of: {_as_of(row)}"
    if row.permissions is not None:
        yield from wrap(f"Permissions: {_permissions(row.permissions)}", look.width, rest="  ")
    if row.redaction_key:
        yield f"Redacted: names are pseudonyms of the key {visible(row.redaction_key)}"
    if row.namespaces:
        yield from wrap(f"Namespaces: {folded([*map(visible, row.namespaces)], 20)}", look.width, rest="  ")
    yield ""
    yield from _kinds(row.kinds, look) if table else map(_kind_line, row.kinds)
    yield ""
    yield from _missing(row, look)


def _as_of(row: ClusterContents) -> str:
    if row.now_from == "unknown":
        return "not known, as nothing in it has a time; --now TIME says it"
    return f"{visible(row.now)} ({_NOW_FROM.get(row.now_from, row.now_from)})"


def _permissions(rows: Sequence[PermissionRow]) -> str:
    """What the collecting identity could not list, after how much it could."""
    everywhere = sum(row.namespaces is None for row in rows)
    some = [
        f"{visible(row.kind)} only in {folded([*map(visible, row.namespaces)], 3)}" for row in rows if row.namespaces
    ]
    refused = [visible(row.kind) for row in rows if row.namespaces == []]
    told = [f"could list {counted(everywhere, 'kind')}", *some]
    return "; ".join([*told, *([f"was refused {folded(refused, 10)}"] if refused else [])])


def _source(row: SourceRow) -> str:
    at = f", captured at {visible(row.captured_at)}" if row.captured_at else ""
    held = f"{counted(row.objects, 'object')}, {counted(row.logs, 'log')}"
    held += f", {counted(row.readings, 'reading')} of devices" if row.readings else ""
    of = f" of {counted(row.captures, 'capture')}" if row.captures else ""
    return f"{visible(row.path)}: {row.layout}{of}, {held}{at}"


def _kinds(rows: Sequence[KindRow], look: Look) -> Iterator[str]:
    cells = [("KIND", "COUNT", "NAMESPACES", "COMPLETE")]
    cells += [(visible(row.kind), str(row.count), str(row.namespaces or "-"), _complete(row)) for row in rows]
    widths = [max(width(row[at]) for row in cells) for at in range(3)]
    for place, row in enumerate(cells):
        fitted = [pad(row[at], widths[at], right=at > 0) for at in range(3)]
        line = "  ".join([*fitted, row[3]])
        yield line if place else paint(line, "dim", look)


def _kind_line(row: KindRow) -> str:
    return f"  {visible(row.kind)}: {row.count}, complete: {_complete(row)}"


def _complete(row: KindRow) -> str:
    match row.coverage:
        case "complete":
            return "yes"
        case "damaged":
            return "one at least cannot be read"
        case "partly":
            return f"in {folded([*map(visible, row.complete_in or ())], 3)}"
        case _:
            return "not stated"


def _missing(row: ClusterContents, look: Look) -> Iterator[str]:
    if not row.missing:
        yield "Nothing that rules read is missing."
        return
    yield paint(f"Not in it ({row.blind} of {counted(row.rules, 'rule')} blind for it):", "bold", look)
    for one in row.missing:
        yield from wrap(_sentence(one), look.width, first="  ", rest="    ")
    lists = any(one.what.startswith(LIST) and one.why == "not-collected" for one in row.missing)
    if lists and all(source.layout == _PLAIN for source in row.sources):
        yield from wrap(_EMPTY_KINDS, look.width)


def _sentence(row: MissingRow) -> str:
    why = WHY_NOT.get(row.why, row.why)
    detail = f" ({visible(row.detail.splitlines()[0])})" if row.detail else ""
    hidden = f"; blind: {folded(row.names, 3)}" if row.hides else ""
    return f"{visible(row.what)}: {why}{detail}{hidden}"
