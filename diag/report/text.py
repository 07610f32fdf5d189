"""The causes as text: `table` for people, `wide` with everything, `plain` for logs and screen readers."""

from collections.abc import Callable, Iterator

from diag.document import IgnoredRow, Report
from diag.report.cells import cut, cut_middle, pad, width, wrap
from diag.report.look import Look, glyph, paint, typed
from diag.report.sanitize import cleaned, visible
from diag.report.timelines import timeline_text
from diag.views.causes import CauseLine, SymptomLine, cause_lines, summary_line
from diag.views.coverage import GapLine, gap_lines
from diag.views.wording import CONFIDENCE, counted, gpu_cost, listed, named, short_duration

_INDENT = "    "
_CHAIN_SHOWN = 2
_CHAIN_SHOWN_WIDE = 10
_ELASTIC = {"ROOT": 10, "CAUSE": 10, "CLUSTER": 7}  # columns that may be cut, and the cells that they keep


def table(report: Report, look: Look) -> str:
    """One line per cause, then what it is and whom it hits; the summary is the last line but the footer."""
    return _drawn(report, look, wide=False)


def wide(report: Report, look: Look) -> str:
    """As `table`, with costs apart, confidence, fingerprints, longer chains, all gaps and timelines."""
    return _drawn(report, look, wide=True)


def plain(report: Report, look: Look) -> str:
    """One sentence-like line per cause and per detail: no colour, no drawing, no line breaks of ours."""
    shown = cleaned(report)
    lines: list[str] = []
    causes = cause_lines(shown)
    several = len(shown.target.clusters) > 1
    for line in causes[: look.limit]:
        cost = listed(
            (gpu_cost(line.gpus, line.gpus_lost), short_duration(line.age_s) if line.age_s is not None else "")
        )
        lines.append(f"{line.severity}: {named(line.root, with_cluster=several)}: {line.summary}")
        lines.append(
            f"  cause: {line.name} ({line.rule}), {CONFIDENCE.get(line.confidence, line.confidence)}"
            + (f"; {cost}" if cost else "")
            + f"; fingerprint {line.fingerprint}"
        )
        lines += [f"  seen as: {_symptom(each)}" for each in line.symptoms[:_CHAIN_SHOWN_WIDE]]
        if len(line.symptoms) > _CHAIN_SHOWN_WIDE:
            lines.append(f"  seen as: {counted(len(line.symptoms) - _CHAIN_SHOWN_WIDE, 'more symptom')}")
    lines += [f"could not be checked: {_gap(gap)}" for gap in gap_lines(shown)]
    lines += _ignored(shown, look)
    lines.append(summary_line(shown, hidden=_hidden(causes, look)))
    return typed("".join(f"{line}\n" for line in lines), look)


def _drawn(report: Report, look: Look, *, wide: bool) -> str:
    shown = cleaned(report)
    causes = cause_lines(shown)
    columns = _columns(shown, wide=wide)
    lines: list[str] = []
    if visible_causes := causes[: look.limit]:
        lines += _grid(visible_causes, columns, look, wide=wide)
        lines.append("")
    lines += _gaps(shown, look, wide=wide)
    if wide:
        lines += timeline_text(shown, look)
    lines += _ignored(shown, look)
    lines += wrap(summary_line(shown, hidden=_hidden(causes, look)), look.width)
    if look.footer and causes:
        more = f"diag explain {causes[0].id} says why and what to do; diag explain --all does so for every cause"
        lines += [paint(line, "dim", look) for line in wrap(more, look.width)]
    return typed("".join(f"{line.rstrip()}\n" for line in lines), look)


Column = tuple[str, Callable[[CauseLine], str], bool]


def _columns(report: Report, *, wide: bool) -> list[Column]:
    """Title, text and whether it stands at the right, of each column."""
    columns: list[Column] = [
        ("SEVERITY", lambda line: f"{glyph(line.severity)} {line.severity}", False),
        ("ROOT", lambda line: str(line.root), False),
    ]
    if len(report.target.clusters) > 1:
        columns.insert(1, ("CLUSTER", lambda line: line.cluster, False))
    if wide:
        columns += [
            ("WAITED", lambda line: str(line.gpus), True),
            ("LOST", lambda line: str(line.gpus_lost), True),
            ("PODS", lambda line: str(line.pods), True),
        ]
    else:
        columns.append(("GPUS", lambda line: str(line.gpus + line.gpus_lost), True))
    columns += [
        ("AGE", lambda line: short_duration(line.age_s), True),
        ("RULE", lambda line: line.rule, False),
        ("CAUSE", lambda line: line.name, False),
    ]
    if wide:
        columns += [
            ("SURE", lambda line: CONFIDENCE.get(line.confidence, line.confidence), False),
            ("FINGERPRINT", lambda line: line.fingerprint, False),
        ]
    return columns


