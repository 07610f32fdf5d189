"""Causes in a model's words: brief, prompt, gate, call, check. What cannot be proven is dropped; the template stays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from diag.document import CauseRow, CheckedRow, DroppedRow, ExplanationRow, Report, SentenceRow
from diag.facts.masking import mask
from diag.llm import audit
from diag.llm.answer import NoFormError, form, schema
from diag.llm.brief import Brief, brief
from diag.llm.cache import Cache
from diag.llm.engines.engine import LARGE, Ask, Engine, EngineError, Hooks, Reply
from diag.llm.form import Sentence
from diag.llm.prompt import Prompt, prompt, room, tokens_of
from diag.llm.spending import Spending
from diag.redact.redact import Redactor
from diag.views.wording import counted

if TYPE_CHECKING:
    from diag.llm.check import Checked

_LEAST_KEPT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How models are asked. `redact` is for those outside of this machine's processes."""

    redactor: Redactor
    spending: Spending
    language: str = "en"
    redact: bool = True
    timeout_s: float = 60.0
    cache: Cache | None = None
    audit: Path | None = None
    show_dropped: bool = False
    say: Callable[[str], None] = field(default=lambda _: None)
    progress: Callable[[str], None] = field(default=lambda _: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The report with what the model said of it; `failed` says why a cause went without, `interrupted` on Ctrl-C."""

    report: Report
    failed: str = ""
    hint: str | None = None
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One cause as it is sent."""

    cause: CauseRow
    brief: Brief
    prompt: Prompt  # as it leaves us
    least: int = 1  # sentences that an answer has to have


def questions(report: Report, choice: Choice, engine: Engine | None) -> list[Question]:
    """What would be sent for each cause of a report: behind the gate, so this is also what a preview shows."""
    budget = engine.budget if engine else LARGE
    made = []
    for cause in report.causes:
        facts = brief(report, cause, tokens=room(budget))
        sent = gated(prompt(facts, language=choice.language), choice, engine)
        made.append(Question(cause=cause, brief=facts, prompt=sent))
    return made


def gated(plain: Prompt, choice: Choice, engine: Engine | None) -> Prompt:
    """A prompt as it may leave us: without names unless the model is inside, and without secrets always."""
    gate = choice.redactor.text if choice.redact and not (engine and engine.inside) else mask
    return Prompt(version=plain.version, system=gate(plain.system), user=gate(plain.user))


def tell(report: Report, engine: Engine, choice: Choice) -> Told:
    """Asks the model about each cause. Never raises for a model that fails: its causes keep the template alone."""
    each = questions(report, choice, engine)
    kept = [None if choice.cache is None else choice.cache.get(key_of(choice.cache, engine, one)) for one in each]
    fresh = [one.prompt.tokens for one, cached in zip(each, kept, strict=True) if cached is None]
    if fresh and not engine.inside:
        choice.say(choice.spending.forecast(engine.model or engine.name, fresh, engine.answer))
    rows, failed, hint, over, interrupted = list[ExplanationRow](), "", None, "", False
    for one, cached in zip(each, kept, strict=True):
        row, why = None, over
        try:
            if not over:
                row, why = _one(one, engine, choice, cached)
        except EngineError as error:  # what failed once would fail for the next cause, too
            over = why = error.message
            hint = error.hint
        except KeyboardInterrupt:
            over = why = "interrupted"
            interrupted = True
        failed = failed or why
        rows.append(row or _stands_in(one, why))
    if choice.spending.calls and not engine.inside:
        choice.say(choice.spending.told(engine.model))
    told = _with(report, rows)
    return Told(report=told, failed=failed, hint=hint, interrupted=interrupted)


def _one(one: Question, engine: Engine, choice: Choice, cached: str | None) -> tuple[ExplanationRow | None, str]:
    """The row of one cause, and why there is none in the model's words, empty where there is."""
    calls = choice.spending.calls
    try:
        reply = Reply(text=choice.redactor.restored(cached)) if cached is not None else asked(one, engine, choice)
    except (EngineError, KeyboardInterrupt):
        sent = choice.spending.calls - calls  # whatever came of it
        choice.spending.tokens_in += sent * one.prompt.tokens
        if choice.audit is not None and sent:
            audit.record(choice.audit, entry(one, engine, choice, Reply(text=""), None, cached=False))
        raise
    answer = reply.text
    checked, why = None, ""
    from diag.llm.check import check  # noqa: PLC0415  # a preview needs no checker
    from diag.llm.check.english import is_english  # noqa: PLC0415  # as above

    try:
        checked = check(form(answer), one.brief, language=choice.language)
    except NoFormError as error:
        why = f"{engine.model}: {error}"
    except Exception as error:  # noqa: BLE001  # what cannot be checked is not shown, and costs no report
        why = f"the checker failed on what {engine.model} said ({type(error).__name__})"
    if cached is None and choice.cache is not None and not why:
        choice.cache.put(key_of(choice.cache, engine, one), choice.redactor.text(answer, word=is_english))
    if choice.audit is not None:
        audit.record(choice.audit, entry(one, engine, choice, reply, checked, cached=cached is not None))
    if checked is None:
        return None, why
    if not _enough(checked, one.brief):
        why = f"of {engine.model}'s {counted(checked.sentences, 'sentence')} only {len(checked.kept)} could be proven"
        if len(checked.kept) >= _LEAST_KEPT:
            why = f"none of {engine.model}'s {len(checked.kept)} proven sentences tells the cause"
        return _stands_in(one, why, checked, choice), why
    return _row(one, engine, checked, choice), ""


def asked(one: Question, engine: Engine, choice: Choice, piece: Callable[[str], None] = lambda _: None) -> Reply:
    """What the engine answers, with the names of the cluster; `piece` gets its text as it comes, without them."""
    written = 0

    def came(text: str) -> None:
        nonlocal written
        written += tokens_of(text)
        choice.progress(f"{engine.model} writes about {one.cause.id}: {written} tokens")
        piece(text)

    choice.progress(f"{engine.model or engine.name} reads about {one.cause.id}")
    about = one.prompt.tokens
    ask = Ask(
        system=one.prompt.system, user=one.prompt.user, schema=schema(one.brief, least=one.least),
        most_tokens=engine.answer, timeout_s=choice.timeout_s,
    )  # fmt: skip
    reply = engine.ask(ask, Hooks(request=lambda: choice.spending.request(about), piece=came))
    choice.spending.add(reply, about)
    return Reply(text=choice.redactor.restored(reply.text), tokens_in=reply.tokens_in, tokens_out=reply.tokens_out)


def _enough(checked: "Checked", facts: Brief) -> bool:
    """Two sentences at least, one of which tells the cause; less is no explanation."""
    causes = {fact.id for fact in facts.facts if fact.kind == "cause"}
    return len(checked.kept) >= _LEAST_KEPT and any(causes & set(one.facts) for one in checked.kept)


def key_of(cache: Cache, engine: Engine, one: Question) -> str:
    """The key of a question in the cache."""
    return cache.key(engine.name, engine.model, one.prompt.digest, str(engine.answer))


def _row(one: Question, engine: Engine, checked: "Checked", choice: Choice) -> ExplanationRow:
    note = f"in the words of {engine.model}, each sentence checked against the evidence"
    if checked.dropped:
        note += f"; {counted(len(checked.dropped), 'sentence')} that could not be proven left out"
    if checked.partial:
        note += f"; {checked.partial}"
    return ExplanationRow(
        cause=one.cause.id, engine=engine.name, model=engine.model, text="", citations=[],
        checked=_count(checked), sentences=[sentence_row(each, one.brief) for each in checked.kept], note=note,
        dropped=dropped_rows(checked, choice),
    )  # fmt: skip


def _stands_in(
    one: Question, why: str, checked: "Checked | None" = None, choice: Choice | None = None
) -> ExplanationRow:
    """The template alone, and why."""
    return ExplanationRow(
        cause=one.cause.id, engine="template", model=None, text="", citations=[],
        checked=_count(checked) if checked else CheckedRow(sentences=0, kept=0, dropped=0), sentences=[],
        note=f"the template explains alone: {why}",
        dropped=dropped_rows(checked, choice) if checked and choice else [],
    )  # fmt: skip


def _count(checked: "Checked") -> CheckedRow:
    return CheckedRow(sentences=checked.sentences, kept=len(checked.kept), dropped=len(checked.dropped))


def dropped_rows(checked: "Checked", choice: Choice) -> list[DroppedRow]:
    """What was dropped and why, where somebody wants to see it."""
    if not choice.show_dropped:
        return []
    return [
        DroppedRow(text=each.sentence.text, why=f"{each.why}: {each.detail}" if each.detail else each.why)
        for each in checked.dropped
    ]


def sentence_row(sentence: Sentence, facts: Brief) -> SentenceRow:
    """A sentence with the evidence of the facts that it cites."""
    by_id = {fact.id: fact for fact in facts.facts}
    evidence = dict.fromkeys(key for cited in sentence.facts for key in by_id[cited].evidence)
    return SentenceRow(text=sentence.text, citations=list(evidence))


def entry(
    one: Question, engine: Engine, choice: Choice, reply: Reply, checked: "Checked | None", *, cached: bool
) -> audit.Entry:
    """The line of a question in the audit trail."""
    return audit.Entry(
        engine=engine.name, model=engine.model, prompt=one.prompt.digest, prompt_version=one.prompt.version,
        redacted=choice.redact and not engine.inside, cached=cached, tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out, sentences=checked.sentences if checked else 0,
        kept=len(checked.kept) if checked else 0, failed=checked is None,
    )  # fmt: skip


def _with(report: Report, rows: Sequence[ExplanationRow]) -> Report:
    return msgspec.structs.replace(report, explanations=list(rows))
