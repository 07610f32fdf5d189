import inspect
import json
from typing import get_args

import jsonschema
import msgspec
import pytest

from diag import document
from diag.report import schema
from diag.report.formats import explain_bytes
from diag.report.look import Look

_PAIRS = {
    "RefRow": schema.Ref,
    "LogRow": schema.LogPlace,
    "RemedyRow": schema.Remedy,
    "AlternativeRow": schema.Alternative,
    "AffectedRow": schema.Affected,
    "CauseRow": schema.Cause,
    "FindingRow": schema.Finding,
    "LinkRow": schema.Link,
    "GapRow": schema.Gap,
    "EndRow": schema.End,
    "PhaseRow": schema.Phase,
    "TimelineRow": schema.Timeline,
    "IgnoredRow": schema.Ignored,
    "ClusterRow": schema.Cluster,
    "ToolRow": schema.Tool,
    "TargetRow": schema.Target,
    "CheckedRow": schema.Checked,
    "ExplanationRow": schema.Explanation,
    "SentenceRow": schema.Sentence,
    "DroppedRow": schema.Dropped,
    "BesideRow": schema.Beside,
    "Report": schema.ReportDocument,
}


def published(model):
    return {field.alias or name for name, field in model.model_fields.items()}


def test_every_struct_of_the_document_is_published():
    structs = {name for name, each in inspect.getmembers(document, inspect.isclass) if issubclass(each, document.Row)}

    assert structs - {"Row", "EvidenceRow"} == set(_PAIRS)


@pytest.mark.parametrize("name", sorted(_PAIRS))
def test_a_struct_and_its_schema_have_the_same_keys(name):
    written = {field.encode_name for field in msgspec.structs.fields(getattr(document, name))}

    assert written == published(_PAIRS[name])


def test_the_kinds_of_evidence_together_have_the_keys_of_the_struct():
    written = {field.encode_name for field in msgspec.structs.fields(document.EvidenceRow)}

    assert written == set().union(*(published(kind) for kind in get_args(schema.Evidence)))


@pytest.fixture(scope="module")
def validator():
    published_schema = schema.report_schema()
    jsonschema.Draft202012Validator.check_schema(published_schema)
    return jsonschema.Draft202012Validator(published_schema)


def test_a_document_with_explanations_is_valid(report, validator):
    validator.validate(json.loads(explain_bytes(report, "json", Look())))


@pytest.mark.parametrize("key", ["causes", "gaps", "stats", "schema"])
def test_a_document_without_one_of_its_parts_is_invalid(report, validator, key):
    wrong = report.to_dict()
    del wrong[key]

    if key == "schema":
        wrong["schema"] = "diag.report/v2"
    assert not validator.is_valid(wrong)


def test_evidence_that_is_of_no_kind_is_invalid(report, validator):
    wrong = report.to_dict()
    wrong["evidence"] = [{"id": "E1", "value": 1}]

    assert not validator.is_valid(wrong)


def test_readers_are_told_to_accept_new_keys(report, validator):
    newer = report.to_dict() | {"new": 1}
    newer["causes"][0]["new"] = 1

    validator.validate(newer)
