"""The readers that the formats of a report have elsewhere: schemas, parsers and limits, each with its source.

Each takes the bytes, raises where its own standard refuses them, and gives what it read.
"""

import gzip
import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import html5lib
import jsonschema
import junitparser
import msgspec
import xmlschema
from google.protobuf import json_format
from markdown_it import MarkdownIt
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from diag.report.schema import report_schema

_SCHEMAS = Path(__file__).parent / "report" / "schemas"

_COMMANDS = {"error", "warning", "notice", "debug", "group", "add-mask", "set-output", "stop-commands"}


def github(log):
    """(command, properties, message) of each line that actions/runner takes for a command (ActionCommand.cs)."""
    found = []
    for line in log.split("\n"):
        new = re.match(r"::(.+?)::(.*)", line.lstrip())
        old = re.search(r"##\[([^\]]*)\]", line)
        head, message = (new[1], new[2]) if new else (old[1], "") if old else ("", "")
        name, _, properties = head.partition(" ")
        if name in _COMMANDS:
            found.append((name, properties, message))
    return found


# The fields that docs.gitlab.com (ci/testing/code_quality) requires of each entry.
_ENTRY = {
    "type": "object",
    "required": ["description", "check_name", "fingerprint", "severity", "location"],
    "properties": {
        "description": {"type": "string", "minLength": 1},
        "check_name": {"type": "string", "minLength": 1},
        "fingerprint": {"type": "string", "minLength": 1},
        "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
        "location": {
            "type": "object",
            "required": ["path", "lines"],
            "properties": {
                "path": {"type": "string", "pattern": "^(?!\\./|/)[^\n]+$"},
                "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer"}}},
            },
        },
    },
}


def gitlab(rendered):
    entries = json.loads(rendered)
    jsonschema.validate(entries, {"type": "array", "items": _ENTRY})
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)
    return entries


class Html(HTMLParser):
    """Tags with their attributes in order, and the text by the tag that holds it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self._open = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if self._open:
            self.texts[self._open[-1]] = self.texts.get(self._open[-1], "") + data


def html(rendered):
    """The page, once the HTML parser of the standard found no error in it, and its ids and links fit."""
    text = rendered.decode()
    parser = html5lib.HTMLParser()
    parser.parse(text)
    assert parser.errors == []
    page = Html(text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert {link[:1] for link in links} == {"#"}
    assert {link[1:] for link in links} <= set(ids)
    labelled = {attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes}
    assert labelled <= set(ids)
    return page


# Of jenkinsci/xunit-plugin, which Jenkins holds a file against; its licence stands in it.
_JENKINS = _SCHEMAS / "junit-10.xsd"


@cache
def _jenkins():
    return xmlschema.XMLSchema(str(_JENKINS), allow="local")


def junit(rendered):
    """The only suite, once Jenkins' schema and junitparser took the file."""
    _jenkins().validate(rendered.decode())
    (suite,) = junitparser.JUnitXml.fromstring(rendered)
    cases = list(suite)
    assert suite.tests == len(cases) > 0
    assert suite.failures == sum(case.is_failure for case in cases)
    assert suite.errors == sum(case.is_error for case in cases)
    assert suite.skipped == sum(case.is_skipped for case in cases)
    assert len({case.name for case in cases}) == len(cases)  # GitLab drops cases of the same name
    return cases


class _Failure(msgspec.Struct, forbid_unknown_fields=True):
    Text: str
    KubernetesDoc: str
    Sensitive: list[dict[str, str]] | None


class _Result(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    name: str
    error: list[_Failure]
    details: str
    parentObject: str  # noqa: N815  # as k8sgpt spells it


class _Output(msgspec.Struct, forbid_unknown_fields=True):
    """`JsonOutput` of k8sgpt-ai/k8sgpt pkg/analysis/analysis.go, `Result` of pkg/common/types.go."""

    provider: str
    errors: list[str] | None
    status: str
    problems: int
    results: list[_Result] | None


def k8sgpt(rendered):
    output = msgspec.json.decode(rendered, type=_Output)
    assert output.problems == sum(len(result.error) for result in output.results or ())
    assert output.status == ("ProblemDetected" if output.problems else "OK")
    return output


_COMMONMARK = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OWN_TAGS = {"h2", "h3", "p", "strong", "ol", "ul", "li", "code", "pre", "details", "summary"}
OWN_ATTRIBUTES = {("code", "class"), ("ol", "start")}


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.open, self.text = set(), [], ""

    def handle_starttag(self, tag, attrs):
        self.found.add((tag, *(name for name, _ in attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def markdown(text):
    """The page as a browser would have it; tags have to be balanced."""
    tags = _Tags()
    tags.feed(_COMMONMARK.render(text))
    assert tags.open == []
    return tags


def otlp(rendered):
    """The records, as the message of the protocol reads the document; unknown fields are refused."""
    assert rendered.count(b"\n") == 1
    request = json_format.Parse(rendered, ExportLogsServiceRequest())
    return [
        record for resource in request.resource_logs for scope in resource.scope_logs for record in scope.log_records
    ]


_METRICS = {"diag_findings", "diag_gpus_blocked", "diag_gaps", "diag_time_seconds"}


def prometheus(rendered):
    """Labels and value of each sample by the name of its metric, as Prometheus' own parser reads them."""
    families = list(text_string_to_metric_families(rendered.decode()))
    assert {family.name for family in families} == _METRICS
    for family in families:
        assert family.documentation
        labels = [tuple(sorted(sample.labels.items())) for sample in family.samples]
        assert len(set(labels)) == len(labels)
    return {family.name: [(sample.labels, sample.value) for sample in family.samples] for family in families}


# The schema of OASIS, as the package sarif-pydantic carries it.
_OASIS = _SCHEMAS / "sarif-2.1.0.json"


@cache
def _sarif_schema():
    return jsonschema.Draft7Validator(json.loads(_OASIS.read_bytes()))


def sarif(rendered):
    """The only run, once the schema and GitHub took it (docs.github.com, code-security: SARIF support, file limits)."""
    document = json.loads(rendered)
    (run,) = document["runs"]
    assert list(_sarif_schema().iter_errors(document)) == []
    assert len(gzip.compress(rendered, 1)) < 10_000_000
    assert len(run["results"]) <= 25_000
    assert len(run["tool"]["driver"]["rules"]) <= 25_000
    tags = [rule.get("properties", {}).get("tags", []) for rule in run["tool"]["driver"]["rules"]]
    assert max(map(len, tags), default=0) <= 20
    for result in run["results"]:
        flows = result.get("codeFlows", [])
        assert sum(len(way["locations"]) for flow in flows for way in flow["threadFlows"]) <= 10_000
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        (place,) = result["locations"]
        uri = place["physicalLocation"]["artifactLocation"]["uri"]
        assert place["physicalLocation"]["region"]["startLine"] == 1  # GitHub refuses a result without one
        assert urlsplit(uri)[:2] == ("", "")
        assert not {"", ".", ".."}.intersection(unquote(part) for part in uri.split("/"))
        assert re.fullmatch(r"[\w.~%/-]+", uri)
    return run


@cache
def _report_schema():
    published = report_schema()
    jsonschema.Draft202012Validator.check_schema(published)
    return jsonschema.Draft202012Validator(published)


def report_json(rendered):
    """The document, once the schema that is published for it took it."""
    document = json.loads(rendered)
    _report_schema().validate(document)
    return document
