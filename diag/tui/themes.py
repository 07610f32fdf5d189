"""Two themes on a blue and orange axis, for people who confuse red and green. Textual brings the others."""

from textual.theme import Theme


def _theme(name: str, *, dark: bool, background: str, surface: str, panel: str, foreground: str) -> Theme:
    # Okabe and Ito's palette: vermilion for errors, orange for warnings, blue for the rest.
    return Theme(
        name=name, dark=dark, background=background, surface=surface, panel=panel, foreground=foreground,
        primary="#0072b2", secondary="#56b4e9", error="#d55e00", warning="#e69f00", success="#009e73", accent="#cc79a7",
    )  # fmt: skip


THEMES = (
    _theme("safe-dark", dark=True, background="#101418", surface="#181d23", panel="#262d35", foreground="#f0f0f0"),
    _theme("safe-light", dark=False, background="#ffffff", surface="#f7f7f7", panel="#e4e8ec", foreground="#101010"),
)
