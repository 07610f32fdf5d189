"""A piece of evidence where it stands: the cited field in its object's YAML, the cited line among its neighbours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from diag.document import EvidenceRow, LogRow, RefRow, Report
from diag.facts.masking import mask, names_secret
from diag.projection import Object, kind_id
from diag.snapshot.cite import STEP
from diag.snapshot.snapshot import Snapshot
from diag.views.citations import Citations
from diag.views.wording import named

_NEIGHBOURS = 200  # lines of a log before and after the cited one
_MOST_LINES = 20_000  # of an object's YAML


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedLine:
    """One line with its number in what is quoted (None: it is no line of it)."""

    text: str
    number: int | None = None
    cited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What is quoted (`place`), and its lines; the cited ones are marked."""

    place: str
    lines: tuple[QuotedLine, ...]


def quote(report: Report, snapshots: Sequence[Snapshot], row: EvidenceRow) -> Quote:
    """The piece in its surroundings; where these were not read, the value alone. Secrets are masked."""
    cites = Citations({each.id: each for each in report.evidence}, with_cluster=len(report.target.clusters) > 1)
    cites.cite([row.id])
    own, *parts = cites.rows()
    match row:
        case EvidenceRow(log=LogRow() as log):
            lines = _log(snapshots, log)
        case EvidenceRow(object=RefRow() as ref, path=str() as path):
            lines = _object(snapshots, ref, path)
        case EvidenceRow(object=RefRow() as ref, absent_path=str()):
            lines = _object(snapshots, ref, "")
        case EvidenceRow(computed=str()):
            lines = [QuotedLine(text=f"{each.place} = {each.value}") for each in parts]
        case _:
            lines = []
    if not any(line.cited for line in lines) and own.value:
        lines = [QuotedLine(text=own.value, cited=True), *lines]
    return Quote(place=own.place, lines=tuple(lines))


def object_yaml(snapshots: Sequence[Snapshot], ref: RefRow, path: str = "") -> Quote:
    """An object in full, the field at a path marked; no lines where it was not read."""
    return Quote(place=named(ref, with_cluster=len(snapshots) > 1), lines=tuple(_object(snapshots, ref, path)))


def found(snapshots: Sequence[Snapshot], ref: RefRow) -> tuple[Snapshot, Object] | None:
    """The object that a row means, where it was read."""
    for snap in snapshots:
        if snap.cluster == ref.cluster:
            item = snap.get(kind_id(ref.apiVersion, ref.kind), ref.namespace, ref.name)
            return (snap, item) if item is not None else None
    return None


def _log(snapshots: Sequence[Snapshot], log: LogRow) -> list[QuotedLine]:
    here = found(snapshots, log.pod)
    if here is None:
        return []
    snap, pod = here
    lines = snap.log_lines(pod, log.container, previous=log.previous)
    first = max(log.line - 1 - _NEIGHBOURS, 0)
    return [
        QuotedLine(text=mask(text), number=number, cited=number == log.line)
        for number, text in enumerate(lines[first : log.line + _NEIGHBOURS], start=first + 1)
    ]


def _object(snapshots: Sequence[Snapshot], ref: RefRow, path: str) -> list[QuotedLine]:
    import yaml  # noqa: PLC0415  # only to look into an object

    here = found(snapshots, ref)
    if here is None:
        return []
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(_masked(here[1].whole), Dumper=dumper, sort_keys=False, allow_unicode=True, width=2**31 - 1)
    lines = text.splitlines()[:_MOST_LINES]
    begin, end = -1, -1
    if path:
        begin, end = _lines_of(yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), path)
    return [QuotedLine(text=line, number=at + 1, cited=begin <= at < end) for at, line in enumerate(lines)]


def _lines_of(node: Any, path: str) -> tuple[int, int]:
    """The lines of the node at a path, the key included; none for an empty path or one that leads nowhere."""
    place, begin = 0, -1
    while place < len(path):
        step = STEP.match(path, place)
        if step is None or not isinstance(node.value, list):
            return -1, -1
        place = step.end()
        if step["index"] is not None:
            index = int(step["index"])
            if index >= len(node.value) or node.id != "sequence":
                return -1, -1
            node = node.value[index]
            begin = node.start_mark.line
        else:
            name = step["quoted"] if step["quoted"] is not None else step["word"]
            if node.id == "sequence":  # of named entries, which comparisons tell by their names
                entry = next((entry for entry in node.value if _name(entry) == name), None)
                if entry is None:
                    return -1, -1
                begin, node = entry.start_mark.line, entry
                continue
            pair = next((pair for pair in node.value if node.id == "mapping" and pair[0].value == name), None)
            if pair is None:
                return -1, -1
            begin, node = pair[0].start_mark.line, pair[1]
    if begin < 0:
        return -1, -1
    # A block ends at the start of the line after it, a scalar on its own line.
    end = node.end_mark.line + (1 if node.end_mark.column else 0)
    return begin, max(end, begin + 1)


def _name(entry: Any) -> str | None:
    """What an entry of a list calls itself."""
    pairs = entry.value if entry.id == "mapping" else ()
    return next((each.value for key, each in pairs if key.value == "name"), None)


def _masked(value: Any) -> Any:
    match value:
        case str():
            return mask(value)
        case list():
            return [_masked(each) for each in value]
        case {"name": str() as name, "value": str()} if names_secret(name):
            return {**value, "value": "***"}
        case dict():
            return dict(_pairs(value))
        case _:
            return value


def _pairs(fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        yield name, "***" if isinstance(value, str) and names_secret(name) else _masked(value)
