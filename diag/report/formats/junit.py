"""JUnit XML for the test tabs of GitLab, Jenkins, Azure and CircleCI.

A cause is a failed case (a state, `info`, a passed one that says so, and a warning where that is asked for); a family
of rules that found nothing a passed one; what could not be looked at a skipped one, and a rule that crashed an error.
GitLab shows `classname` as the suite, drops cases of the same name, and takes 30 MB for a file (docs.gitlab.com,
ci/testing/unit_test_reports).
"""

from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import msgspec

from diag.document import Report
from diag.report.look import Look, typed
from diag.report.prose import plain_text
from diag.report.sanitize import cleaned, visible
from diag.views.causes import CauseLine, cause_lines, summary_line
from diag.views.explanation import Explanation, explanations
from diag.views.wording import WHY_NOT, counted, folded, named

_ROOM = 25_000_000  # bytes of explanations, so that the file stays below what GitLab takes
_CRASHES = ("rule-crashed", "import-failed")


def rendered(report: Report, look: Look) -> bytes:
    """One test suite."""
    shown = cleaned(report)
    cases = [*_causes(shown, look), *_gaps(shown), *_silent(shown)]
    if not cases:
        # Readers take a suite without a case for a mistake.
        cases = [_case("diag", visible(summary_line(shown, hidden=look.hidden)))]
    found = Counter(child.tag for case in cases for child in case)
    amounts = {"tests": len(cases), "failures": found["failure"], "errors": found["error"], "skipped": found["skipped"]}
    suite = ET.Element("testsuite", {"name": "diag", **{name: str(amount) for name, amount in amounts.items()}})
    suite.append(_properties(shown, look))
    suite.extend(_unique(cases))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode").encode() + b"\n"


def _properties(report: Report, look: Look) -> ET.Element:
    """What was looked at, and what of it is not shown."""
    properties = ET.Element("properties")
    told = [("summary", visible(summary_line(report, hidden=look.hidden)))]
    told += [("cluster", f"{one.id} as of {one.now}") for one in report.target.clusters]
    told.append(("version", report.tool.version))
    for name, value in told:
        ET.SubElement(properties, "property", name=name, value=value)
    return properties


def _causes(report: Report, look: Look) -> Iterator[ET.Element]:
    left = _ROOM
    several = len(report.target.clusters) > 1
    told = explanations(report, again=look.again, everything=look.everything)
    for line, explanation in zip(cause_lines(report), told, strict=True):
        case = _case(f"diag.{line.rule[:3]}", f"{line.rule} {line.name} · {named(line.root, with_cluster=several)}")
        text = _text(line, explanation, look) if left > 0 else f"{line.summary}\n\nThe evidence is left out: no room."
        left -= len(text.encode())
        if line.severity in look.passing:
            ET.SubElement(case, "system-out").text = text
        else:
            ET.SubElement(case, "failure", type=line.severity, message=line.summary).text = text
        yield case


def _text(line: CauseLine, told: Explanation, look: Look) -> str:
    return typed(f"{plain_text(told)}\nFingerprint: {line.fingerprint}\n", look)


def _gaps(report: Report) -> Iterator[ET.Element]:
    """A case for each gap that could change a verdict, and for whatever crashed."""
    for gap in report.gaps:
        crashed = gap.why in _CRASHES
        if gap.material or crashed:
            case = _case("diag.gaps", f"{gap.what} · {gap.cluster}" if gap.cluster else gap.what)
            why = WHY_NOT.get(gap.why, gap.why)
            ending = ET.SubElement(case, "error" if crashed else "skipped", type=gap.why, message=f"{why}: {gap.what}")
            hidden = f"Hides: {folded(gap.hidden(), 20)}\n" if gap.hides else ""
            hidden += f"Said: {gap.detail}\n" if gap.detail else ""
            ending.text = hidden + (f"To see it: {gap.fix}\n" if gap.fix else "")
            yield case


def _silent(report: Report) -> Iterator[ET.Element]:
    """A passed case for each family that found nothing, of the rules that could see what they need."""
    if isinstance(report.families, msgspec.UnsetType):
        return
    blind = Counter(rule[:3] for rule in {rule for gap in report.gaps for rule in gap.hides})
    found = {cause.rule[:3] for cause in report.causes}
    for family, rules in report.families.items():
        looked = rules - blind[family]
        if family not in found and looked > 0:
            unseen = f"; {blind[family]} could not see all" if blind[family] else ""
            yield _case(f"diag.{family}", f"{family} found nothing · {counted(looked, 'rule')}{unseen}")


def _case(classname: str, name: str) -> ET.Element:
    return ET.Element("testcase", classname=classname, name=name, time="0")


def _unique(cases: list[ET.Element]) -> Iterator[ET.Element]:
    """The cases with names of their own."""
    seen: Counter[str] = Counter()
    for case in cases:
        name = case.attrib["name"]
        seen[name] += 1
        if seen[name] > 1:
            case.set("name", f"{name} · {seen[name]}")
        yield case
