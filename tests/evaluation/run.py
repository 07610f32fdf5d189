"""Lets an engine explain the shipped cases, and says how well: `make eval`, `make eval EVAL_FLAGS="--llm local …"`.

    run.py --llm off                                  # the template
    run.py --llm local --model FILE.gguf --sample 8   # eight cases, the same ones each time
    run.py --llm https://HOST/v1 --model NAME --write # a row in docs/evaluation.md

Of each case its first cause is explained. The root counts as stated where a sentence names the object that the case
expects. Numbers of tokens are those of the server where it tells them.
"""

import argparse
import datetime as dt
import json
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from second import objections

from diag import __version__
from diag.api import scan
from diag.llm.answer import NoFormError, form
from diag.llm.check import check
from diag.llm.engines.choose import engine_for
from diag.llm.engines.engine import Engine, EngineError
from diag.llm.spending import Spending
from diag.llm.tell import Choice, asked, questions
from diag.redact.names import named_in
from diag.redact.pseudonyms import Pseudonyms
from diag.redact.redact import Redactor
from diag.report.look import Look
from diag.report.prose import with_explanations
from diag.views.narrow import narrowed

HERE = Path(__file__).resolve().parent
CASES = HERE.parent / "cases"
PAGE = HERE.parent.parent / "docs" / "evaluation.md"


@dataclass(slots=True)
class Tally:
    """What was counted. Sentences are a model's; `unsupported` were kept, and the second check objects."""

    cases: int = 0
    answered: int = 0
    stated: int = 0
    sentences: int = 0
    kept: int = 0
    cited: int = 0
    unsupported: list[str] = field(default_factory=list)
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0


def main() -> None:
    """Runs the cases, prints a row, and writes it where asked."""
    options = _options()
    engine = engine_for(options.llm, options.model)
    stems = sorted(path.name.removesuffix(".expected.json") for path in CASES.glob("*.expected.json"))
    stems = [stem for stem in stems if _truth(stem).get("cause")]
    if options.sample:
        stems = sorted(random.Random(7).sample(stems, options.sample))
    tally = Tally()
    for stem in stems:
        began = time.monotonic()
        try:
            _case(stem, engine, tally, options.timeout)
        except EngineError as error:
            print(f"{stem}: {error.message}", file=sys.stderr)
        tally.seconds += time.monotonic() - began
        print(f"{stem}: {tally.kept}/{tally.sentences} sentences kept so far", file=sys.stderr, flush=True)
    if engine is not None:
        engine.close()
    row = _row(engine, tally)
    print(row)
    for each in tally.unsupported:
        print(f"  unsupported: {each}")
    if options.write:
        PAGE.write_text(f"{PAGE.read_text(encoding='utf-8').rstrip()}\n{row}\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llm", default="off")
    parser.add_argument("--model")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=300.0)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _truth(stem: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((CASES / f"{stem}.expected.json").read_text(encoding="utf-8"))
    return told


def _case(stem: str, engine: Engine | None, tally: Tally, timeout_s: float) -> None:
    tally.cases += 1
    report = scan([path for path in (CASES / f"{stem}.json", CASES / f"{stem}.logs.json") if path.exists()])
    if not report.causes:
        return
    report = narrowed(report, {report.causes[0].id})
    truth = _truth(stem)
    names = {each["name"] for each in (truth["root_object"], *truth.get("accept_root", ()))}
    if engine is None:
        text = (with_explanations(report, Look()).explanations or [])[0].text
        tally.answered += 1
        tally.stated += any(name in text for name in names)
        return
    choice = Choice(
        redactor=Redactor(Pseudonyms(b"evaluation"), named_in(report)), timeout_s=timeout_s,
        spending=Spending(most_calls=9, most_tokens=10**9),
    )  # fmt: skip
    (one,) = questions(report, choice, engine)
    reply = asked(one, engine, choice)
    tally.tokens_in += choice.spending.tokens_in
    tally.tokens_out += choice.spending.tokens_out
    try:
        checked = check(form(reply.text), one.brief)
    except NoFormError:
        return
    tally.answered += 1
    tally.sentences += checked.sentences
    tally.kept += len(checked.kept)
    against = {sentence.text: objections(sentence, one.brief) for sentence in checked.kept}
    tally.cited += sum(not found for found in against.values())
    tally.unsupported += [f"{stem}: {text} ({', '.join(found)})" for text, found in against.items() if found]
    tally.stated += any(name in sentence.text for sentence in checked.kept for name in names)


def _row(engine: Engine | None, tally: Tally) -> str:
    def share(part: int, whole: int) -> str:
        return f"{part} of {whole}" if whole else "–"

    cells = (
        f"{engine.name}: {engine.model}" if engine else "template",
        __version__,
        dt.datetime.now(dt.UTC).date().isoformat(),
        share(tally.answered, tally.cases),
        share(tally.stated, tally.cases),
        share(tally.kept, tally.sentences),
        share(tally.cited, tally.kept),
        str(len(tally.unsupported)) if engine else "–",
        f"{tally.tokens_in / max(tally.cases, 1):.0f} / {tally.tokens_out / max(tally.cases, 1):.0f}"
        if engine
        else "–",
        f"{tally.seconds / max(tally.cases, 1):.1f}",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
