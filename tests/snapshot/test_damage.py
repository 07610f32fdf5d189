"""An object that is there and cannot be read is not absent: what is counted or missed may be that one."""

import json
import sys
from pathlib import Path

import msgspec
import pytest

from diag.api import examine, scan
from diag.catalog.damage import REMARK
from diag.findings import Confidence
from diag.snapshot.load import load
from diag.snapshot.sources import read
from diag.snapshot.sources.lost import lost_in
from diag.snapshot.sources.part import Lost, Part, Slice
from diag.views.causes import summary_line

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))
from rule_cases import IDS_BY_FILE, REGISTRY, clusters, plain  # noqa: E402  it lies above

BAD = ('"\\ud800"', '"\x01"')  # half a character, a control character


def spoiled(text, bad='"\\ud800"'):
    """The object with a field that no JSON may have."""
    return (text[:-1] + f',"zz":{bad}}}').encode()


def dump(tmp_path, items):
    """A file with the objects (bytes) as one List."""
    path = tmp_path / "dump.json"
    path.write_bytes(b'{"apiVersion":"v1","kind":"List","items":[' + b",".join(items) + b"]}")
    return path


@pytest.mark.parametrize("bad", BAD)
def test_an_unreadable_member_of_a_gang_is_not_a_missing_one(tmp_path, bad):
    whole = json.loads((TESTS / "cases/coscheduling-postfilter-rejected.json").read_text())["items"]
    for lost in [item for item in whole if item["kind"] == "Pod"]:
        texts = [spoiled(json.dumps(item), bad) if item is lost else json.dumps(item).encode() for item in whole]
        report = scan([dump(tmp_path, texts)])

        assert report.gaps[0].why == "unreadable"
        for cause in report.causes:
            assert cause.confidence == "possible", cause
            assert cause.name != "gang-members-missing" or REMARK in cause.summary


# Rules that say that an object of a kind does not exist.
ABSENT = (
    ("STO111", "v1", "PersistentVolumeClaim"),
    ("QUO101", "kueue.x-k8s.io/v1beta1", "LocalQueue"),
    ("QUO521", "scheduling.volcano.sh/v1beta1", "Queue"),
    ("APP373", "v1", "Service"),
    ("QUO503", "scheduling.x-k8s.io/v1alpha1", "PodGroup"),
    ("DEV203", "resource.k8s.io/v1", "DeviceClass"),
    ("APP006", "v1", "ServiceAccount"),
)


def firing(rule):
    """Cases in which the rule says that an object does not exist: the objects, their time, and the object's name."""
    for path in sorted((TESTS / "rules").glob("*.yaml")):
        if rule not in IDS_BY_FILE[path]:
            continue
        for case, objects in clusters(path):
            items = [json.dumps(plain(item)).encode() for item in objects]
            for finding in found(items, plain(case.get("now")), rule):
                for piece in finding.evidence:
                    if hasattr(piece, "absent"):
                        yield items, plain(case.get("now")), piece.absent


def found(items, now, rule):
    """What the rule finds in some objects (bytes)."""
    from diag.catalog.run import run  # noqa: PLC0415
    from diag.trouble.trouble import Trouble  # noqa: PLC0415

    snap = load([Part(path="case", items=[Slice(raw=msgspec.Raw(item)) for item in items])], now=now)[0]
    ran = run(REGISTRY, Trouble(snap), lambda each, _: each == rule)
    return [one.finding for one in ran.found]


@pytest.mark.parametrize(("rule", "version", "kind"), ABSENT)
def test_what_may_be_the_unreadable_object_is_not_said_to_be_absent(rule, version, kind):
    tried = 0
    for items, now, absent in firing(rule):
        if absent.kind != kind:
            continue
        tried += 1
        space = {"namespace": absent.namespace} if absent.namespace else {}

        def says(name, space=space, items=items, now=now, absent=absent, kind=kind):
            one = {"apiVersion": absent.api_version, "kind": kind, "metadata": {**space, **name}}
            return [
                finding
                for finding in found([*items, spoiled(json.dumps(one))], now, rule)
                if any(getattr(piece, "absent", None) == absent for piece in finding.evidence)
                and finding.confidence is not Confidence.POSSIBLE
            ]

        assert not says({}), "its name is not known"
        assert not says({"name": absent.name}), "it is the one"
        assert says({"name": "another"}), "it is another one"
    assert tried


