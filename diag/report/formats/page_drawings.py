"""The pictures of the HTML page: a mark for each device, and a bar for each start."""

from dataclasses import dataclass

from diag.document import Report
from diag.report.sanitize import visible
from diag.views.gpus import Gpus, NodeGpusRow
from diag.views.timeline import PhaseLine, bar, timeline_lines
from diag.views.wording import counted, listed, named

_CELLS_IN_A_ROW, _CELLS, _CELL = 16, 64, 13


def totals(report: Report) -> str:
    """How many GPUs there are, and how many of them are taken; empty where none is known."""
    amounts = report.stats
    there = amounts.get("gpus", 0)
    free, taken = amounts.get("gpus_free"), amounts.get("gpus_allocated")
    said = (f"{taken} allocated" if taken is not None else "", f"{free} free" if free is not None else "")
    return listed((counted(there, "GPU"), *said)) if there else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One device, drawn at (x, y)."""

    state: str
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCells:
    """One resource of one node; `more` devices have no mark."""

    name: str
    type: str
    said: str
    cells: list[Cell]
    more: int
    width: int
    height: int
    busy: int
    usable: int
    notes: str
    causes: list[str]


def devices(gpus: Gpus, most: int) -> list[NodeCells]:
    """The first nodes of the map, which begins with those that have a cause."""
    several = len({row.cluster for row in gpus.nodes}) > 1
    return [_node(row, several=several) for row in gpus.nodes[:most]]


def _node(row: NodeGpusRow, *, several: bool) -> NodeCells:
    there = max(row.capacity or 0, row.allocatable)
    lost, closed = there - row.allocatable, max(row.allocatable - row.busy - row.free, 0)
    amounts = (("lost", lost), ("busy", min(row.busy, row.allocatable)), ("free", row.free), ("closed", closed))
    states = [state for state, amount in amounts for _ in range(min(amount, _CELLS))][:_CELLS]
    cells = [
        Cell(state=state, x=1 + at % _CELLS_IN_A_ROW * _CELL, y=1 + at // _CELLS_IN_A_ROW * _CELL)
        for at, state in enumerate(states)
    ]
    said = listed(f"{amount} {word}" for (_, amount), word in zip(amounts, _STATES, strict=True) if amount)
    state = row.state if row.state != "open" else ""
    return NodeCells(
        name=visible(f"{row.cluster}/{row.node}" if several else row.node),
        type=visible(row.type or row.resource),
        said=said or "no device",
        cells=cells,
        more=max(there - len(cells), 0),
        width=1 + min(max(len(cells), 1), _CELLS_IN_A_ROW) * _CELL,
        height=1 + max(-(-len(cells) // _CELLS_IN_A_ROW), 1) * _CELL,
        busy=row.busy,
        usable=row.allocatable,
        notes=visible(listed((state, *row.notes))),
        causes=row.causes,
    )


_STATES = ("lost", "busy", "free", "that cannot be used now")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One phase, of a bar that is 1,000 wide."""

    x: int
    width: int
    shade: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The start of a pod as a bar and a table; `shades` says how the bar draws which phase."""

    pod: str
    wall: str
    span: str
    said: str
    bars: list[Bar]
    shades: dict[str, int]
    phases: tuple[PhaseLine, ...]


def starts(report: Report, most: int) -> list[Start]:
    """The first timelines of the report."""
    several = len(report.target.clusters) > 1
    found: list[Start] = []
    for line in timeline_lines(report)[:most]:
        bars: list[Bar] = []
        shades: dict[str, int] = {}
        for at, (phase, cells) in enumerate(bar(line, 200)):
            left = bars[-1].x + bars[-1].width if bars else 0
            shades[phase] = at % 3
            bars.append(Bar(x=left, width=cells * 5, shade=at % 3))
        said = listed(f"{one.phase} {one.length}" for one in line.phases)
        pod = named(line.pod, with_cluster=several)
        start = Start(pod=pod, wall=line.wall, span=line.span, said=said, bars=bars, shades=shades, phases=line.phases)
        found.append(start)
    return found
