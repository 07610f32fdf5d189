"""What the palette finds beside actions: causes, and every object that was read, by parts of their names."""

import asyncio
from collections.abc import Iterator
from functools import partial

from rich.text import Text
from textual.command import Hit, Hits, Provider
from textual.markup import escape

from diag.document import RefRow
from diag.report.sanitize import visible

_MOST = 40  # of what is found; who has more types more
_AT_ONCE = 5_000  # objects between two chances for a key


class Things(Provider):
    """Causes first, then objects. Each word that is typed is in the name of what is found, upper or lower case."""

    async def search(self, query: str) -> Hits:
        """What has all words."""
        words, matcher, found = query.casefold().split(), self.matcher(query), 0
        for number, (name, told, open_) in enumerate(self._all()):
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            text = name.casefold()
            if all(word in text for word in words):
                # What Textual is given as a string, it reads as markup.
                shown, more = Text(visible(name)), escape(visible(told))
                yield Hit(max(matcher.match(name), 0.1), shown, open_, help=more)
                found += 1
            if found == _MOST:
                return

    def _all(self) -> "Iterator[tuple[str, str, partial[object]]]":
        app = self.app
        seen = getattr(app, "seen", None)
        if seen is None:
            return
        for cause in seen.report.causes:
            yield f"{cause.id} {cause.rule} {cause.name} {cause.root}", cause.summary, partial(app.open_cause, cause.id)  # type: ignore[attr-defined]  # of ours
        for snap in seen.snapshots:
            for table in snap.tables.values():
                for item in table.values():
                    ref = RefRow(
                        cluster=item.cluster, apiVersion=item.ref.api_version, kind=item.ref.kind,
                        namespace=item.namespace, name=item.name,
                    )  # fmt: skip
                    yield str(ref), "the object in full", partial(app.read_object, ref)  # type: ignore[attr-defined]  # of ours
