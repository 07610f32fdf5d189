"""What else was considered, in as few lines as say it: rivals one by one, those who were merely asked folded."""

from collections.abc import Iterator, Sequence

from diag.document import AlternativeRow, CauseRow
from diag.views.citations import Citations
from diag.views.lines import Line

_SHOWN = 6
# How `diag.causes.silence` says of a rule that it found nothing, and that it could not look.
_SILENT, _BLIND = " looked and found nothing", " could not look: "
_STATUS = {
    "ruled_out": "ruled out",
    "open": "still possible",
    "also_needed": "would have to change as well",
    "other_way": "another way out",
}


def rival_lines(cause: CauseRow, cites: Citations, *, everything: bool) -> Iterator[Line]:
    """Real rivals; then those who could not look, by the reason; then those who found nothing. Or all, unfolded."""
    silent: list[str] = []
    blind: dict[str, list[str]] = {}
    for row in cause.alternatives:
        if everything:
            yield _line(row, cites)
        elif row.status == "ruled_out" and row.why.endswith(_SILENT):
            silent.append(row.name)
        elif row.status == "open" and _BLIND in row.why:
            blind.setdefault(row.why.partition(_BLIND)[2], []).append(row.name)
        else:
            yield _line(row, cites)
    for reason, names in blind.items():
        yield Line(text=f"Could not look ({reason}): {_folded(names)}")
    if silent:
        yield Line(text=f"Also asked, without a finding: {_folded(silent)}")


def _line(row: AlternativeRow, cites: Citations) -> Line:
    return Line(text=f"{row.name}: {_STATUS.get(row.status, row.status)}, {row.why}", cites=cites.cite(row.evidence))


def _folded(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN
    more = f" and {rest} more (-v lists all)" if rest > 0 else ""
    return ", ".join(names[:_SHOWN]) + more
