"""Writes the briefs of the corpus anew from their snapshots, never the sentences. Run as a script."""

import json
from pathlib import Path
from typing import Any

import msgspec

from diag.api import scan
from diag.llm.brief import brief

HERE = Path(__file__).parent
TESTS = HERE.parents[1]
TOKENS = 1500  # the budget of a small local model


def fresh(source: str) -> dict[str, Any]:
    """The brief of the worst cause of a snapshot, as JSON; `source` is relative to tests/."""
    path = TESTS / source
    logs = path.with_suffix(".logs.json")
    report = scan([path, logs] if logs.exists() else [path])
    return dict(msgspec.to_builtins(brief(report, report.causes[0], tokens=TOKENS)))


def main() -> None:
    """Replace each brief; the sentences that cite it must then be read again."""
    for path in sorted(HERE.glob("*.json")):
        told = json.loads(path.read_text("utf-8"))
        told["brief"] = fresh(told["source"])
        path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
