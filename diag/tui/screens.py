"""The screens, by name; and those that are lists and no more: GPUs, queues, clusters, coverage."""

from collections.abc import Sequence
from typing import ClassVar

from diag.tui.ask import AskScreen
from diag.tui.listing import Listing
from diag.tui.logs import LogScreen
from diag.tui.paragraphs import Paragraph
from diag.tui.source import Seen
from diag.tui.timeline import TimelineScreen
from diag.tui.told import Told
from diag.tui.topology import TopologyScreen
from diag.views.clusters import clusters, clusters_table
from diag.views.gpu_tables import gpu_tables
from diag.views.gpus import Gpus, gpus
from diag.views.looked import Coverage, coverage, coverage_tables
from diag.views.queue_tables import queue_tables
from diag.views.queues import queues
from diag.views.table import Line, Table


class GpuScreen(Told):
    """One line for each node, one mark for each device."""

    titles: ClassVar[tuple[str, ...]] = ("GPUs by node", "By type")
    twin: ClassVar[str] = "gpus"
    found: Gpus | None = None

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:  # noqa: ARG002  # as for all screens
        """Nodes and types."""
        self.found = gpus(seen.report, seen.troubles)
        return gpu_tables(self.found)

    def more(self, seen: Seen, line: Line) -> Sequence[Paragraph]:
        """Who holds the devices."""
        rows = self.found.nodes if self.found else ()
        row = next((row for row in rows if f"{row.cluster}/{row.node}/{row.resource}" == line.key), None)
        held = [
            Paragraph(text=f"{one.pod.namespace}/{one.pod.name}", lead=f"{one.count:>3} × ")
            for one in (row.held_by if row else ())
        ]
        return [*super().more(seen, line), *([Paragraph(text="Held by", tone="title")] if held else []), *held]


class QueueScreen(Told):
    """Queues and quotas, and who waits in them."""

    titles: ClassVar[tuple[str, ...]] = ("Queues and quotas", "Waiting")
    twin: ClassVar[str] = "queues"

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:  # noqa: ARG002  # as for all screens
        """Queues and waiters."""
        return queue_tables(queues(seen.report, seen.snapshots, seen.troubles))


class ClusterScreen(Told):
    """A line for each cluster."""

    titles: ClassVar[tuple[str, ...]] = ("Clusters",)
    twin: ClassVar[str] = "clusters"

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:  # noqa: ARG002  # as for all screens
        """The clusters."""
        return [clusters_table(clusters(seen.report, seen.snapshots, gpus(seen.report, seen.troubles)))]


class CoverageScreen(Told):
    """What could not be looked at, what would mend it, and what each rule came to."""

    titles: ClassVar[tuple[str, ...]] = ("Could not be looked at", "Rules")
    twin: ClassVar[str] = "coverage"
    DEFAULT_CSS = "CoverageScreen > .lists > .second { height: 2fr; }"
    found: Coverage | None = None

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:  # noqa: ARG002  # as for all screens
        """Gaps and rules."""
        from diag.catalog.registry import infos, load  # noqa: PLC0415  # pages of all rules: only for this screen

        self.found = coverage(seen.report, infos(load()))
        return coverage_tables(seen.report, self.found)

    def more(self, seen: Seen, line: Line) -> Sequence[Paragraph]:  # noqa: ARG002  # as for all screens
        """Why a rule could not look, and what would mend it."""
        rows = self.found.rules if self.found else ()
        row = next((row for row in rows if row.id == line.key), None)
        if row is None:
            return ()
        return [
            Paragraph(text=row.summary),
            *(Paragraph(text=each, lead="· ") for each in row.why),
            *(Paragraph(text=each, lead="fix: ", tone="command") for each in row.fix),
        ]


MADE: dict[str, type[Listing]] = {
    "gpus": GpuScreen,
    "queues": QueueScreen,
    "topology": TopologyScreen,
    "timeline": TimelineScreen,
    "logs": LogScreen,
    "ask": AskScreen,
    "clusters": ClusterScreen,
    "coverage": CoverageScreen,
}
