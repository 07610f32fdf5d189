"""What is typed after `:`, the words of the command line: where they lead, and what they filter there."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from diag.errors import UsageError

_FILTER = "--filter"
# Commands that do here what an action of the TUI does.
DOES = {
    "fit": "fit", "diff": "compare", "report": "export", "snapshot save": "snapshot",
    **dict.fromkeys(("q", "quit", "exit"), "quit"),
}  # fmt: skip
# Commands that print what a screen shows. Those of a subject go to its cause first.
SHOWN = {
    "scan": "causes", "explain": "causes", "timeline": "timeline", "gpus": "gpus", "queues": "queues",
    "topology": "topology", "graph": "causes", "clusters": "clusters", "coverage": "coverage",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`word` is a command or the name of a screen, empty where none is typed; `subject` what stands behind it."""

    word: str
    subject: str
    filters: str = ""


def command(typed: str, screens: Sequence[str], again: str | None) -> Command:
    """What a line means. The flags of `again`, which look at what is shown already, may stand in it, as `!` shows them.

    Raises UsageError where quotes do not close, or a flag asks for what cannot be changed while the TUI is open.
    """
    try:
        words = shlex.split(typed)
    except ValueError as error:
        raise UsageError(f"{typed[:60]!r}: {error}", hint='close the quotes, as in --filter "a b"') from error
    words = _without(words[1:] if words[:1] == ["diag"] else words, shlex.split(again or ""))
    plain, filters = [], []
    while words:
        word = words.pop(0)
        if word == _FILTER or word.startswith(f"{_FILTER}="):
            value = word.partition("=")[2] if "=" in word else words.pop(0) if words else ""
            if not value:
                raise UsageError("--filter needs terms", hint="as in --filter sev:error")
            filters.append(value)
        elif word.startswith("-") and word != "-":
            hint = "filter with --filter, as in gpus --filter ns:ml; leave diag for other flags"
            raise UsageError(f"{word} cannot be changed here", hint=hint)
        else:
            plain.append(word)
    known = {*screens, *SHOWN, *DOES}
    length = 2 if " ".join(plain[:2]) in DOES else 1 if plain[:1] and plain[0] in known else 0
    return Command(word=" ".join(plain[:length]), subject=" ".join(plain[length:]), filters=" ".join(filters))


def _without(words: Sequence[str], known: Sequence[str]) -> list[str]:
    """The words without a run of others."""
    for at in range(len(words) - len(known) + 1) if known else ():
        if list(words[at : at + len(known)]) == list(known):
            return [*words[:at], *words[at + len(known) :]]
    return list(words)
