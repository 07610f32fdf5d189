"""The words for a model: a brief as numbered lines of data, and what to do with them. Templates lie in `prompts/`."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import jinja2

from diag.errors import DiagError, UsageError
from diag.llm.brief import CHARS_PER_TOKEN, Brief, Fact, Step
from diag.report.sanitize import visible

_VERSION = re.compile(r"\{# version: (\d+)")
_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")  # of BCP 47, as far as it names a language
_SHARED = ("_fence.j2", "_language.j2")
Task = Literal["explain", "ask"]
_APART = ("ruled_out", "unchecked")  # kinds of facts that have a list of their own
_FRAME = 80  # tokens of headings, fences, and of what stands between the parts of a step


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is sent: the task, and the data. `version` names the templates that it was made with."""

    version: str
    system: str
    user: str

    @property
    def tokens(self) -> int:
        """About how many tokens it has."""
        return tokens_of(self.system + self.user)

    @property
    def digest(self) -> str:
        """A hash of the whole text, which tells two prompts apart and nothing else."""
        return hashlib.sha256(f"{self.version}\0{self.system}\0{self.user}".encode()).hexdigest()


def tokens_of(text: str) -> int:
    """About how many tokens a text has."""
    return int(len(text) / CHARS_PER_TOKEN) + 1


def checked_language(tag: str) -> str:
    """A language tag that may stand in a prompt. Raises UsageError for what is none."""
    if not _TAG.fullmatch(tag):
        raise UsageError(f"{tag!r} names no language", hint="write a tag such as en, de or pt-BR")
    return tag


def prompt(brief: Brief, *, language: str = "en") -> Prompt:
    """The prompt of one brief. A line of it holds one fact, link or step, whatever stands in the cluster."""
    return _rendered("explain", _told(brief), language)


def question_prompt(brief: Brief, question: str, before: Sequence[tuple[str, str]], *, language: str = "en") -> Prompt:
    """The prompt of a question about a brief; `before` are questions and answers of this talk, the oldest first."""
    earlier = [_line(mark, text) for pair in before for mark, text in zip(("Q", "A"), pair, strict=True)]
    return _rendered("ask", _told(brief) | {"before": earlier, "question": _line("Q", question)}, language)


def _told(brief: Brief) -> dict[str, Any]:
    return {
        "facts": [_fact(one) for one in brief.facts if one.kind not in _APART],
        "links": [_line(one.id, f"{one.effect} because of {one.cause}: {one.why}") for one in brief.links],
        "steps": [_step(one) for one in brief.steps],
        "ruled_out": [_fact(one) for one in brief.facts if one.kind == "ruled_out"],
        "unchecked": [_fact(one) for one in brief.facts if one.kind == "unchecked"],
        "left_out": brief.left_out,
    }


def _rendered(task: Task, told: Mapping[str, Any], language: str) -> Prompt:
    environment = _environment()
    return Prompt(
        version=version(task),
        system=environment.get_template(f"{task}.system.j2").render(language=language).strip(),
        user=environment.get_template(f"{task}.user.j2").render(told).strip(),
    )


def room(budget: int) -> int:
    """How many tokens of a budget are left for the brief, once the task itself is written."""
    empty = Brief(cause="", name="", confidence="", facts=())
    return max(budget - prompt(empty).tokens - _FRAME, 200)


@cache
def version(task: Task = "explain") -> str:
    """The versions of a task's templates, in the order of their names: `1.1.1.1`."""
    parts = (*_SHARED, f"{task}.system.j2", f"{task}.user.j2")
    found = [_VERSION.match(_source(name)) for name in parts]
    return ".".join(each[1] for each in found if each)


def _fact(fact: Fact) -> str:
    return _line(fact.id, fact.whole)


def _step(step: Step) -> str:
    told: Iterable[str] = filter(
        None,
        (
            step.text,
            f"command: {step.command}" if step.command else "",
            f"only if: {step.condition}" if step.condition else "",
            f"risk: {step.risk}; who: {step.who}",
        ),
    )
    return _line(step.id, "; ".join(told))


def _line(key: str, text: str) -> str:
    """One line: no value can end it, so none can leave the fence or begin another fact."""
    return f"{key}: {visible(text)}"


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  # a prompt is plain text
    )


def _source(name: str) -> str:
    try:
        return (resources.files("diag.prompts") / name).read_text(encoding="utf-8")
    except OSError as error:
        raise DiagError(f"the template {name} is missing from this installation", hint="install again") from error
