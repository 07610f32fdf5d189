"""A redacted snapshot gives the same causes, counts and links, and holds nothing that names somebody."""

from collections import Counter
from pathlib import Path

import pytest

from diag.api import capture, scan
from diag.redact.keys import KeyFile

CASES = Path(__file__).parents[1] / "cases"
REAL = sorted((CASES.parent / "real" / "scenarios").glob("*/objects.json.gz"))
STEMS = sorted(path.name.removesuffix(".expected.json") for path in CASES.glob("*.expected.json"))
KEY = b"k" * 32


def sources(stem):
    return [path for path in (CASES / f"{stem}.json", CASES / f"{stem}.logs.json") if path.exists()]


def said(report, back=lambda text: text):
    """What a report says but for its words. Of several objects at fault the first by name is the root: all count."""
    findings = {found.id: found for found in report.findings}

    def refs(*found):
        return tuple(sorted({(ref.kind, back(ref.namespace), back(ref.name)) for ref in found}))

    def subject(key):
        return findings[key].name, refs(findings[key].subject, *findings[key].members)

    causes = Counter(
        (
            one.name, one.rule, one.severity, one.confidence, one.since, subject(one.finding), len(one.symptoms),
            one.affected.workloads, one.affected.pods, one.affected.gpus, one.affected.gpus_lost,
            refs(*one.affected.objects), tuple(sorted((row.name, row.status) for row in one.alternatives)),
        )
        for one in report.causes
    )  # fmt: skip
    links = Counter((subject(link.cause), subject(link.symptom)) for link in report.links)
    found = Counter((one.severity, one.confidence, one.role, subject(one.id)) for one in report.findings)
    return causes, links, found, report.stats


@pytest.mark.parametrize(
    "paths", [*map(sources, STEMS), *([path] for path in REAL)], ids=[*STEMS, *(p.parent.name for p in REAL)]
)
def test_the_causes_counts_and_links_are_those_of_the_clear_snapshot(paths, tmp_path):
    made = capture(paths, form="plain", redact=KeyFile(tmp_path / "key", KEY))
    (tmp_path / "redacted.jsonl").write_bytes(made.packed)
    names = KeyFile(tmp_path / "key", KEY).pseudonyms()
    clear, redacted = scan(paths), scan([tmp_path / "redacted.jsonl"])

    assert said(redacted, names.restored) == said(clear)
