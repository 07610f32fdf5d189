"""The app on looks that are given, and what its terminal shows."""

import asyncio
import time

import textual.app
import textual.pilot
import textual.screen
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from diag.tui.app import DiagApp
from diag.tui.source import Source

_SLICE_S, _WORK_S = 0.005, 0.001


async def at_rest(min_sleep=0.0, max_sleep=1.0):  # Textual's signature
    """Waits until nothing is going on. As Textual's own, but it looks four times as often, and into the loop, too."""
    loop, end = asyncio.get_running_loop(), time.monotonic() + max_sleep
    while time.monotonic() < end:
        before = time.process_time()
        await asyncio.sleep(_SLICE_S)
        if time.process_time() - before < _WORK_S and not loop._ready:  # noqa: SLF001  # there is no other way
            return


# It waits three times for every key, and each time until a frame could have been drawn: at 500 a second, not at 60.
textual.app.wait_for_idle = textual.pilot.wait_for_idle = at_rest
textual.screen.UPDATE_PERIOD = 0.002

# Of workers that end by themselves.
GROUPS = {
    "look", "tables", "search", "filter", "sort", "open", "fit", "ask", "save", "count", "compare", "export",
}  # fmt: skip


def app_of(*looks, ascii=False, name="test", source=None, **more):  # noqa: A002  # the flag's name
    """An app whose source yields these; an exception among them is raised. `source` are more of its fields."""
    waiting_looks = list(looks)

    def next_look(say):
        say("reading test")
        one = waiting_looks.pop(0) if len(waiting_looks) > 1 else waiting_looks[0]
        if isinstance(one, Exception):
            raise one
        yield one

    return DiagApp(Source(name=name, again="--from dump.json", looks=next_look, **(source or {})), ascii=ascii, **more)


async def settled(app, pilot):
    """Waits for threads that make tables; what asks somebody something goes on waiting."""
    await pilot.pause()
    for _ in range(100):
        busy = [one for one in app.workers if one.group in GROUPS and not one.is_finished]
        if not busy:
            return
        await app.workers.wait_for_complete(busy)
        await pilot.pause()


def drawn(app):
    """What the terminal shows, line by line."""
    return [strip.text for strip in app.screen._compositor.render_strips()]  # noqa: SLF001  # there is no other way


def toasts(app):
    """What the app told in passing."""
    return [note.message for note in app._notifications]  # noqa: SLF001  # as above


class Svg(SingleFileSnapshotExtension):
    """Screens as SVG files."""

    file_extension = "svg"
    _write_mode = WriteMode.BINARY


def shot(app):
    """The screen as an SVG file."""
    return app.export_screenshot(title="diag").encode()
