"""The TUI, measured in a process of its own and printed as JSON: `measure.py` calls it.

Frames are drawn without a terminal, at 160 × 48 cells. Times are those of the processor in this process, all threads
together, so that a busy machine changes them little. What the driver of the tests needs for a key (`nothing`) counts,
too.
"""  # noqa: INP001  a folder of scripts

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from diag.tui.app import DiagApp

SIZE = (160, 48)
ROWS = 100_000
LINES = 1_000_000
FILTER = "sev:error -ns:ml"  # typed key by key
KEYS = {":": "colon", "-": "minus", " ": "space"}  # as Textual names them


def of_frame(dump: Path) -> dict[str, float]:
    """From an imported Textual to the first frame, and from a report that is ready to its causes on the screen."""
    import textual.app  # noqa: F401, PLC0415  the import is not what is measured

    begin = time.process_time()
    from diag.tui.app import DiagApp  # noqa: PLC0415
    from diag.tui.source import Seen, Source  # noqa: PLC0415

    imported = time.process_time() - begin

    from diag import api  # noqa: PLC0415  the engine is loaded by the look, once the frame is there

    found = api.examine([dump])
    seen = Seen(report=found.report, troubles=found.troubles)

    async def run() -> dict[str, float]:
        app = DiagApp(Source(name="bench", again="", looks=lambda _: iter(())))
        start = time.process_time()
        async with app.run_test(size=SIZE) as pilot:
            frame = time.process_time() - start
            start = time.process_time()
            app.post_message(app.Arrived(seen))
            while not app.lists.lists[0].lines:
                await pilot.pause(0.001)
            filled = time.process_time() - start
            opened = {}
            for name in ("gpus", "queues", "topology", "timeline", "logs", "clusters", "coverage"):
                start = time.process_time()
                await app.action_open_screen(name)
                while not app.lists.tables:
                    await pilot.pause(0.001)
                opened[name] = time.process_time() - start
            return {"frame": imported + frame, "filled": filled, **opened}

    return asyncio.run(run())


