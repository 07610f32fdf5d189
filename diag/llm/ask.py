"""Questions about a cause, one after another: the same facts, the same gate, the same checker as an explanation.

    talk = Conversation(report, engine, choice)
    turn = talk.ask("Which pod blocks the drain?", say=show)   # `show` is given each sentence once it is proven
    turn.sentences or SAYS_NOTHING

Without an engine, and where it fails, the facts themselves answer. What nothing proves is not said.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from diag.document import CauseRow, CheckedRow, DroppedRow, Report, Row, SentenceRow
from diag.llm import audit
from diag.llm.answer import NoFormError, form, says_nothing
from diag.llm.brief import Brief, brief
from diag.llm.engines.engine import LARGE, Engine, EngineError, Reply
from diag.llm.facts_alone import answered, unknown_name
from diag.llm.form import Form, Sentence
from diag.llm.prompt import Prompt, question_prompt, room, tokens_of
from diag.llm.tell import Choice, Question, asked, dropped_rows, entry, gated, key_of, sentence_row
from diag.views.wording import counted

if TYPE_CHECKING:
    from diag.llm.check import Checked

SAYS_NOTHING = "The snapshot does not say."
LONGEST = 600  # characters of a question
_BEFORE = 0.25  # of the budget, for what was asked before
_NO_LIMIT = 1_000_000  # tokens


class StoppedError(EngineError):
    """Somebody does not want to wait for the answer any more."""


class Turn(Row, kw_only=True):
    """A question and its answer; no sentences: the snapshot does not say. `note` tells who answered."""

    question: str
    cause: str
    engine: str
    model: str | None
    sentences: list[SentenceRow]
    note: str
    checked: CheckedRow = msgspec.field(default_factory=lambda: CheckedRow(sentences=0, kept=0, dropped=0))
    dropped: list[DroppedRow] = msgspec.field(default_factory=list)
    failed: str = ""
    hint: str | None = None

    @property
    def text(self) -> str:
        """The answer in one line."""
        return " ".join(each.text for each in self.sentences) or SAYS_NOTHING


class Conversation:
    """Questions about one cause. `turns` are what was said so far, the oldest first; `facts` what a model is told."""

    def __init__(
        self, report: Report, engine: Engine | None, choice: Choice, *, cause: CauseRow, turns: Sequence[Turn] = ()
    ) -> None:
        self.report, self.engine, self.choice, self.cause = report, engine, choice, cause
        self.turns = list(turns)
        budget = engine.budget if engine else LARGE
        self._history = int(budget * _BEFORE)
        self.facts: Brief = brief(report, cause, tokens=room(budget - self._history))
        self._everything = brief(report, cause, tokens=_NO_LIMIT)

    def prompt(self, question: str) -> Prompt:
        """What would be sent, behind the gate."""
        plain = question_prompt(self.facts, question[:LONGEST], self._before(), language=self.choice.language)
        return gated(plain, self.choice, self.engine)

    def ask(
        self,
        question: str,
        *,
        say: Callable[[SentenceRow], None] = lambda _: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Turn:
        """The answer; `say` is given each sentence as soon as it is proven, `stopped` is asked while the model writes.

        Never raises for a model that fails: then the facts answer, and `failed` says why. A KeyboardInterrupt passes.
        """
        turn = self._turn(question.strip(), say, stopped)
        self.turns.append(turn)
        return turn

    def _turn(self, question: str, say: Callable[[SentenceRow], None], stopped: Callable[[], bool]) -> Turn:
        if missing := unknown_name(self._everything, question):
            return self._without(question, (), f"nothing that is known of {self.cause.id} speaks of {missing}")
        if self.engine is None:
            return self._from_facts(question, say, "")
        try:
            return self._from_model(question, self.engine, say, stopped)
        except EngineError as error:
            turn = self._from_facts(question, say, f"no model answered: {error.message}")
            turn.failed, turn.hint = error.message, error.hint
            return turn

    def _from_model(
        self, question: str, engine: Engine, say: Callable[[SentenceRow], None], stopped: Callable[[], bool]
    ) -> Turn:
        choice = self.choice
        one = Question(cause=self.cause, brief=self.facts, prompt=self.prompt(question), least=0)
        key = key_of(choice.cache, engine, one) if choice.cache else ""
        cached = choice.cache.get(key) if choice.cache else None
        listener = _Listener(self, say, stopped)
        if cached is None:
            if not engine.inside:
                choice.say(choice.spending.forecast(engine.model or engine.name, [one.prompt.tokens], engine.answer))
            calls = choice.spending.calls
            try:
                reply = asked(one, engine, choice, listener.piece)
            except EngineError:
                sent = choice.spending.calls - calls  # whatever came of it
                choice.spending.tokens_in += sent * one.prompt.tokens
                if sent:
                    self._audit(one, engine, Reply(text=""), None, cached=False)
                raise
            finally:
                if choice.spending.calls > calls and not engine.inside:
                    choice.say(choice.spending.told(engine.model))
        else:
            reply = Reply(text=choice.redactor.restored(cached))
        checked = listener.all_of(reply.text)
        nothing = checked is None and says_nothing(reply.text)
        self._audit(one, engine, reply, checked, cached=cached is not None)
        if checked is None and not nothing:
            raise EngineError(f"{engine.model}: the answer is no form with sentences")
        if choice.cache and cached is None:
            from diag.llm.check.english import is_english  # noqa: PLC0415  # as for check

            choice.cache.put(key, choice.redactor.text(reply.text, word=is_english))
        return self._told(question, engine, checked)

    def _told(self, question: str, engine: Engine, checked: "Checked | None") -> Turn:
        if checked is None:
            return self._without(
                question, (), f"as far as {engine.model} can tell; --llm off lists the facts that come nearest", engine
            )
        note = f"in the words of {engine.model}, each sentence checked against the evidence"
        if not checked.kept:
            none = f"of {engine.model}'s {counted(checked.sentences, 'sentence')} none could be proven"
            note = f"{none}; --llm off lists the facts that come nearest"
        elif checked.dropped:
            note += f"; {counted(len(checked.dropped), 'sentence')} that could not be proven left out"
        turn = self._without(question, [sentence_row(each, self.facts) for each in checked.kept], note, engine)
        turn.checked = CheckedRow(sentences=checked.sentences, kept=len(checked.kept), dropped=len(checked.dropped))
        turn.dropped = dropped_rows(checked, self.choice)
        return turn

    def _from_facts(self, question: str, say: Callable[[SentenceRow], None], why: str) -> Turn:
        rows = answered(self._everything, question)
        for row in rows:
            say(row)
        told = "the facts themselves" if rows else "no fact speaks of it"
        return self._without(question, rows, f"{told}; {why}" if why else told)

    def _without(self, question: str, rows: Sequence[SentenceRow], note: str, engine: Engine | None = None) -> Turn:
        return Turn(
            question=question, cause=self.cause.id, engine=engine.name if engine else "template",
            model=engine.model if engine else None, sentences=list(rows), note=note,
        )  # fmt: skip

    def _before(self) -> list[tuple[str, str]]:
        """What was said before, as far as there is room: the newest turns."""
        kept: list[tuple[str, str]] = []
        left = self._history
        for turn in reversed(self.turns):
            left -= tokens_of(turn.question + turn.text)
            if left < 0:
                break
            kept.append((turn.question[:LONGEST], turn.text))
        return kept[::-1]

    def _audit(self, one: Question, engine: Engine, reply: Reply, checked: "Checked | None", *, cached: bool) -> None:
        if self.choice.audit is not None:
            audit.record(self.choice.audit, entry(one, engine, self.choice, reply, checked, cached=cached))


class _Listener:
    """Checks an answer while it comes, sentence by sentence."""

    def __init__(self, talk: Conversation, say: Callable[[SentenceRow], None], stopped: Callable[[], bool]) -> None:
        self.talk, self.say, self.stopped = talk, say, stopped
        self.text, self.seen = "", 0

    def piece(self, text: str) -> None:
        if self.stopped():
            raise StoppedError("stopped before the answer was complete")
        self.text += text
        if "}" in text:
            for sentence in self._new(self.talk.choice.redactor.restored(self.text)):
                self._tell(sentence)

    def all_of(self, text: str) -> "Checked | None":
        """The verdict on the whole answer, what was not told yet told now; None where it holds no sentence."""
        for sentence in self._new(text):
            self._tell(sentence)
        try:
            return self._checked(form(text).sentences)
        except NoFormError:
            return None

    def _new(self, text: str) -> Iterator[Sentence]:
        try:
            sentences = form(text).sentences
        except NoFormError:
            return
        for sentence in sentences[self.seen :]:
            self.seen += 1
            yield sentence

    def _tell(self, sentence: Sentence) -> None:
        for kept in self._checked((sentence,)).kept:
            self.say(sentence_row(kept, self.talk.facts))

    def _checked(self, sentences: tuple[Sentence, ...]) -> "Checked":
        from diag.llm.check import check  # noqa: PLC0415  # needs an extra; without a model nothing is checked

        try:
            return check(Form(sentences=sentences), self.talk.facts, language=self.talk.choice.language)
        except Exception as error:
            raise EngineError(f"the checker failed on the answer ({type(error).__name__})") from error
