"""The screens that are lists: GPUs, queues, topology, timeline, logs, coverage. Each has its twin as a command."""

from collections.abc import Sequence
from typing import ClassVar

from diag.tui.listing import Listing
from diag.tui.panels import object_lines
from diag.tui.paragraphs import Paragraph
from diag.tui.source import Seen
from diag.views.circle import circles
from diag.views.gpu_tables import gpu_tables
from diag.views.gpus import Gpus, gpus
from diag.views.happenings import Subjects, happenings, subjects
from diag.views.history import history, history_tables
from diag.views.inside import object_yaml
from diag.views.looked import Coverage, coverage, coverage_tables
from diag.views.queue_tables import queue_tables
from diag.views.queues import queues
from diag.views.stream import stream_table
from diag.views.table import Line, Table
from diag.views.topology import Topology, topology, topology_table


def fields(table: Table, line: Line) -> list[Paragraph]:
    """The columns of a line, each in full."""
    wide = max((len(column.title) for column in table.columns), default=0)
    return [
        Paragraph(text=column.shown(value), lead=f"{column.title.capitalize():{wide}}  ")
        for column, value in zip(table.columns, line.values, strict=True)
        if not column.picture
    ]


def objects_of(seen: Seen, cause: str) -> Subjects:
    """The objects of a cause."""
    keys = {key for circle in circles(seen.report) if circle.cause.id == cause for key in circle.about}
    return subjects(seen.snapshots, keys)


class _Told(Listing):
    """Tells of a line its columns in full, and the object that it is about."""

    def told(self, seen: Seen, line: Line) -> Sequence[Paragraph]:
        """Its columns, what the screen adds, and the object."""
        table = next((each.table for each in self.lists if line in each.lines), self.tables[0])
        found = [*fields(table, line), *self.more(seen, line)]
        if line.ref is not None:
            found += [Paragraph(text=""), Paragraph(text=str(line.ref), tone="title")]
            found += object_lines(object_yaml(seen.snapshots, line.ref))
        return found

    def more(self, seen: Seen, line: Line) -> Sequence[Paragraph]:
        """What the screen knows of a line beside its columns."""
        causes = [cause for each in line.causes if (cause := seen.cause(each))]
        return [Paragraph(text=f"{one.rule} {one.name}: {one.summary}", lead=f"{one.id}  ") for one in causes]


class GpuScreen(_Told):
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


class QueueScreen(_Told):
    """Queues and quotas, and who waits in them."""

    titles: ClassVar[tuple[str, ...]] = ("Queues and quotas", "Waiting")
    twin: ClassVar[str] = "queues"

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:  # noqa: ARG002  # as for all screens
        """Queues and waiters."""
        return queue_tables(queues(seen.report, seen.snapshots))


class TopologyScreen(_Told):
    """Workloads with their queue, pods, nodes and GPUs."""

    titles: ClassVar[tuple[str, ...]] = ("Workloads",)
    twin: ClassVar[str] = "topology"
    found: Topology | None = None

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:  # noqa: ARG002  # as for all screens
        """The workloads."""
        self.found = topology(seen.report, seen.troubles)
        return [topology_table(self.found)]

    def more(self, seen: Seen, line: Line) -> Sequence[Paragraph]:
        """The pods with their nodes."""
        rows = self.found.workloads if self.found else ()
        row = next((row for row in rows if f"{row.ref.cluster}/{row.ref}" == line.key), None)
        pods = [
            Paragraph(text=f"{pod.name} → {pod.node or 'no node'} ({pod.state}{_asks(pod.gpus)})", lead="· ")
            for pod in (row.pods if row else ())
        ]
        return [*super().more(seen, line), Paragraph(text="Pods", tone="title"), *pods]


def _asks(gpus_of: dict[str, int]) -> str:
    return "".join(f", {count} × {name}" for name, count in gpus_of.items())


class _OfCause(_Told):
    """A screen of the selected cause."""

    def of(self, cause: str) -> str:
        """The cause."""
        return cause

    def heading(self, cause: str) -> str:
        """The title names the cause."""
        seen = self.app.seen
        row = seen.cause(cause) if seen else None
        return f"{self.titles[0]} · {f'{row.rule} {row.name}' if row else 'no cause is selected'}"


class TimelineScreen(_OfCause):
    """What happened to the objects of a cause, and where its starts spent their time."""

    titles: ClassVar[tuple[str, ...]] = ("Timeline", "Where the starts spent their time")
    twin: ClassVar[str] = "timeline"

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:
        """What happened, and the phases of starts."""
        return history_tables(seen.report, history(seen.report, seen.snapshots, causes=[cause]))


class LogScreen(_OfCause):
    """Events, conditions and logs in one stream."""

    titles: ClassVar[tuple[str, ...]] = ("Events, conditions and logs",)
    twin: ClassVar[str] = "timeline"

    def make(self, seen: Seen, cause: str) -> Sequence[Table]:
        """The stream."""
        found = objects_of(seen, cause)
        return [stream_table(found, happenings(found))]


class CoverageScreen(_Told):
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
    "coverage": CoverageScreen,
}
