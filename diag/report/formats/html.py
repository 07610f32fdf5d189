"""One HTML file: no asset from elsewhere, opens from a disk, readable without its script, on paper and aloud.

Words of the cluster are escaped by the template engine, and a policy in the page lets no script or style run but ours.
"""

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from itertools import islice

import jinja2

from diag.document import ClusterRow, Report
from diag.report.cells import cut
from diag.report.formats.page_drawings import devices, starts, totals
from diag.report.formats.page_rows import causes_in_full, further, ignored_rows, numbered, overview
from diag.report.formats.page_words import breakable, unbroken
from diag.report.look import Look, typed
from diag.report.sanitize import cleaned, visible
from diag.views.beside import beside_lines
from diag.views.causes import ORDER, cause_lines, summary_line
from diag.views.coverage import gap_lines
from diag.views.gpus import Gpus
from diag.views.wording import folded, listed, moment

IN_FULL = 200  # causes with all that is known of them; a page of thousands opens in no browser
_FURTHER = 5_000
_NODES = 300
_STARTS = 50
_OVERVIEW = 50
_NAMES = 3
_NAME_CHARS = 60
_UNPLAIN = re.compile(r"[^\w ,.:-]", re.ASCII)
_SOURCES = {"live": "read live, ", "snapshot": "read from files, "}


def rendered(report: Report, look: Look) -> bytes:
    """The page without a map of the devices, which needs the objects: `page` draws it."""
    return page(report, look)


def page(report: Report, look: Look, gpus: Gpus | None = None) -> bytes:
    """The whole page, with every device of `gpus`, where they are given."""
    shown = cleaned(report)
    lines = cause_lines(shown)[: look.limit]
    unlisted = len(report.causes) - len(lines)
    gaps = gap_lines(shown, material_only=False)
    causes = list(islice(causes_in_full(shown, look), min(IN_FULL, len(lines))))
    title = _title(shown.target.clusters)
    css, script = _asset("page.css") + _on_paper(title), _asset("page.js")
    html = _template().render(
        policy=_policy(css, script),
        css=css,
        script=script,
        summary=visible(summary_line(shown, unlisted=unlisted, hidden=look.hidden)),
        clusters=[_cluster(one) for one in shown.target.clusters],
        title=title,
        overview=overview(shown, lines[: min(_OVERVIEW, IN_FULL)]) if len(lines) > 1 else [],
        tool=shown.tool,
        total=len(lines),
        order=ORDER,
        of_files=bool(look.again and "--from" in look.again.split()),
        causes=causes,
        others=further(shown, lines[IN_FULL:_FURTHER]),
        totals=totals(shown, gpus),
        nodes=devices(gpus, _NODES) if gpus else [],
        more_nodes=max(len(gpus.nodes) - _NODES, 0) if gpus else 0,
        doubts=[visible(each) for each in gpus.doubts] if gpus else [],
        starts=starts(shown, _STARTS),
        gaps=numbered([gap for gap in gaps if gap.material], causes),
        harmless=numbered([gap for gap in gaps if not gap.material], ()),
        beside=list(beside_lines(shown)),
        ignored=ignored_rows(shown) if look.show_ignored else [],
    )
    return typed(html, look).encode() + b"\n"


def _title(clusters: Sequence[ClusterRow]) -> str:
    """`diag, cluster prod-eu, as of 2026-11-25 12:00 UTC`: of which cluster, and of which time or span of times."""
    names = folded([cut(one.id, _NAME_CHARS) for one in clusters], _NAMES)
    whose = f"{'cluster' if len(clusters) == 1 else 'clusters'} {names}" if names else ""
    times = sorted(at.astimezone(dt.UTC) for one in clusters if (at := moment(one.now)) is not None)
    ends = list(dict.fromkeys(f"{at:%Y-%m-%d %H:%M} UTC" for at in (*times[:1], *times[-1:])))
    return listed(("diag", whose, f"as of {' to '.join(ends)}" if ends else ""))


def _on_paper(title: str) -> str:
    """The head of each printed page: a browser would write the day of printing there.

    Whatever a name holds ends neither the string nor the element (W3C, CSS Syntax: escapes).
    """
    said = _UNPLAIN.sub(lambda found: f"\\{ord(found[0]):x} ", title)
    head = f'@top-left {{ content: "{said}"; font: 9pt system-ui, sans-serif; }}'
    return f"@media print {{ @page {{ {head} @top-right {{ content: ''; }} }} }}\n"


def _cluster(one: ClusterRow) -> str:
    at = moment(one.now)
    version = f", Kubernetes {one.server_version}" if one.server_version else ""
    source = _SOURCES.get(one.source, "")
    when = f"as of {at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "at a time that is not known"
    return f"Cluster {one.id}{version}, {source}{when}"


def _policy(css: str, script: str) -> str:
    """Nothing is fetched, and nothing runs but these two texts (W3C, Content Security Policy 3)."""
    return (
        f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return (resources.files("diag.report.formats") / name).read_text(encoding="utf-8")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters.update(breakable=breakable, unbroken=unbroken)
    return environment.from_string(_asset("page.html.j2"))
