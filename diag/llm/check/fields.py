"""Fields that are cited with their values: each is told with its own value, and each value of its own object."""

import re
from dataclasses import dataclass

from diag.llm.check.english import is_plain
from diag.llm.check.support import Support

_FIELD = re.compile(r"^(\S+) (\S+) (\S+): \"?([^\"\n]{1,80}?)\"?$")
_LAST = re.compile(r"[\w-]+(?=\"?\]?$)|(?<=/)[\w.-]+(?=\"\]$)")
_CLAUSE = re.compile(r"[,;:](?=\s)|\b(?:and|but|while|whereas|although|though|because|so|since|which)\b")


_TOLD = (
    r"(?: on \S+| of \S+)? ?(?:=|is |are |was |reads |says |equals |(?:is |was |has been )?set to )"
    r"(?:still |only |just |the value |set to |given as )*[\"'`]?(?P<value>[\w./:-]*\w)(?P<rest>[^,;]*)"
)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of one object: its path without indexes, how it is called, and its value, in lower case."""

    names: frozenset[str]
    path: str
    called: frozenset[str]
    value: str


def _fields(support: Support) -> list[_Field]:
    found = []
    for source in support.sources:
        told = _FIELD.match(source.text) if source.kind == "evidence" else None
        if told is None:
            continue
        path = re.sub(r"\[\d+\]", "", told[3])
        label = re.search(r"\[\"([^\"]+)\"\]$", path)
        key = label[1] if label else path.rpartition(".")[2]
        called = frozenset(one.casefold() for one in (key, key.rpartition("/")[2]) if one)
        found.append(_Field(source.names, path, called, told[4].casefold()))
    return found


def other_value(text: str, support: Support) -> str | None:
    """A field that is told with another value than it is cited with ("mig.strategy is mixed")."""
    known = _fields(support)
    for field in known:
        for name in field.called:
            if re.fullmatch(r"[a-z]+", name) and len(name) < 6:  # noqa: PLR2004  a word like "type" or "name"
                continue
            said = re.search(rf"(?i)(?<![\w./-]){re.escape(name)}(?![\w/-]){_TOLD}", text)
            if said and not any(_same(said["value"], said["rest"], one.value) for one in known if name in one.called):
                return f"{name} {said['value']}"
    return None


def _same(said: str, rest: str, value: str) -> bool:
    """Whether what is said is the value, begins it, or is no value at all but the beginning of a remark."""
    said = said.casefold()
    if said == value or value.startswith(f"{said} ") or (value in said and len(value) > 3):  # noqa: PLR2004
        return True
    if re.fullmatch(r"\d[\d.]*", said):
        return re.sub(r"\D+$", "", value) == said
    return bool(rest.strip(" .\"'`!)")) and is_plain(said)


def of_another_object(text: str, support: Support) -> str | None:
    """A value that a field of another cited object has, told of one that has its own ("a runs on x", where b does)."""
    known = _fields(support)
    for clause in _CLAUSE.split(text):
        lowered = clause.casefold()
        for field in known:
            others = [
                one
                for one in known
                if one.path == field.path and one.value != field.value and not one.names & field.names
            ]
            if not others or not _in(field.names, lowered) or _in(frozenset((field.value,)), lowered):
                continue
            for other in others:
                if _in(frozenset((other.value,)), lowered) and not _in(other.names, lowered):
                    return f"{other.value} of {min(field.names)}"
    return None


def _in(names: frozenset[str], text: str) -> bool:
    return any(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) for name in names)
