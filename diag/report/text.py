"""The causes as text: `table` for people, `wide` with everything, `plain` for logs and screen readers."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from diag.document import IgnoredRow, Report
from diag.report.cells import cut, wrap
from diag.report.grid import columns_of, grid, roomy
from diag.report.look import Look, follow_up, paint, typed
from diag.report.sanitize import cleaned, visible
from diag.report.timelines import timeline_text
from diag.views.beside import beside_lines
from diag.views.causes import ORDER, CauseLine, SymptomLine, cause_lines, summary_line
from diag.views.coverage import GapLine, gap_lines
from diag.views.wording import CONFIDENCE, counted, gpu_cost, listed, named, short_duration

_INDENT = "    "
_CHAIN_SHOWN = 2
_GAPS_SHOWN = 3
_CHAIN_SHOWN_WIDE = 10


def table(report: Report, look: Look) -> str:
    """One line per cause, then what it is and whom it hits; the summary is the last line but the footer."""
    return _drawn(report, look, wide=False)


def wide(report: Report, look: Look) -> str:
    """As `table`, with costs apart, confidence, fingerprints, longer chains, all gaps and timelines."""
    return _drawn(report, look, wide=True)


def plain(report: Report, look: Look) -> str:
    """A paragraph for each cause, its id first: no colour, no drawing, no line breaks of ours."""
    shown = cleaned(report)
    lines: list[str] = []
    causes = cause_lines(shown)
    several = len(shown.target.clusters) > 1
    for line in causes[: look.limit]:
        cost = listed(
            (gpu_cost(line.gpus, line.gpus_lost), short_duration(line.age_s) if line.age_s is not None else "")
        )
        lines.append(f"{line.id} {line.severity}: {named(line.root, with_cluster=several)}: {line.summary}")
        lines.append(
            f"  cause: {line.name} ({line.rule}), {CONFIDENCE.get(line.confidence, line.confidence)}"
            + (f"; {cost}" if cost else "")
            + f"; fingerprint {line.fingerprint}"
        )
        lines += [f"  seen as: {_symptom(each)}" for each in line.symptoms[:_CHAIN_SHOWN_WIDE]]
        if len(line.symptoms) > _CHAIN_SHOWN_WIDE:
            lines.append(f"  seen as: {counted(len(line.symptoms) - _CHAIN_SHOWN_WIDE, 'more symptom')}")
        lines.append("")
    lines += [f"could not be checked: {_gap(gap)}" for gap in gap_lines(shown)]
    lines += beside_lines(shown)
    lines += _ignored(shown, look)
    lines.append(_summary(shown, causes, look))
    return typed("".join(f"{line}\n" for line in lines), look)


def _drawn(report: Report, look: Look, *, wide: bool) -> str:
    shown = cleaned(report)
    causes = cause_lines(shown)
    columns = columns_of(shown, look, wide=wide)
    lines: list[str] = []
    if visible_causes := causes[: look.limit]:
        lines += grid(visible_causes, columns, look, lambda line, cut_off: _details(line, cut_off, look, wide=wide))
        lines.append("")
    if len(visible_causes) > 1:
        lines += [paint(line, "dim", look) for line in wrap(f"sorted {ORDER}", look.width)]
    lines += _gaps(shown, look, wide=wide)
    if wide:
        lines += timeline_text(shown, look)
    lines += [line for said in beside_lines(shown) for line in wrap(said, look.width, rest=_INDENT)]
    lines += _ignored(shown, look)
    lines += wrap(_summary(shown, causes, look), look.width)
    if look.footer and causes:
        lines += [paint(line, "dim", look) for line in wrap(_more(causes[0].id, look), look.width)]
    return typed("".join(f"{line.rstrip()}\n" for line in lines), look)


def _summary(report: Report, causes: Sequence[CauseLine], look: Look) -> str:
    unlisted = max(len(causes) - look.limit, 0) if look.limit is not None else 0
    line = summary_line(report, unlisted=unlisted, hidden=look.hidden)
    # What the user typed is no more to be trusted on a terminal than what the cluster says.
    return visible(line)


def _more(first: str, look: Look) -> str:
    if look.again is None:
        return f"pipe the same into `diag explain --from - {first}` for why and what to do"
    one, all_ = follow_up("explain", look, first), follow_up("explain", look, "--all")
    return f"{one} says why and what to do; {all_} does so for every cause"


def overview(report: Report, look: Look, *, boxes: bool = True) -> list[str]:
    """One line for each cause and the summary: the contents of several explanations. The report is a cleaned one."""
    causes = cause_lines(report)
    if not boxes:
        several = len(report.target.clusters) > 1
        lines = [
            f"{line.id} {line.severity}: {named(line.root, with_cluster=several)}: {line.name} ({line.rule})"
            for line in causes[: look.limit]
        ]
        return [*lines, _summary(report, causes, look)]
    columns = columns_of(report, look, wide=False)
    lines = list(grid(causes[: look.limit], columns, look, lambda _, cut_off: _whole(cut_off, look)))
    return [*lines, *wrap(_summary(report, causes, look), look.width)]


def _whole(cut_off: str, look: Look) -> Iterable[str]:
    return wrap(cut_off, look.width, first="  ", rest="  ") if cut_off else ()


def _details(line: CauseLine, whole: str, look: Look, *, wide: bool) -> Iterator[str]:
    """The summary, led by what a column had to cut (`whole`), and the first symptoms."""
    said = f"{whole}: {line.summary}" if whole else line.summary
    # Two lines of a long message are enough to know it again; `wide` and `explain` have it whole.
    room = None if wide or look.width is None else 2 * look.width - 8
    yield from wrap(_short(said, room), look.width, first="  ", rest="  ")
    if wide and not roomy(look):
        cost = gpu_cost(line.gpus, line.gpus_lost)
        parts = (CONFIDENCE.get(line.confidence, line.confidence), cost, f"fingerprint {line.fingerprint}")
        yield from wrap("; ".join(filter(None, parts)), look.width, first="  ", rest="  ")
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
    """What could not be checked: the first three and every cluster that could not be read, or in `wide` all."""
    gaps = gap_lines(report, material_only=not wide, every_pod=wide)
    shown = gaps if wide else gaps[: max(_GAPS_SHOWN, sum(gap.whole for gap in gaps))]
    lines = [line for gap in shown for line in wrap(_gap(gap), look.width, first="not checked: ", rest=_INDENT)]
    if len(gaps) > len(shown):
        lines.append(f"not checked: {counted(len(gaps) - len(shown), 'more thing')}, see -o wide")
    return [paint(line, "dim", look) for line in lines]


def _gap(gap: GapLine) -> str:
    return f"{gap.in_full}; -o wide names all" if gap.unnamed else gap.in_full


def _ignored(report: Report, look: Look) -> list[str]:
    rows = report.ignored if look.show_ignored else ()
    return [line for row in rows for line in wrap(_left_out(row), look.width, rest=_INDENT)]


def _left_out(row: IgnoredRow) -> str:
    found = row.finding
    until = f", until {row.until}" if row.until else ""
    return f"ignored: {named(found.subject)}: {found.summary} ({found.rule}, by {row.by}: {row.reason}{until})"


def nothing_found(
    report: Report, said: Sequence[str], look: Look, felt: Callable[[list[GapLine]], list[GapLine]] | None = None
) -> str:
    """Sentences (or the summary) instead of causes, and what could not be looked at, as far as it is `felt`."""
    shown = cleaned(report)
    gaps = felt(gap_lines(shown)) if felt else gap_lines(shown)
    lines = [line for each in said or [_summary(shown, (), look)] for line in wrap(visible(each), look.width)]
    if gaps:
        lines.append("What could not be looked at:")
        lines += [line for gap in gaps for line in wrap(_gap(gap), look.width, first="  - ", rest=_INDENT)]
    return typed("".join(f"{line}\n" for line in lines), look)
