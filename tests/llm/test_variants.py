"""True sentences with one thing changed that nothing cited holds: not one gets through."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from diag.llm.brief import Brief
from diag.llm.check import check
from diag.llm.form import Form, Sentence

HERE = Path(__file__).parent
_NUMBER = re.compile(r"(?<![\w./:=@-])\d+(?:\.\d+)?(?![\w./:=@-]*\w)")
_FLAG = re.compile(r"--[a-z]+(?:-[a-z]+)+")


def _true() -> Iterator[tuple[Brief, dict[str, Any]]]:
    for path in sorted((*(HERE / "corpus").glob("*.json"), *(HERE / "corpus2").glob("*.json"))):
        told = json.loads(path.read_text("utf-8"))
        brief = msgspec.convert(told["brief"], Brief)
        for row in told["sentences"]:
            if row["true"] and row.get("language", "en") == "en":
                yield brief, row


def _put(text: str, found: re.Match[str], new: str) -> str:
    return text[: found.start()] + new + text[found.end() :]


def _renamed(brief: Brief, text: str, whole: str) -> Iterator[tuple[str, str]]:
    for name in sorted({ref.name for fact in brief.facts for ref in fact.about}):
        for found in re.finditer(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", text):
            for new in (f"{name}-b", name[:-1] + ("w" if name[-1] != "w" else "v"), f"x{name}"):
                if new not in whole:
                    yield "name", _put(text, found, new)


def _variants(brief: Brief, text: str) -> Iterator[tuple[str, str]]:
    whole = "\n".join((*(one.whole for one in brief.facts), *(f"{one.text} {one.command}" for one in brief.steps)))
    yield from _renamed(brief, text, whole)
    for found in _NUMBER.finditer(text):
        for new in ("23", "47", "361", "5.75"):
            if new not in whole:
                yield "number", _put(text, found, new)
    for found in _FLAG.finditer(text):
        for new in (found[0].rpartition("-")[0], f"{found[0]}s", found[0].replace("--", "--no-", 1)):
            if not re.search(rf"{re.escape(new)}(?![\w-])", whole):
                yield "flag", _put(text, found, new)
    for command in ("kubectl delete pods --all", "kubectl drain gpu-node-99 --force", "nvidia-smi --gpu-reset"):
        yield "command", f"{text} Run `{command}`."


def test_of_sentences_in_several_voices_and_idioms_no_such_variant_gets_through_either() -> None:
    """Each seventh of them; a command that the cited step tells in its own words is no falsehood."""
    through, count = [], 0
    for path in sorted((*(HERE / "corpus6").glob("*.json"), *(HERE / "corpus8").glob("*.json"))):
        told = json.loads(path.read_text("utf-8"))
        brief = msgspec.convert(told["brief"], Brief)
        for row in told["sentences"]:
            for at, (kind, text) in enumerate(_variants(brief, row["text"]) if row["true"] else ()):
                if (at + len(text)) % 7:
                    continue
                count += 1
                sentence = Sentence(
                    text=text, facts=tuple(row["facts"]), because=row["because"], steps=tuple(row["steps"])
                )
                if check(Form(sentences=(sentence,)), brief).kept:
                    through.append(f"{kind}: {text}")
    assert not through, "\n".join(through)
    assert count >= 200


@pytest.mark.parametrize("wanted", ["16", "32"])
def test_one_number_is_not_told_on_both_sides_of_a_contrast(wanted):
    told = json.loads((HERE / "corpus2" / "yunikorn-gang-larger-than-queue.json").read_text("utf-8"))
    text = f"Its gang wants {wanted} nvidia.com/gpu, while queue root.research may hold at most 16."

    checked = check(Form(sentences=(Sentence(text=text, facts=("F1",)),)), msgspec.convert(told["brief"], Brief))

    assert bool(checked.kept) == (wanted == "32"), checked


def test_no_variant_with_a_foreign_number_name_flag_or_command_gets_through() -> None:
    counts: Counter[str] = Counter()
    through = []
    for brief, row in _true():
        for kind, text in _variants(brief, row["text"]):
            counts[kind] += 1
            sentence = Sentence(text=text, facts=tuple(row["facts"]), because=row["because"], steps=tuple(row["steps"]))
            if check(Form(sentences=(sentence,)), brief).kept:
                through.append(f"{kind}: {text}")
    assert not through, "\n".join(through)
    assert counts.total() >= 300
    assert set(counts) == {"number", "name", "flag", "command"}
