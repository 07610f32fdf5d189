"""What else was considered, in as few lines as say it: rivals one by one, those who were merely asked folded."""

import re
from collections.abc import Iterator, Sequence

from diag.document import AlternativeRow, CauseRow
from diag.views.citations import Citations
from diag.views.lines import Line

_SHOWN = 6
# How `diag.causes.silence` says of a rule that it found nothing, and that it could not look.
_SILENT, _BLIND = " looked and found nothing", " could not look: "
# How `diag.causes.compete` ends what it says of a rival that was seen and lost: `…; NAME explains more`.
_OUTDONE = re.compile(r"(.*); (\S+) explains more", re.DOTALL)
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
    outdone = _OUTDONE.fullmatch(row.why) if row.status == "ruled_out" else None
    if outdone:  # what it says is seen, so that "ruled out" would contradict it
        said = f"seen, but not taken for the cause, as {outdone[2]} explains more: {outdone[1]}"
    else:
        said = f"{_STATUS.get(row.status, row.status)}, {row.why}"
    return Line(text=f"{row.name}: {said}", cites=cites.cite(row.evidence))


def _folded(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN
    more = f" and {rest} more (-v lists all)" if rest > 0 else ""
    return ", ".join(names[:_SHOWN]) + more
