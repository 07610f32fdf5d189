"""The app on looks that are given, and what its terminal shows."""

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from diag.tui.app import DiagApp
from diag.tui.source import Source

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
