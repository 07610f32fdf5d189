"""The pictures of the HTML page: a mark for each device, and a bar for each start."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from diag.document import Report
from diag.report.sanitize import visible
from diag.views.gpus import Gpus, NodeGpusRow
from diag.views.timeline import PhaseLine, bar, timeline_lines
from diag.views.wording import counted, listed, named

_CELLS_IN_A_ROW, _CELLS, _CELL = 16, 64, 13
_SHADES = 8  # of phases, as page.css has them


def totals(report: Report, gpus: Gpus | None = None) -> str:
    """How many GPUs there are, and in which state; empty where none is known.

    Without the map nobody knows whether a pod could get those that are not allocated, so none is called free.
    """
    if gpus and gpus.nodes:
        together = Counter[str]()
        for row in gpus.nodes:
            together.update(_amounts(row))
        return f"{counted(together.total(), 'GPU')}: {_said(together)}"
    there, taken = report.stats.get("gpus", 0), report.stats.get("gpus_allocated")
    return listed((counted(there, "GPU"), f"{taken} allocated" if taken is not None else "")) if there else ""


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
    notes: str
    causes: list[str]


def devices(gpus: Gpus, most: int) -> list[NodeCells]:
    """The first nodes of the map, which begins with those that have a cause."""
    several = len({row.cluster for row in gpus.nodes}) > 1
    return [_node(row, several=several) for row in gpus.nodes[:most]]


def _node(row: NodeGpusRow, *, several: bool) -> NodeCells:
    amounts = _amounts(row)
    states = [state for state, amount in amounts.items() for _ in range(min(amount, _CELLS))][:_CELLS]
    cells = [
        Cell(state=state, x=1 + at % _CELLS_IN_A_ROW * _CELL, y=1 + at // _CELLS_IN_A_ROW * _CELL)
        for at, state in enumerate(states)
    ]
    state = row.state if row.state != "open" else ""
    return NodeCells(
        name=visible(f"{row.cluster}/{row.node}" if several else row.node),
        type=visible(row.type or row.resource),
        said=_said(amounts) or "no device",
        cells=cells,
        more=max(sum(amounts.values()) - len(cells), 0),
        width=1 + min(max(len(cells), 1), _CELLS_IN_A_ROW) * _CELL,
        height=1 + max(-(-len(cells) // _CELLS_IN_A_ROW), 1) * _CELL,
        notes=visible(listed((state, *row.notes))),
        causes=row.causes,
    )


def _amounts(row: NodeGpusRow) -> dict[str, int]:
    """The devices of a row by how they are drawn; together all that are there."""
    there = max(row.capacity or 0, row.allocatable)
    return {
        "lost": there - row.allocatable,
        "busy": min(row.busy, row.allocatable),
        "free": row.free,
        "closed": max(row.allocatable - row.busy - row.free, 0),
    }


def _said(amounts: Mapping[str, int]) -> str:
    return listed(f"{amounts[state]} {word}" for state, word in _STATES.items() if amounts[state])


_STATES = {"busy": "busy", "free": "free", "lost": "not offered", "closed": "closed to pods"}


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
            shades[phase] = at % _SHADES
            bars.append(Bar(x=left, width=cells * 5, shade=at % _SHADES))
        said = listed(f"{one.phase} {one.length}" for one in line.phases)
        pod = named(line.pod, with_cluster=several)
        start = Start(pod=pod, wall=line.wall, span=line.span, said=said, bars=bars, shades=shades, phases=line.phases)
        found.append(start)
    return found