def of_keys(_: Path) -> dict[str, float]:
    """From a key to the frame that shows it, in a list of 100,000 lines; and a log of 1,000,000 lines to its frame."""
    from textual.app import App, ComposeResult  # noqa: PLC0415

    from diag.document import RefRow  # noqa: PLC0415
    from diag.tui.logs import LogReader  # noqa: PLC0415
    from diag.tui.marks import Marks  # noqa: PLC0415
    from diag.tui.table import VirtualTable  # noqa: PLC0415
    from diag.views.table import Column, Line, Searched, Table  # noqa: PLC0415

    columns = (Column(title="POD", least=12), Column(title="GPUS", kind="count"), Column(title="SUMMARY", least=20))
    lines = [
        Line(
            key=str(at), values=(f"train-{at}", at % 9, f"waits for {at % 9} GPUs on node {at % 977}"),
            severity="warning",
            ref=RefRow(cluster="c", apiVersion="v1", kind="Pod", namespace="ml", name=f"train-{at}"),
        )
        for at in range(ROWS)
    ]  # fmt: skip
    table = Table(columns=columns, lines=lines)
    searched = Searched(table)
    searched.prepare()

    class Bench(App[None]):
        def compose(self) -> ComposeResult:
            yield VirtualTable()

    async def run() -> dict[str, float]:
        app = Bench()
        async with app.run_test(size=SIZE) as pilot:
            pane = app.query_one(VirtualTable)
            pane.focus()
            pane.show(table)
            await pilot.pause()
            worst = {}
            for name, key in (("nothing", "f9"), ("move", "j"), ("page", "pagedown"), ("bottom", "G")):
                taken = []
                for _ in range(10):
                    start = time.process_time()
                    await pilot.press(key)
                    taken.append(time.process_time() - start)
                worst[name] = sorted(taken)[len(taken) // 2]
            start = time.process_time()
            pane.show(searched.filtered("node 13"))
            await pilot.pause()
            worst["filter"] = time.process_time() - start
            log = [f"2026-11-26T10:00:00Z step {at} loss 0.{at}" for at in range(LINES)]
            start = time.process_time()
            await app.push_screen(LogReader("log", log, at=LINES - 1, marks=Marks()))
            await pilot.pause()
            worst["log"] = time.process_time() - start
            return worst

    return asyncio.run(run())


def of_app_keys(_: Path) -> dict[str, float]:
    """From a key to the frame that shows it in the whole app with 100,000 causes, what is told of each included."""
    from importlib import resources  # noqa: PLC0415

    from msgspec import structs  # noqa: PLC0415

    from diag import api  # noqa: PLC0415
    from diag.tui.app import DiagApp  # noqa: PLC0415
    from diag.tui.source import Seen, Source  # noqa: PLC0415

    files = sorted(str(each) for each in resources.files("diag.demo").iterdir() if each.name.endswith(".gz"))
    found = api.examine([f"demo={each}" for each in files])
    kinds = found.report.causes
    causes = [
        structs.replace(kinds[at % len(kinds)], id=f"C{at}", fingerprint=f"{at:012}") for at in range(ROWS)
    ]  # fmt: skip
    seen = Seen(report=structs.replace(found.report, causes=causes), troubles=found.troubles)

    async def run() -> dict[str, float]:
        app = DiagApp(Source(name="bench", again="", looks=lambda _: iter((seen,))))
        async with app.run_test(size=SIZE) as pilot:
            while not app.lists.lists[0].lines:
                await pilot.pause(0.001)
            await pilot.pause()
            median = {}
            for name, key in (("app nothing", "f9"), ("app move", "j"), ("app page", "pagedown")):
                taken = []
                for _ in range(20):
                    start = time.process_time()
                    await pilot.press(key)
                    taken.append(time.process_time() - start)
                median[name] = sorted(taken)[len(taken) // 2]
            return median | await typed(app, pilot)

    return asyncio.run(run())


async def typed(app: "DiagApp", pilot: "Pilot[None]") -> dict[str, float]:
    """A filter by fields, key upon key without a pause: until a key is drawn, and until what the last leaves is.

    The unit of what it leaves is the time that `json.loads` takes for what the same lines show.
    """
    from textual import events  # noqa: PLC0415
    from textual.widgets import Input  # noqa: PLC0415

    screen = app.lists
    text = json.dumps([line.values for line in screen.lists[0].lines])
    start = time.process_time()
    json.loads(text)
    unit = time.process_time() - start
    await pilot.press("slash")
    while screen.searched is None:
        await pilot.pause(0.01)
    field, painted = screen.query_one(Input), []
    for key in FILTER:
        start = time.process_time()
        app.post_message(events.Key(KEYS.get(key, key), key))
        while not field.value.endswith(key) or screen.filter_text != field.value:  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0)
        drawn = asyncio.Event()
        app.screen.call_after_refresh(drawn.set)
        await drawn.wait()
        painted.append(time.process_time() - start)
    while screen.left is None or str(screen.lists[0].border_subtitle) != f"/ {FILTER}":  # noqa: ASYNC110  # as above
        await asyncio.sleep(0.001)
    results = time.process_time() - start
    return {"typed": sorted(painted)[len(painted) // 2], "results": results, "results unit": unit}


def of_idle(_: Path) -> dict[str, float]:
    """The share of a core that an app needs that shows causes and is left alone."""
    from importlib import resources  # noqa: PLC0415

    from diag import api  # noqa: PLC0415
    from diag.tui.app import DiagApp  # noqa: PLC0415
    from diag.tui.source import Seen, Source  # noqa: PLC0415

    files = sorted(str(each) for each in resources.files("diag.demo").iterdir() if each.name.endswith(".gz"))
    found = api.examine([f"demo={each}" for each in files])
    seen = Seen(report=found.report, troubles=found.troubles)

    async def run() -> dict[str, float]:
        app = DiagApp(Source(name="bench", again="", looks=lambda _: iter((seen,))))
        async with app.run_test(size=SIZE):
            await asyncio.sleep(2)
            before, start = time.process_time(), time.perf_counter()
            await asyncio.sleep(5)
            return {"idle": (time.process_time() - before) / (time.perf_counter() - start)}

    return asyncio.run(run())
