"""Causes as a grid: which columns there are, and how they share the width."""

from collections.abc import Callable, Iterable, Iterator

from diag.document import Report
from diag.report.cells import cut, cut_middle, pad, width
from diag.report.look import Look, glyph, paint
from diag.views.causes import CauseLine
from diag.views.wording import CONFIDENCE, named, short_duration

_ROOMY, _NARROW = 140, 80  # cells from which `wide` has all of its columns, and below which it has those of `table`
_ELASTIC = {"ROOT": 10, "CAUSE": 10, "CLUSTER": 7}  # columns that may be cut, and the cells that they keep

Column = tuple[str, Callable[[CauseLine], str], bool]


def columns_of(report: Report, look: Look, *, wide: bool) -> list[Column]:
    """Title, text and whether it stands at the right, of each column."""
    columns: list[Column] = [
        ("ID", lambda line: line.id, False),
        ("SEVERITY", lambda line: f"{glyph(line.severity)} {line.severity}", False),
        ("ROOT", lambda line: str(line.root), False),
    ]
    if len(report.target.clusters) > 1:
        columns.insert(2, ("CLUSTER", lambda line: line.cluster, False))
    if wide and (look.width is None or look.width >= _NARROW):
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
    if wide and roomy(look):
        columns += [
            ("SURE", lambda line: CONFIDENCE.get(line.confidence, line.confidence), False),
            ("FINGERPRINT", lambda line: line.fingerprint, False),
        ]
    return columns


def roomy(look: Look) -> bool:
    """Whether `wide` has room for how sure a cause is, and for its fingerprint, in columns."""
    return look.width is None or look.width >= _ROOMY


def grid(
    causes: list[CauseLine], columns: list[Column], look: Look, beneath: Callable[[CauseLine, str], Iterable[str]]
) -> Iterator[str]:
    """A heading and a line for each cause, within the terminal's width.

    `beneath` gives the lines below a cause; it is told what a column had to cut, in full.
    """
    titles = [title for title, _, _ in columns]
    rows = [[text(line) for _, text, _ in columns] for line in causes]
    widths = [max(width(cell) for cell in cells) for cells in zip(titles, *rows, strict=True)]
    if look.width is not None:
        _squeeze(widths, titles, look.width)
    fitted = [pad(title, cells, right=column[2]) for title, cells, column in zip(titles, widths, columns, strict=True)]
    yield paint(" ".join(fitted).rstrip(), "dim", look)
    severity_at, root_at, name_at = map(titles.index, ("SEVERITY", "ROOT", "CAUSE"))
    for line, row in zip(causes, rows, strict=True):
        cells = [
            pad((cut_middle if title in ("ROOT", "CLUSTER") else cut)(cell, room), room, right=right)
            for cell, room, (title, _, right) in zip(row, widths, columns, strict=True)
        ]
        cells[severity_at] = paint(cells[severity_at], line.severity, look)
        cells[root_at] = paint(cells[root_at], "bold", look)
        yield " ".join(cells).rstrip()
        root_cut, name_cut = (width(row[at]) > widths[at] for at in (root_at, name_at))
        whole = [text for text, is_cut in ((named(line.root), root_cut), (line.name, name_cut)) if is_cut]
        yield from beneath(line, ": ".join(whole))


def _squeeze(widths: list[int], titles: list[str], room: int) -> None:
    """Takes what is too much from the widest of the columns that can be cut, in place."""
    while sum(widths) + len(widths) - 1 > room:
        spare = [at for at, title in enumerate(titles) if widths[at] > _ELASTIC.get(title, widths[at])]
        if not spare:
            break
        widths[max(spare, key=lambda at: widths[at])] -= 1