def test_a_name_that_is_read_costs_no_other_and_a_complete_list_stands(tmp_path):
    pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "ml", "name": name}} for name in "abc"]
    texts = [json.dumps(pods[0]).encode(), spoiled(json.dumps(pods[1]))]
    snap = load(read(str(dump(tmp_path, texts))))[0]

    assert snap.lost == (Lost(kind="Pod", namespace="ml", name="b"),)
    assert snap.lacks("Pod", "ml", "b") is None
    assert snap.lacks("Pod", "ml", "c") is Confidence.LIKELY
    assert not snap.holds("Pod", "ml")
    assert not snap.holds("Pod")


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        (b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"ml"},"x":"\xff"}', ("Pod", "ml", "a")),
        (b'{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a\x02b"}}', ("apps/Deployment", "", "")),
        (b'{"apiVersion":"batch/v1","kind":"Job","metadata":{', ("batch/Job", None, "")),
        (b"apiVersion: v1\nkind: Pod\nmetadata: {name: [\n", ("Pod", None, "")),
        (b"kind: Queue\napiVersion: x.io/v1\na: *b\n", ("x.io/Queue", None, "")),
        (b'{"spec":{', ("", None, "")),
        (b"\x00\x01\x02", ("", None, "")),
    ],
)
def test_what_broken_bytes_still_tell(text, lost):
    found = lost_in(text)

    assert (found.kind, found.name) == (lost[0], lost[2])
    assert found.namespace == lost[1] or not found.name


def test_a_dump_that_breaks_off_misses_nothing_that_may_have_followed(tmp_path):
    items = next(firing("STO111"))[0]
    whole = dump(tmp_path, items).read_bytes()
    path = tmp_path / "cut.json"
    path.write_bytes(whole[:-2] + b',{"apiVersion":"v1","ki')
    snap = examine([path]).snapshots[0]

    assert snap.lost == (Lost(),)
    assert not snap.holds("PersistentVolumeClaim")
    assert snap.lacks("PersistentVolumeClaim", "ml", "x") is None


def test_a_page_of_a_typed_list_hides_its_kind_and_no_other(tmp_path):
    page = {
        "apiVersion": "v1",
        "kind": "PodList",
        "metadata": {"continue": "x"},
        "items": [{"metadata": {"name": "p"}}],
    }
    (tmp_path / "pods.json").write_text(json.dumps(page))
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
    (tmp_path / "nodes.json").write_text(json.dumps(node))
    snap = load(read(str(tmp_path)))[0]

    assert snap.lost == (Lost(kind="Pod"),)
    assert snap.holds("Node")
    assert not snap.holds("Pod")


def test_without_an_unreadable_object_nothing_is_doubted():
    for path in sorted((TESTS / "cases").glob("*.expected.json"))[:20]:
        stem = path.name.removesuffix(".expected.json")
        report = scan([path.with_name(f"{stem}.json")])

        assert not [one for one in report.findings if REMARK in one.summary]


def test_a_cluster_with_an_object_that_cannot_be_read_is_not_called_clean(tmp_path):
    kinds = ("Node", "Pod", "Event")
    items = [{"apiVersion": "v1", "kind": kind, "metadata": {"namespace": "ml", "name": "a"}} for kind in kinds]
    lost = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "ml", "name": "b"}}
    whole = scan([dump(tmp_path, [json.dumps(item).encode() for item in items])])
    report = scan([dump(tmp_path, [*(json.dumps(item).encode() for item in items), spoiled(json.dumps(lost))])])

    assert "not all" not in summary_line(whole)
    assert "which is not all: the object at byte" in summary_line(report)
