"""Every screen with a hundred thousand rows: it draws them, moves in them, filters them."""

from dataclasses import replace

import pytest
from msgspec import structs
from tui_driver import app_of, drawn, settled

from diag.document import GapRow, RefRow
from diag.tui.actions import SCREENS
from diag.tui.source import Seen
from diag.views.clusters import ClusterRow, Clusters
from diag.views.gpus import Gpus, NodeGpusRow
from diag.views.happenings import HappeningRow
from diag.views.queues import QueueRow, Queues
from diag.views.table import Table
from diag.views.topology import PodRow, Topology, WorkloadRow

ROWS = 100_000
pytestmark = pytest.mark.slow


def ref(kind, at, cluster="demo"):
    return RefRow(cluster=cluster, apiVersion="v1", kind=kind, namespace="ml", name=f"{kind.lower()}-{at:06}")


def nodes():
    return [
        NodeGpusRow(
            cluster="demo", node=f"node-{at:06}", type="H100", resource="nvidia.com/gpu", capacity=8, allocatable=8,
            busy=at % 9, free=8 - at % 9, state="open", notes=[], causes=[], severity="", held_by=[],
        )
        for at in range(ROWS)
    ]  # fmt: skip


def queues():
    return [
        QueueRow(
            ref=ref("ResourceQuota", at), system="Kubernetes", parent="", state="", slots=[], waiting=[], causes=[],
            severity="",
        )
        for at in range(ROWS)
    ]  # fmt: skip


def clusters():
    return [
        ClusterRow(
            cluster=f"cluster-{at:06}", nodes=1, gpus=8, busy=8, free=0, waited_for=0, lost=0, causes=[], severity="",
            blind=0, types={"H100": 8}, drivers=[], version=None, taken_at="2026-11-26T10:00:00Z", age_s=0.0,
        )
        for at in range(ROWS)
    ]  # fmt: skip


def workloads():
    return [
        WorkloadRow(
            ref=ref("Job", at), queue=f"queue-{at % 7}", gpus=1, causes=[], severity="",
            pods=[PodRow(name=f"pod-{at:06}", node=f"node-{at % 2000}", gpus={"nvidia.com/gpu": 1}, state="healthy")],
        )
        for at in range(ROWS)
    ]  # fmt: skip


def happened():
    return [
        HappeningRow(
            at=f"2026-09-{10 + at // 86400}T{at // 3600 % 24:02}:{at // 60 % 60:02}:{at % 60:02}Z", until=None,
            ref=ref("Pod", at % 90), kind="event", what="Pulled", text=f"number {at:06}", count=1, severity="info",
        )
        for at in range(ROWS)
    ]  # fmt: skip


def causes(report):
    first = report.causes[0]
    return structs.replace(
        report, causes=[structs.replace(first, id=f"C{at}", fingerprint=f"{at:012}") for at in range(ROWS)]
    )


def gaps(report):
    gap = GapRow(cluster="demo", what="", why="not-collected", hides=[], material=False, fix="")
    return structs.replace(report, gaps=[structs.replace(gap, what=f"list kind-{at:06}") for at in range(ROWS)])


# By the key of a screen: the function whose answer is replaced, and the answer.
DOCUMENTS = {
    "2": ("diag.tui.screens.gpus", lambda tool: Gpus(tool=tool, nodes=nodes(), types=[], doubts=[], unseen=[])),
    "3": ("diag.tui.screens.queues", lambda tool: Queues(tool=tool, queues=queues(), doubts=[])),
    "4": ("diag.tui.topology.topology", lambda tool: Topology(tool=tool, workloads=workloads(), others=0)),
    "5": ("diag.views.history.happenings", lambda _: happened()),
    "6": ("diag.tui.logs.happenings", lambda _: happened()),
    "8": ("diag.tui.screens.clusters", lambda tool: Clusters(tool=tool, clusters=clusters(), doubts=[])),
}
REPORTS = {"1": causes, "9": gaps}
ANSWERS = "7"  # has no list but that of its evidence: a test of its own


def test_every_screen_is_here():
    assert {*DOCUMENTS, *REPORTS, ANSWERS} == SCREENS.keys()


