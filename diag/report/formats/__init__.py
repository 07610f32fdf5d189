"""The formats of `-o`, by name. Every one is rendered from a `Report` and nothing else."""

import importlib
from collections.abc import Callable, Mapping

from diag.document import Report
from diag.report.look import Look

TEXTS = ("table", "wide", "plain")
DOCUMENTS = ("json", "jsonl", "yaml")
# What other programs read and show, by the module that writes it: `rendered(report, look) -> bytes`.
EXCHANGED: Mapping[str, str] = {
    "markdown": "markdown",
    "html": "html",
    "junit": "junit",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab",
    "prom": "prometheus",
    "otlp-json": "otlp",
    "k8sgpt": "k8sgpt",
}
FORMATS = (*TEXTS, *DOCUMENTS, *EXCHANGED)


def scan_bytes(report: Report, form: str, look: Look) -> bytes:
    """A scan in one of `FORMATS`, as UTF-8."""
    if form in EXCHANGED:
        return exchanged_bytes(report, form, look)
    from diag.report import text  # noqa: PLC0415  # a scan that prints JSON draws no text

    drawn: dict[str, Callable[[Report, Look], str]] = {"table": text.table, "wide": text.wide, "plain": text.plain}
    return drawn[form](report, look).encode() if form in drawn else document_bytes(report, form)


def explain_bytes(report: Report, form: str, look: Look) -> bytes:
    """Every cause of the report explained, as text; a document carries the same under `explanations`."""
    if form in EXCHANGED:
        return exchanged_bytes(report, form, look)
    from diag.report import prose  # noqa: PLC0415  # brings the template engine

    if form in TEXTS:
        return prose.drawn(report, look, boxes=form != "plain").encode()
    return document_bytes(prose.with_explanations(report, look), form)


def document_bytes(report: Report, form: str) -> bytes:
    """The report as one of `DOCUMENTS`."""
    from diag.report import documents  # noqa: PLC0415  # a text needs none of them

    write = {"json": documents.as_json, "jsonl": documents.as_jsonl, "yaml": documents.as_yaml}
    return write[form](report)


def exchanged_bytes(report: Report, form: str, look: Look) -> bytes:
    """The report as one of `EXCHANGED`, explanations included where the format has room for them."""
    module = importlib.import_module(f"diag.report.formats.{EXCHANGED[form]}")
    rendered: bytes = module.rendered(report, look)
    return rendered
