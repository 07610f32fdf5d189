"""Reports whose every word is hostile: what a cluster, a log or a label may hold to break out of a format."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from diag.document import Report

SAMPLE = msgspec.json.decode((Path(__file__).parent / "report" / "sample.json").read_bytes(), type=Report)
_PIECES = (
    "</script>", "<script>alert(1)</script>", "<b>", "</details>", "<!--", "-->", "<![CDATA[", "]]>", "&amp;", "&#10;",
    "`", "```", "~~~", "[x](javascript:alert(1))", "![x](http://evil/x.png)", "<http://evil>", "::error::", "##[error]",
    "##vso[x]", "%0A", "\n", "\r\n", "\x1b[2J", "\x9b31m", "\ufffe", "\u202e", "\u2028", "\ud800", "\\", '"', "'",
    "{{ 7*7 }}", "{% x %}", "@octocat", "#1", "|", "*", "_", "$x$", "\x00", "- ", "1. ", "    ", "# h", "\n\n# h\n",
    "---", "..", "/", "%", ":", ",", "日本", "é", "javascript:x", "onload=", "\t",
)  # fmt: skip
nasty = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), min_size=1, max_size=6).map("".join).filter(bool)
# What diag itself writes: numbers, degrees, times.
_OURS = {
    "schema", "id", "finding", "severity", "confidence", "role", "cause", "symptom", "since", "now", "by", "status",
    "captured_at", "at", "phase", "bottleneck", "basis", "risk", "who", "until",
}  # fmt: skip


def spoiled(text: str, report: Report = SAMPLE) -> Report:
    """The report with `text` in every word that comes from outside: at its beginning, and once more at its end."""
    writable = text.encode("utf-8", "replace").decode()

    def changed(value: object, key: str = "") -> object:
        match value:
            case str() if key not in _OURS:
                return f"{writable}{value}{writable}"
            case list():
                return [changed(each, "id") for each in value]
            case dict():
                return {name: changed(each, "" if _is_cluster(name, value) else name) for name, each in value.items()}
            case _:
                return value

    return msgspec.convert(changed(report.to_dict()), Report)


def _is_cluster(name: str, row: dict[str, object]) -> bool:
    return name == "id" and "server_version" in row


def with_nasty_words(test: Callable[..., None]) -> Callable[..., None]:
    """The test with many nasty texts; its first run may import all rules, so none of them has a deadline."""
    return settings(deadline=None)(given(nasty)(test))