@pytest.mark.parametrize(
    ("key", "last"),
    [
        ("1", "QUO501"), ("2", "node-099999"), ("3", "resourcequota-099999"), ("4", "099999"), ("5", "number 099999"),
        ("6", "number 099999"), ("8", "cluster-099999"), ("9", "kind-099999"),
    ],
)  # fmt: skip
def test_a_screen_draws_and_filters_a_hundred_thousand_rows(drive, demo, monkeypatch, key, last):
    if key in DOCUMENTS:
        name, made = DOCUMENTS[key]
        document = made(demo.report.tool)
        monkeypatch.setattr(name, lambda *_: document)
    crowd = replace(demo, report=REPORTS[key](demo.report)) if key in REPORTS else demo

    async def walk(app, pilot):
        await pilot.press(key)
        await settled(app, pilot)
        table = app.lists.lists[0]
        many = len(table.lines)
        table.focus()
        await pilot.press("G")
        await settled(app, pilot)
        shown = "\n".join(drawn(app))
        before = app.lists.searched
        await pilot.press("slash", *"099998")
        await settled(app, pilot)
        return many, shown, before, len(table.lines)

    many, shown, before, left = drive(app_of(crowd), then=walk, size=(160, 48))

    assert many >= ROWS
    assert before is None  # what a filter looks at is not waited for
    assert last in shown
    assert left < ROWS


def test_an_answer_over_a_report_of_a_hundred_thousand_pieces_is_drawn(drive, demo):
    first = next(row for row in demo.report.evidence if isinstance(row.object, RefRow))
    pieces = [structs.replace(first, id=f"E{at}", value=f"piece {at:06}") for at in range(ROWS)]
    crowd = replace(demo, report=structs.replace(demo.report, evidence=pieces))

    async def walk(app, pilot):
        await pilot.press(ANSWERS, "escape")
        await settled(app, pilot)
        screen = app.lists
        screen.cites.cite([row.id for row in pieces], most=4)
        screen.draw_evidence()
        table = screen.lists[0]
        table.focus()
        await pilot.press("G")
        await settled(app, pilot)
        return len(table.lines), "\n".join(drawn(app))

    many, shown = drive(app_of(crowd), then=walk, size=(160, 48))

    assert many == 4
    assert "piece 000003" in shown


@pytest.mark.parametrize("key", ["1", "2", "8"])
def test_a_key_draws_the_lines_in_sight_and_not_the_rows(drive, demo, monkeypatch, key):
    if key in DOCUMENTS:
        name, made = DOCUMENTS[key]
        document = made(demo.report.tool)
        monkeypatch.setattr(name, lambda *_: document)
    crowd = replace(demo, report=REPORTS[key](demo.report)) if key in REPORTS else demo

    async def count(app, pilot):
        await pilot.press(key)
        await settled(app, pilot)
        table = app.lists.lists[0]
        table.focus()
        await settled(app, pilot)
        asked, texts = [], table._texts  # noqa: SLF001  # what makes the texts of a line

        def counted(line):
            asked.append(line.key)
            return texts(line)

        monkeypatch.setattr(table, "_texts", counted)
        layouts = []
        app.screen.screen_layout_refresh_signal.subscribe(table, layouts.append, immediate=True)
        counts = []
        for pressed in ("j", "k", "pagedown"):
            asked.clear()
            await pilot.press(pressed)
            await settled(app, pilot)
            counts.append(len(asked))
        return counts, len(layouts), table.size.height

    counts, layouts, height = drive(app_of(crowd), then=count, size=(160, 48))

    assert counts[0] == counts[1] == 2  # the line that the cursor left, and the one that it came to
    assert 0 < counts[2] <= 3 * height
    assert layouts == 0


def test_what_is_given_to_a_thread_is_not_written_out(drive, demo, monkeypatch):
    """Textual describes a worker by the `repr` of all that it is given, unless it is told a description."""
    written = []
    for one in (Seen, Table):
        monkeypatch.setattr(one, "__repr__", lambda self: written.append(type(self).__name__) or "")

    async def walk(app, pilot):
        await pilot.press(*"2345689", "1", "f", "escape", "D", "escape", "slash", "x", "escape")
        await settled(app, pilot)
        app.contrast(demo, demo, "")
        app.lists.searched = app.lists.searching = None
        app.lists.make_searchable()
        await pilot.press("7", "enter")
        await settled(app, pilot)

    drive(app_of(demo), then=walk)

    assert written == []
