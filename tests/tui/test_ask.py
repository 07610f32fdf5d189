"""Questions on the screen, to a model that is scripted and to none."""

import json
import threading

import pytest
from textual.widgets import Input
from tui_driver import app_of, drawn, settled

from diag.llm.ask import SAYS_NOTHING, Conversation
from diag.llm.engines.engine import Reply
from diag.llm.spending import Spending
from diag.llm.tell import Choice
from diag.redact.names import named_in
from diag.redact.pseudonyms import Pseudonyms
from diag.redact.redact import Redactor
from diag.tui.dialogs import Reader
from diag.tui.paragraphs import Paragraphs


class Scripted:
    """Says the same to every question; `gate` holds its answer back."""

    name, model, budget, answer, inside = "scripted", "script-1", 1500, 500, True

    def __init__(self, *sentences, gate=None):
        self.sentences, self.gate, self.asked = sentences, gate, []

    def ask(self, ask, hooks):
        hooks.request()
        self.asked.append(ask.user)
        text = json.dumps({"sentences": list(self.sentences)})
        hooks.piece(text)
        if self.gate is not None:
            self.gate.wait(30)
            hooks.piece(" ")
        return Reply(text=text)

    def close(self):
        pass


@pytest.fixture
def talking(demo):
    """An app with a model that says this, or with none."""

    def made(engine=None, why=""):
        def converse(report, cause):
            redactor = Redactor(Pseudonyms(b"k" * 32), named_in(report))
            choice = Choice(redactor=redactor, spending=Spending(most_calls=20, most_tokens=100_000))
            return Conversation(report, engine, choice, cause=cause), why

        return app_of(demo, source={"converse": converse})

    return made


def sentence(demo):
    """A sentence of which the first fact of the first cause is the proof, word for word."""
    from diag.llm.brief import brief  # noqa: PLC0415  # only here

    first = brief(demo.report, demo.report.causes[0], tokens=1500).facts[0]
    return {"text": first.text, "facts": [first.id], "because": None, "steps": []}


def said(app, _=None):
    return [one.text for one in app.screen_stack[0].query_one("#talk", Paragraphs).paragraphs]


def test_the_facts_answer_without_a_model_and_each_sentence_leads_to_its_evidence(drive, talking):
    async def talk(app, pilot):
        await pilot.press("7", *"why", "enter")
        await settled(app, pilot)
        pane = app.query_one("#talk", Paragraphs)
        at = next(at for at, one in enumerate(pane.paragraphs) if one.stands_for is not None)
        pane.focus()
        pane.go_to(0)
        pane.go_to(at)
        await settled(app, pilot)
        proof = app.query_one("#proof", Paragraphs)
        return said(app), pane.paragraphs[at].text, str(proof.border_title), len(app.lists.lists[0].lines)

    texts, first, place, pieces = drive(talking(), then=talk)

    assert texts[0] == "why"
    assert "[1]" in first
    assert place != "Where it stands"
    assert pieces > 0
    assert any("the facts themselves" in text for text in texts)


def test_a_model_is_told_what_was_said_before_and_its_unproven_sentences_are_counted(drive, talking, demo):
    false = {"text": "Node gpu-r9-77 has burnt down.", "facts": ["F1"], "because": None, "steps": []}
    engine = Scripted(sentence(demo), false)

    async def talk(app, pilot):
        await pilot.press("7", *"what is it", "enter")
        await settled(app, pilot)
        await pilot.press(*"and then", "enter")
        await settled(app, pilot)
        return said(app)

    texts = drive(talking(engine), then=talk)

    assert [text for text in texts if text in ("what is it", "and then")] == ["what is it", "and then"]
    assert sum(sentence(demo)["text"] in text for text in texts) == 2
    assert not any("burnt down" in text for text in texts)
    assert any("1 sentence that could not be proven left out" in text for text in texts)
    assert "what is it" in engine.asked[1]


def test_a_sentence_is_shown_while_the_model_still_writes_and_esc_ends_it(drive, talking, demo):
    gate = threading.Event()
    engine = Scripted(sentence(demo), gate=gate)

    async def talk(app, pilot):
        await pilot.press("7", *"what", "enter")
        for _ in range(100):
            await pilot.pause(0.05)
            if any(sentence(demo)["text"] in text for text in said(app)):
                break
        early = said(app)
        await pilot.press("escape")
        gate.set()
        await settled(app, pilot)
        return early, said(app)

    early, late = drive(talking(engine), then=talk)

    assert any(sentence(demo)["text"] in text for text in early)
    assert late == early  # nothing of an answer that nobody waits for


def test_it_is_told_why_no_model_takes_part(drive, talking):
    async def talk(app, pilot):
        await pilot.press("7", "enter")
        await settled(app, pilot)
        await pilot.press("enter")
        await settled(app, pilot)
        return said(app)

    assert drive(talking(why="no model: it is not there"), then=talk).count("no model: it is not there") == 1


def test_what_is_not_known_is_not_said(drive, talking, demo):
    async def talk(app, pilot):
        await pilot.press("7", *"is node zeppelin-77 full", "enter")
        await settled(app, pilot)
        return said(app)

    assert SAYS_NOTHING in drive(talking(Scripted(sentence(demo))), then=talk)


def test_the_facts_that_a_model_is_told_can_be_read(drive, talking):
    def shown(app, _):
        return isinstance(app.screen, Reader), "\n".join(drawn(app))

    is_reader, text = drive(talking(Scripted()), "F", then=shown)

    assert is_reader
    assert "stays in this process" in text
    assert "tokens" in text


def test_after_the_facts_keys_are_keys_again_and_who_went_on_is_not_bothered(drive, talking):
    async def read(app, pilot):
        await pilot.press("F")
        await settled(app, pilot)
        await pilot.press("escape", "8")
        await settled(app, pilot)
        screen = app.lists.id
        app.tell_facts()
        await settled(app, pilot)
        return screen, isinstance(app.screen, Reader)

    assert drive(talking(Scripted()), then=read) == ("clusters", False)


def test_another_cause_begins_another_talk_and_digits_are_typed(drive, talking):
    async def talk(app, pilot):
        await pilot.press("7", *"why 12")
        typed = app.query_one("#ask-question", Input).value
        await pilot.press("enter")
        await settled(app, pilot)
        before = len(said(app))
        await pilot.press("escape", "1", "j", "7")
        await settled(app, pilot)
        return typed, before, said(app)

    typed, before, after = drive(talking(), then=talk)

    assert typed == "why 12"
    assert before > 1
    assert len(after) == 1


def test_without_a_way_to_ask_it_says_so(drive, demo):
    from tui_driver import toasts  # noqa: PLC0415  # only here

    async def talk(app, pilot):
        await pilot.press("7", "enter")
        await settled(app, pilot)
        return toasts(app)

    assert any("nobody can be asked" in toast for toast in drive(app_of(demo), then=talk))
