"""Whether a pod would fit, in each format."""

from collections.abc import Iterator

import msgspec

from diag.report.cells import pad, width, wrap
from diag.report.look import Look, paint, typed
from diag.report.sanitize import escaped, hides_something, visible
from diag.views.fit import ClusterFitRow, Fit, MendedRow, MovedRow, RefusalRow
from diag.views.wording import CONFIDENCE, counted, folded, listed

FORMATS = ("table", "plain", "json", "yaml")
_ROWS = 10  # nodes that a table lists
_NAMES = 5  # nodes that a line names
_FAULTS = {"without-gpus": "without its GPUs", "not-ready": "not ready", "pressure": "under pressure"}
_STAYS = {
    "room": "no other node has room for it",
    "confined": "its selector, affinity or tolerations let it run on no other node",
    "claims": "it has claims of devices, and where else those could be met is not counted",
}
_HOLDS = {"budget": "its disruption budget allows none now", "bare": "nothing would make it anew"}


def fit_bytes(fit: Fit, form: str, look: Look) -> bytes:
    """The answer in one of `FORMATS`, as UTF-8."""
    match form:
        case "json":
            encoded = msgspec.json.encode(fit, order="deterministic")
            return escaped(msgspec.json.format(encoded, indent=2)) + b"\n"
        case "yaml":
            return _yaml(fit)
    several, table = len(fit.clusters) > 1, form == "table"
    blocks = ["\n".join(_cluster(one, look, several=several, table=table)) for one in fit.clusters]
    return typed("\n\n".join(blocks) + "\n", look).encode()


def _yaml(fit: Fit) -> bytes:
    import yaml  # noqa: PLC0415  # only this format needs it

    hides = hides_something(msgspec.json.encode(fit))
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(fit.to_dict(), Dumper=dumper, sort_keys=False, allow_unicode=not hides, width=2**31 - 1)
    return text.encode()


def _cluster(row: ClusterFitRow, look: Look, *, several: bool, table: bool) -> Iterator[str]:
    style = "bold" if table else ""
    if isinstance(row.lacking, str):
        yield from _lines(f"{visible(row.lacking[:1].upper() + row.lacking[1:])}.", look, style=style)
    yield from _lines(_headline(row, several=several), look, style=style)
    for note in row.notes:
        if note == row.lacking:
            continue
        yield from _lines(f"Note: {visible(note)}.", look)
    for limit in row.limits:
        yield from _lines(f"{visible(limit[:1].upper() + limit[1:])}.", look)
    yield from _rooms(row, look) if table else _room_lines(row)
    for heading, items in _sections(row):
        yield from ["", *_lines(f"{heading}:", look, style="bold")] if table else _lines(f"{heading}:", look)
        for item in items:
            yield from wrap(item, look.width, first="  ", rest="    ")


def _sections(row: ClusterFitRow) -> Iterator[tuple[str, list[str]]]:
    """Headings with what stands below them, those with nothing to say left out."""
    if row.refusals:
        yield "Why not on the others" if row.rooms else "Why not", [_refused(one) for one in row.refusals]
    if row.move is not None:
        leave = f"To make room on {visible(row.move.node)} for one more, these would have to leave"
        yield leave, [_moved(one) for one in row.move.pods]
    elif not row.fits and any(one.why == "short" for one in row.refusals):
        yield "What would have to move", ["no pods that may be moved would make room on one node"]
    if row.mended:
        rest = len(row.mended) - _ROWS
        more = [f"and {counted(rest, 'more node')}"] if rest > 0 else []
        yield "After mending", [*(_mended(one) for one in row.mended[:_ROWS]), *more]
    doubts = [visible(text) for text in row.doubts]
    doubts += [f"{listed(row.unasked)} of the pod: not worked out here"] if row.unasked else []
    if doubts:
        yield "Not certain, because", doubts


def _refused(one: RefusalRow) -> str:
    names = folded([visible(name) for name in one.nodes], _NAMES)
    return f"{counted(len(one.nodes), 'node')} {visible(one.words)} ({names})"


def _mended(one: MendedRow) -> str:
    first = f"{counted(one.waiting, 'pod')} that {'waits' if one.waiting == 1 else 'wait'} already"
    pods = f"would take {counted(one.pods, 'pod')}" if one.pods else f"has room only for {first}"
    beside = f", beside {first}" if one.pods and one.waiting else ""
    return f"{visible(one.node)} ({_FAULTS.get(one.fault, one.fault)}) {pods}{beside}"


def _headline(row: ClusterFitRow, *, several: bool) -> str:
    asked = row.asked
    amounts = listed(f"{amount} {visible(name)}" for name, amount in asked.requests.items()) or "nothing"
    what = f"{counted(asked.pods, 'pod')} of {amounts}"
    if asked.like is not None:
        what += f" (like {visible(str(asked.like))})"
    if asked.selects:
        what += f" on {visible(listed(asked.selects))}"
    where = f"In cluster {visible(row.cluster)}, " if several else ""
    sure = CONFIDENCE.get(row.confidence, row.confidence)
    on = f"{len(row.rooms)} of {counted(row.nodes, 'node')}"
    if row.fits:
        verdict = f"would fit now, on {on}"
    elif row.fit:
        verdict = f"would not all fit now: {row.fit} of {asked.pods} would, on {on}"
    else:
        verdict = f"would not fit now on any of {counted(row.nodes, 'node')}"
    if row.fit and row.unasked:
        verdict += f", as far as worked out ({visible(listed(row.unasked))} is not)"
    text = f"{where}{what} {verdict} ({sure})."
    return text[:1].upper() + text[1:]


def _rooms(row: ClusterFitRow, look: Look) -> Iterator[str]:
    """The best nodes as a table."""
    if not row.rooms:
        return
    resources = list(row.asked.requests)
    titles = ["NODE", "PODS", *(f"FREE {visible(name)}" for name in resources)]
    rows = [
        [visible(one.node), str(one.pods), *(one.free.get(name, "?") for name in resources)]
        for one in row.rooms[:_ROWS]
    ]
    widths = [max(width(cell) for cell in cells) for cells in zip(titles, *rows, strict=True)]
    yield ""
    for place, cells in enumerate((titles, *rows)):
        fitted = [pad(cell, room, right=at > 0) for at, (cell, room) in enumerate(zip(cells, widths, strict=True))]
        line = "  ".join(fitted).rstrip()
        yield line if place else paint(line, "dim", look)
    if len(row.rooms) > _ROWS:
        yield f"and {counted(len(row.rooms) - _ROWS, 'more node')}, see -o json"


def _room_lines(row: ClusterFitRow) -> Iterator[str]:
    for one in row.rooms:
        free = listed(f"{amount} {visible(name)}" for name, amount in one.free.items() if name != "pods")
        yield f"  {visible(one.node)} would take {counted(one.pods, 'pod')}; free: {free}"


def _moved(one: MovedRow) -> str:
    name = visible(f"{one.pod.namespace}/{one.pod.name}")
    frees = listed(f"{amount} {visible(resource)}" for resource, amount in one.frees.items() if resource != "pods")
    if one.ending:
        return f"{name} ({frees}): is ending already"
    to = f"{visible(one.to)} has room for it" if one.to else _STAYS[one.stay or "room"]
    hold = f"; better not: {_HOLDS[one.hold]}" if one.hold else ""
    return f"{name} ({frees}, priority {one.priority}): {to}{hold}"


def _lines(text: str, look: Look, *, style: str = "") -> Iterator[str]:
    return (paint(line, style, look) for line in wrap(text, look.width))
