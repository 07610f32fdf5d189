"""The report as a document: JSON, JSON Lines, YAML. The same snapshot gives the same bytes."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from diag.document import Report, Row
from diag.report.sanitize import escaped, hides_something


def as_json(report: Report) -> bytes:
    """One document, two blanks per level."""
    encoded = msgspec.json.encode(report, order="deterministic")
    return escaped(msgspec.json.format(encoded, indent=2)) + b"\n"


def as_jsonl(report: Report) -> bytes:
    """One record per line with its `type`: the head first, then causes, findings and the rest in the report's order."""
    return b"".join(escaped(msgspec.json.encode(each, order="deterministic")) + b"\n" for each in _records(report))


def _records(report: Report) -> Iterator[dict[str, Any]]:
    yield {
        "type": "report",
        "schema": report.schema,
        **{part: msgspec.to_builtins(getattr(report, part)) for part in ("tool", "target", "stats")},
        **({} if isinstance(report.families, msgspec.UnsetType) else {"families": report.families}),
        **({"beside_missing": report.beside_missing} if report.beside_missing else {}),
    }
    tables: tuple[tuple[str, Sequence[Row] | msgspec.UnsetType], ...] = (
        ("cause", report.causes),
        ("finding", report.findings),
        ("link", report.links),
        ("evidence", report.evidence),
        ("gap", report.gaps),
        ("timeline", report.timelines),
        ("ignored", report.ignored),
        ("explanation", report.explanations),
        ("beside", report.beside),
    )
    for kind, rows in tables:
        for row in rows or ():  # the last two may be unset
            yield {"type": kind} | _row(row)


def _row(row: Row) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(row)
    return fields


def as_yaml(report: Report) -> bytes:
    """The same document in YAML. Hidden characters are escaped, for which YAML must escape all that is not ASCII."""
    import yaml  # noqa: PLC0415  # only this format needs it

    hides = hides_something(msgspec.json.encode(report))
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(
        report.to_dict(),
        Dumper=dumper,
        sort_keys=False,
        allow_unicode=not hides,
        width=2**31 - 1,
        default_flow_style=False,
    )
    return text.encode()
