"""The topology as linked columns."""

from collections.abc import Sequence
from typing import ClassVar

from diag.tui.source import Seen
from diag.tui.table import VirtualTable
from diag.tui.told import Told
from diag.views.links import Links
from diag.views.table import Line, Table
from diag.views.topology import topology


class TopologyScreen(Told):
    """Workload, queue, pod, node, GPU and cluster as columns: moving in one narrows the others, esc widens them."""

    titles: ClassVar[tuple[str, ...]] = ("Workloads", "Queues", "Pods", "Nodes", "GPUs", "Clusters")
    layers: ClassVar[tuple[str, ...]] = ("workload", "queue", "pod", "node", "gpu", "cluster")
    twin: ClassVar[str] = "topology"
    DEFAULT_CSS = """
    TopologyScreen { layout: vertical; }
    TopologyScreen > .lists { layout: horizontal; width: 1fr; height: 3fr; }
    TopologyScreen > .lists > VirtualTable, TopologyScreen > .lists > .second { height: 1fr; width: 1fr; }
    TopologyScreen > .lists > #topology-list-0, TopologyScreen > .lists > #topology-list-2 { width: 2fr; }
    TopologyScreen > .told { width: 1fr; height: 1fr; min-height: 5; }
    """
    links: Links | None = None
    at: tuple[int, str] | None = None  # the column and the line that have the cursor
    narrowed: tuple[int, str] | None = None  # those that narrow the other columns
    applied: Sequence[Table] = ()  # of which look the columns are

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:  # noqa: ARG002  # as for all screens
        """The columns, of all pods."""
        self.links = Links(topology(seen.report, seen.troubles))
        several = len(seen.report.target.clusters) > 1
        return [self.links.table(layer) for layer in self.layers[: None if several else -1]]

    def apply(self) -> None:
        """All columns, as wide as they are; those of a later look as they were narrowed, while there is what did it."""
        kept = self.narrowed if self.tables is not self.applied else None
        self.applied, self.at, self.narrowed = self.tables, None, None
        if kept is None or not self.tables:
            super().apply()
            return
        table = self.lists[kept[0]]
        with self.prevent(VirtualTable.Chosen):
            super().apply()
        if table.current is not None and table.current.key == kept[1] and table.current.state != "gone":
            self.at = kept
            self.narrow(kept)
        super().tell(table.current)

    def close_filter(self, *, clear: bool) -> bool:
        """Ends the filter, and widens what was narrowed."""
        narrowed, was = self.narrowed, super().close_filter(clear=clear)
        if clear and narrowed is not None:
            self.apply()
        return was

    def tell(self, line: Line | None) -> None:
        """Tells of the line; once the cursor has moved, narrows the other columns to what is linked with it."""
        super().tell(line)
        chosen = next((at for at, table in enumerate(self.lists) if table.has_focus), 0)
        if line is None or self.links is None or line not in self.lists[chosen].lines:
            return
        before, self.at = self.at, (chosen, line.key)
        if before not in (None, self.at):
            self.narrow(self.at)

    def narrow(self, to: tuple[int, str]) -> None:
        """Leaves in the other columns what is linked with a line of one."""
        self.narrowed = to
        if self.links is None:
            return
        chosen, key = to
        ways = self.links.through(self.layers[chosen], key)
        with self.prevent(VirtualTable.Chosen):
            for at, layer in enumerate(self.layers[: len(self.tables)]):
                # What the filter left of the workloads stays.
                if at != chosen and not (at == 0 and self.filter_text):
                    table = self.lists[at]
                    table.show(self.links.table(layer, ways))
                    table.retitle(self.titles[at], f" {len(table.lines)}")
