"""How often the checker is wrong: on sentences of somebody who had not read it (`corpus/README.md`), and on our own.

At first sight 3 of 97 strict falsehoods and 6 of 52 subtle ones got through, and 57 of 143 true sentences were kept;
`docs/model-use.md` tells how that was mended and what holds today.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from diag.llm.brief import Brief
from diag.llm.check import check
from diag.llm.form import Form, Sentence

CORPUS, OWN = Path(__file__).parent / "corpus", Path(__file__).parent / "corpus2"
LATER = Path(__file__).parent / "corpus3"  # of somebody who had seen neither the checker nor the other sentences
LATEST = Path(__file__).parent / "corpus4"  # of another who had not
PLAIN = Path(__file__).parent / "corpus5"  # what a good hosted model writes
VOICES = Path(__file__).parent / "corpus6"  # four sets in several voices, each tried once before it served
CHOSEN = Path(__file__).parent / "corpus7"  # falsehoods chosen by somebody who knew the checker
IDIOMS = Path(__file__).parent / "corpus8"  # six sets in idiomatic English, the last two of them clean controls
# Names, numbers, commands and causes: none may get through. The others are caught as far as possible.
STRICT = {
    "changed-flag", "invented-cause", "invented-command", "invented-time", "name-from-other-fact",
    "quantity-of-wrong-resource", "reversed-causality", "ruled-out-cause-asserted", "unlinked-because",
    "wrong-image-tag", "wrong-label-value", "wrong-name", "wrong-namespace", "wrong-number", "wrong-unit",
}  # fmt: skip
# What the author of `IDIOMS` calls them; the rest of those are subtle.
STRICT_IDIOMS = {
    "altered-flag", "cause-reversed", "invented-command", "invented-name", "wrong-cause", "wrong-image-or-label",
    "wrong-name",
    "wrong-namespace", "wrong-number", "wrong-quantity", "wrong-resource", "wrong-unit",
}  # fmt: skip
SUBTLE = {
    "dropped-condition", "inverted-comparison", "invented-consequence", "negation", "overclaimed-certainty",
    "swapped-subject", "unchecked-as-checked", "undocumented-remedy", "universal", "wrong-actor",
    "wrong-order-of-times", "wrong-risk",
}  # fmt: skip
MOST_SUBTLE = 1 / 50
LEAST_KEPT = 9 / 10


def _rows(folder: Path = CORPUS) -> Iterator[tuple[str, Brief, dict[str, Any]]]:
    for path in sorted(folder.glob("*.json")):
        told = json.loads(path.read_text("utf-8"))
        brief = msgspec.convert(told["brief"], Brief)
        for row in told["sentences"]:
            yield path.stem, brief, row


def _verdicts(folder: Path = CORPUS) -> list[tuple[dict[str, Any], bool, str]]:
    """Each sentence, whether the checker keeps it, and a line that tells it."""
    verdicts = []
    for name, brief, row in _rows(folder):
        sentence = msgspec.convert({key: row[key] for key in ("text", "facts", "because", "steps")}, Sentence)
        checked = check(Form(sentences=(sentence,)), brief, language=row.get("language", "en"))
        why = "" if checked.kept else f" [{checked.dropped[0]}]"
        verdicts.append((row, bool(checked.kept), f"{name} {row['kind']}: {row['text']}{why}"))
    return verdicts


@cache
def _kept(folder: Path) -> tuple[tuple[str, Brief, Sentence], ...]:
    """The true sentences in English that the checker keeps."""
    found = []
    for name, brief, row in _rows(folder):
        sentence = msgspec.convert({key: row[key] for key in ("text", "facts", "because", "steps")}, Sentence)
        if row["true"] and row.get("language", "en") == "en" and check(Form(sentences=(sentence,)), brief).kept:
            found.append((name, brief, sentence))
    return tuple(found)


@pytest.fixture(scope="module")
def verdicts() -> list[tuple[dict[str, Any], bool, str]]:
    return _verdicts()


def test_the_corpus_is_large_balanced_and_labelled() -> None:
    rows = list(_rows())
    kinds = Counter(row["kind"] for _, _, row in rows if not row["true"])
    true = sum(row["true"] for _, _, row in rows)
    assert len(rows) >= 240
    assert 0.45 < true / len(rows) < 0.55
    assert len(kinds) >= 20
    assert set(kinds) == STRICT | SUBTLE
    assert len({name for name, _, _ in rows}) >= 12


def test_every_citation_is_one_of_the_brief() -> None:
    for name, brief, row in (
        *_rows(),
        *_rows(OWN),
        *_rows(LATER),
        *_rows(LATEST),
        *_rows(PLAIN),
        *_rows(VOICES),
        *_rows(CHOSEN),
        *_rows(IDIOMS),
    ):
        known = {one.id for part in (brief.facts, brief.links, brief.steps) for one in part}
        cited = {*row["facts"], *row["steps"], *([row["because"]] if row["because"] else [])}
        assert cited, (name, row["text"])
        assert cited <= known, (name, row["text"])


def test_no_false_name_number_command_or_cause_gets_through(verdicts: list[tuple[dict[str, Any], bool, str]]) -> None:
    through = [line for row, kept, line in verdicts if row["kind"] in STRICT and kept]
    assert not through, "\n".join(through)


def test_subtler_falsehoods_hardly_get_through(verdicts: list[tuple[dict[str, Any], bool, str]]) -> None:
    subtle = [(kept, line) for row, kept, line in verdicts if row["kind"] in SUBTLE]
    through = [line for kept, line in subtle if kept]
    assert len(through) <= MOST_SUBTLE * len(subtle), "\n".join(through)


def test_true_sentences_are_kept(verdicts: list[tuple[dict[str, Any], bool, str]]) -> None:
    true = [(kept, line) for row, kept, line in verdicts if row["true"]]
    lost = [line for kept, line in true if not kept]
    assert len(true) - len(lost) >= LEAST_KEPT * len(true), f"{len(lost)} of {len(true)}\n" + "\n".join(lost)


def test_of_the_authors_own_sentences_no_strict_falsehood_gets_through_either() -> None:
    verdicts = _verdicts(OWN)
    strict = [line for row, kept, line in verdicts if row["kind"] in STRICT and kept]
    subtle = [line for row, kept, line in verdicts if row["kind"] in SUBTLE and kept]
    true = [kept for row, kept, _ in verdicts if row["true"]]
    assert not strict, "\n".join(strict)
    assert len(subtle) <= 5, "\n".join(subtle)
    assert len(true) >= 240
    assert sum(true) >= 0.8 * len(true)


def test_of_idiomatic_sentences_no_strict_falsehood_gets_through_though_half_of_the_true_ones_are_lost() -> None:
    """No bar is held here but the strict one: `docs/model-use.md` states what was measured at first sight."""
    verdicts = _verdicts(LATER)
    strict = [line for row, kept, line in verdicts if row["kind"] in STRICT and kept]
    subtle = [line for row, kept, line in verdicts if row["kind"] in SUBTLE and kept]
    assert not strict, "\n".join(strict)
    assert len(subtle) <= 1, "\n".join(subtle)
    assert sum(kept for row, kept, _ in verdicts if row["true"]) >= 81


def test_of_the_latest_sentences_no_strict_falsehood_gets_through() -> None:
    """Two did at first sight: a command that was the beginning of another, and a name told as another kind."""
    verdicts = _verdicts(LATEST)
    strict = [line for row, kept, line in verdicts if row["kind"] in STRICT and kept]
    subtle = [line for row, kept, line in verdicts if row["kind"] in SUBTLE and kept]
    assert not strict, "\n".join(strict)
    assert len(subtle) <= 1, "\n".join(subtle)
    assert sum(kept for row, kept, _ in verdicts if row["true"]) >= 77


_SAYS = re.compile(r"\b(?:is|are|was|were|has|have|can|will)\b(?! not| no\b)")


def test_a_not_put_into_a_true_sentence_is_mostly_noticed() -> None:
    through, put = [], 0
    for name, brief, sentence in (*_kept(CORPUS), *_kept(OWN)):
        for verb in _SAYS.finditer(sentence.text):
            text = f"{sentence.text[: verb.end()]} not{sentence.text[verb.end() :]}"
            put += 1
            if check(Form(sentences=(msgspec.structs.replace(sentence, text=text),)), brief).kept:
                through.append(f"{name}: {text}")
    assert put >= 200
    assert len(through) <= 0.12 * put, "\n".join(through)


def test_of_plain_sentences_no_strict_falsehood_gets_through_and_four_of_five_true_ones_are_kept() -> None:
    """At first sight of the last of them 33 of 52 true ones were kept, and 10 of 25 false ones got through."""
    verdicts = _verdicts(PLAIN)
    strict = [line for row, kept, line in verdicts if row["kind"] in STRICT and kept]
    subtle = [line for row, kept, line in verdicts if row["kind"] in SUBTLE and kept]
    true = [kept for row, kept, _ in verdicts if row["true"]]
    assert not strict, "\n".join(strict)
    assert len(subtle) <= 4, "\n".join(subtle)
    assert len(true) >= 160
    assert sum(true) >= 0.8 * len(true)


def test_in_several_voices_no_falsehood_gets_through_and_five_of_six_true_ones_are_kept() -> None:
    """At first sight 111 of 167 true ones were kept, and 5 of 78 strict and 8 of 82 subtle falsehoods got through."""
    verdicts = _verdicts(VOICES)
    false = [line for row, kept, line in verdicts if not row["true"] and kept]
    true = [(kept, line) for row, kept, line in verdicts if row["true"]]
    assert not false, "\n".join(false)
    assert len(true) >= 160
    assert sum(kept for kept, _ in true) >= 148, "\n".join(line for kept, line in true if not kept)


def test_of_falsehoods_that_were_chosen_for_the_checker_hardly_any_gets_through() -> None:
    verdicts = _verdicts(CHOSEN)
    strict = [line for row, kept, line in verdicts if row["kind"] in STRICT and kept]
    subtle = [line for row, kept, line in verdicts if row["kind"] in SUBTLE and kept]
    assert not strict, "\n".join(strict)
    assert len(verdicts) >= 60
    assert len(subtle) <= 3, "\n".join(subtle)


def test_of_idiomatic_falsehoods_no_strict_one_gets_through_and_five_of_six_true_sentences_are_kept() -> None:
    """At first sight of the last two sets 28 of 48 true ones were kept; 2 of 24 strict, 8 of 20 others got through."""
    verdicts = _verdicts(IDIOMS)
    strict = [line for row, kept, line in verdicts if row["kind"] in STRICT_IDIOMS and kept]
    subtle = [line for row, kept, line in verdicts if not row["true"] and row["kind"] not in STRICT_IDIOMS and kept]
    true = [(kept, line) for row, kept, line in verdicts if row["true"]]
    assert not strict, "\n".join(strict)
    assert len({row["kind"] for row, _, _ in verdicts if not row["true"]}) >= 20
    assert len(subtle) <= 2, "\n".join(subtle)
    assert len(true) >= 140
    assert sum(kept for kept, _ in true) >= 117, "\n".join(line for kept, line in true if not kept)


_DENIALS = (
    (r"\bcannot\b", "can"), (r"\b(does|do|did|is|are|was|were|has|have|could|can) not\b", r"\1"),
    (r"\b(does|do|did|is|are|was|were|has|have|could)n't\b", r"\1"), (r"\bno\b(?= [a-z])", "a"),
    (r"\bnone of\b", "all of"), (r"\bnever\b", "always"), (r"\bwithout\b", "with"),
)  # fmt: skip
_WHY = re.compile(r" (?:because|since|so|, which is why) ")


def _undenied(text: str) -> Iterator[str]:
    for denial, without in _DENIALS:
        for one in re.finditer(denial, text):
            yield text[: one.start()] + one.expand(without) + text[one.end() :]


def _reversed(text: str) -> Iterator[str]:
    for one in _WHY.finditer(text):
        front, behind = text[: one.start()].strip(" .,"), text[one.end() :].strip(" .,")
        yield f"{behind[:1].upper()}{behind[1:]}{one[0]}{front[:1].lower()}{front[1:]}."


@pytest.mark.parametrize(("turned", "most", "least"), [(_undenied, 0.19, 200), (_reversed, 0.22, 100)])
def test_a_not_taken_out_or_a_cause_put_behind_its_effect_is_mostly_noticed(turned, most, least) -> None:
    """Some of these are true nevertheless: what was not looked at, and a "so" that only goes on."""
    through, put = [], 0
    for folder in (CORPUS, OWN, LATER, LATEST, PLAIN, VOICES):
        for name, brief, sentence in _kept(folder):
            for text in turned(sentence.text):
                put += 1
                if check(Form(sentences=(msgspec.structs.replace(sentence, text=text),)), brief).kept:
                    through.append(f"{name}: {text}")
    assert put >= least
    assert len(through) <= most * put, "\n".join(through)