def _grid(causes: list[CauseLine], columns: list[Column], look: Look, *, wide: bool) -> Iterator[str]:
    titles = [title for title, _, _ in columns]
    rows = [[text(line) for _, text, _ in columns] for line in causes]
    widths = [max(width(cell) for cell in cells) for cells in zip(titles, *rows, strict=True)]
    if look.width is not None and not wide:
        _squeeze(widths, titles, look.width)
    fitted = [pad(title, cells, right=column[2]) for title, cells, column in zip(titles, widths, columns, strict=True)]
    yield paint(" ".join(fitted).rstrip(), "dim", look)
    for line, row in zip(causes, rows, strict=True):
        cells = [
            pad((cut_middle if title in ("ROOT", "CLUSTER") else cut)(cell, room), room, right=right)
            for cell, room, (title, _, right) in zip(row, widths, columns, strict=True)
        ]
        cells[0] = paint(cells[0], line.severity, look)
        root_at = titles.index("ROOT")
        cells[root_at] = paint(cells[root_at], "bold", look)
        yield " ".join(cells)
        yield from _details(line, look, wide=wide, root_cut=width(row[root_at]) > widths[root_at])


def _squeeze(widths: list[int], titles: list[str], room: int) -> None:
    """Takes what is too much from the widest of the columns that can be cut, in place."""
    while sum(widths) + len(widths) - 1 > room:
        spare = [at for at, title in enumerate(titles) if widths[at] > _ELASTIC.get(title, widths[at])]
        if not spare:
            break
        widths[max(spare, key=lambda at: widths[at])] -= 1


def _details(line: CauseLine, look: Look, *, wide: bool, root_cut: bool) -> Iterator[str]:
    """The summary, with the root where the column had to cut it, and the first symptoms."""
    said = f"{named(line.root)}: {line.summary}" if root_cut else line.summary
    # Two lines of a long message are enough to know it again; `wide` and `explain` have it whole.
    room = None if wide or look.width is None else 2 * look.width - 8
    yield from wrap(_short(said, room), look.width, first="  ", rest="  ")
    most = _CHAIN_SHOWN_WIDE if wide else _CHAIN_SHOWN
    for each in line.symptoms[:most]:
        yield from wrap(_short(_symptom(each), room), look.width, first="  └ ", rest=_INDENT)
    if len(line.symptoms) > most:
        yield f"{_INDENT}and {counted(len(line.symptoms) - most, 'more symptom')}"


def _short(text: str, room: int | None) -> str:
    return text if room is None else cut(text, room)


def _symptom(each: SymptomLine) -> str:
    return f"{named(each.subject)}: {each.summary}"


def _gaps(report: Report, look: Look, *, wide: bool) -> list[str]:
    """What could not be checked: the first three, or in `wide` all, those without weight included."""
    gaps = gap_lines(report, material_only=not wide)
    shown = gaps if wide else gaps[:3]
    lines = [line for gap in shown for line in wrap(_gap(gap), look.width, first="not checked: ", rest=_INDENT)]
    if len(gaps) > len(shown):
        lines.append(f"not checked: {counted(len(gaps) - len(shown), 'more thing')}, see -o wide")
    return [paint(line, "dim", look) for line in lines]


def _gap(gap: GapLine) -> str:
    return f"{gap}; to mend it: {gap.fix}" if gap.fix else str(gap)


def _ignored(report: Report, look: Look) -> list[str]:
    rows = report.ignored if look.show_ignored else ()
    return [line for row in rows for line in wrap(_left_out(row), look.width, rest=_INDENT)]


def _left_out(row: IgnoredRow) -> str:
    found = row.finding
    until = f", until {row.until}" if row.until else ""
    return f"ignored: {named(found.subject)}: {found.summary} ({found.rule}, by {row.by}: {row.reason}{until})"


def _hidden(causes: list[CauseLine], look: Look) -> int:
    return max(len(causes) - look.limit, 0) if look.limit is not None else 0


def nothing_found(report: Report, sentence: str, look: Look) -> str:
    """A sentence instead of causes, and what could not be looked at."""
    shown = cleaned(report)
    gaps = gap_lines(shown)
    lines = list(wrap(visible(sentence), look.width))
    if gaps:
        lines.append("What could not be looked at:")
        lines += [line for gap in gaps for line in wrap(_gap(gap), look.width, first="  - ", rest=_INDENT)]
    return typed("".join(f"{line}\n" for line in lines), look)
