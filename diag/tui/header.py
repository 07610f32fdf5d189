"""The first line: what is looked at, how many GPUs, how much trouble, how old. The last line: keys."""

from collections.abc import Sequence

from diag.report.cells import cut, width
from diag.report.sanitize import visible
from diag.tui.actions import Action
from diag.tui.source import Seen
from diag.views.wording import clock, counted, listed, short_duration


def header_text(
    name: str, seen: Seen | None, progress: str, trouble: str, *, age_s: float | None = None, paused: bool = False,
    capture: str = "",
) -> str:  # fmt: skip
    """One line; what is going on, or went wrong, stands before all else.

    `age_s`: how long ago the last look came; `capture`: which of several is shown.
    """
    first = f"diag (read-only) {visible(name)}"
    if seen is None:
        return f"{first}  │ {visible(trouble or progress)}"
    stats, report = seen.report.stats, seen.report
    lost = sum(cause.affected.gpus_lost for cause in report.causes)
    waited = sum(cause.affected.gpus for cause in report.causes)
    gpus = f"{stats.get('gpus', 0)} GPU: {stats.get('gpus_allocated', 0)} busy {stats.get('gpus_free', 0)} idle"
    gpus += f"{f' {lost} lost' if lost else ''}{f' {waited} waited for' if waited else ''}"
    bad = listed(counted(stats[f"{each}s"], each) for each in ("error", "warning") if stats.get(f"{each}s"))
    blind = sum(gap.material for gap in report.gaps)
    at = ", ".join(sorted({clock(cluster.now) for cluster in report.target.clusters}))
    stale = f"stale {short_duration(age_s)}: {visible(trouble)}"
    age = stale if trouble else visible(progress) if progress else f"as of {at}"
    if paused:
        age = f"paused, {age}"
    before = bool(trouble or progress or paused)
    parts = [first, *([capture] if capture else []), *([age] if before else [])]
    parts += [gpus, bad or "no error", counted(blind, "gap")]
    if seen.hidden:
        parts.append(visible(seen.hidden))
    parts += [] if before or " of " in capture else [age]
    return "  │ ".join(parts)


def footer_text(actions: Sequence[Action], current: str, cells: int) -> str:
    """As many keys as there is room for; the screen that is shown stands in brackets."""
    words: list[str] = []
    for one in actions:
        if one.footer:
            word = f"{one.shown_keys.partition(' ')[0]} {one.label}"
            words.append(f"[{word}]" if one.id == f"screen.{current}" else word)
    text = "  ".join(words)
    if width(text) > cells:
        text = " ".join(word if word.startswith("[") else word.split(" ")[0] for word in words[:-4])
        text += "  " + "  ".join(words[-4:])
    return cut(text, cells)
