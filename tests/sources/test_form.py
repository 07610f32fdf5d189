import codecs
import json

import pytest

from diag.errors import SnapshotError
from diag.snapshot.load import load
from diag.snapshot.sources.source import read

from .conftest import a_list, names, pod

TEXT = json.dumps(a_list(pod("a"), pod("ü")), ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        b"\r\n  " + TEXT.encode(),
    ],
)
def test_byte_order_marks_and_utf16_are_understood(dump, data):
    part = dump.read(data)
    assert names(part) == ["a", "ü"]
    assert part.problems == []


def test_yaml_from_powershell_is_understood(dump):
    assert names(dump.read("kind: Pod\r\nmetadata:\r\n  name: a\r\n".encode("utf-16"))) == ["a"]


def test_half_a_pair_of_surrogates_costs_its_own_object_only(dump):
    text = "\n".join(json.dumps(pod(name)) for name in "abc").replace('"b"', '"\ud800"')
    part = dump.read(text.encode("utf-16-le", errors="surrogatepass"))
    assert len(part.items) == 3
    assert [snap.tables["Pod"].keys() for snap in load([part])] == [{("shop", "a"), ("shop", "c")}]


@pytest.mark.parametrize(
    ("magic", "says"), [(b"BZh91AY&SY", "bzip2"), (b"\xfd7zXZ\0\0\4", "xz"), (b"7z\xbc\xaf\x27\x1c\0", "7-Zip")]
)
def test_what_is_packed_otherwise_is_refused_with_what_opens_it(dump, magic, says):
    with pytest.raises(SnapshotError, match=f"is packed with {says}") as caught:
        dump.read(magic)
    assert "expand it first" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"3", "single value"),
        (b'"text"', "single value"),
        (b"null", "single value"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "is binary"),
        (b"\xff\xfe\x00\xd8\x00\xd8", "neither JSON nor YAML"),
        (b"caf\xe9", "is binary"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"NAME   READY   STATUS\nweb   0/1     Pending\n", "table"),
        (b"NAMESPACE   NAME   READY\nshop   web   0/1\n", "table"),
        (b"LAST SEEN   TYPE   REASON\n", "table"),
        (b"Name:             web\nNamespace:        shop\n", "describe"),
        (b"Error from server (Forbidden): pods is forbidden\n", "pods is forbidden"),
        (b"No resources found in default namespace.\n", "No resources found"),
        (b"just words", "neither JSON nor YAML"),
        (b"a: 1\nb: 2\n", "neither JSON nor YAML"),
        (b'{"name": "left-pad", "version": "1.0"}', "nothing has a kind"),
        (b'{"items": [1, 2]}', "nothing has a kind"),
        (b"[1, 2]", "nothing has a kind"),
        (b'[[{"a": 1}]]', "nothing has a kind"),
        (b"[core]\n\tbare = false\n", "neither JSON nor YAML"),
        (b"{{ if .Values.x }}\nkind: Pod\n{{ end }}\n", "neither JSON nor YAML"),
    ],
)
def test_what_holds_no_objects_is_refused_in_one_sentence(dump, content, says):
    with pytest.raises(SnapshotError, match=says) as caught:
        dump.read(content)
    assert "kubectl get … -o json" in caught.value.hint


def test_watch_events_are_refused_with_what_takes_the_objects_out(dump):
    with pytest.raises(SnapshotError, match="watch events") as caught:
        dump.read("\n".join(json.dumps({"type": kind, "object": pod("a")}) for kind in ("ADDED", "DELETED")))
    assert ".object" in caught.value.hint


def test_a_document_with_a_tag_of_its_own_costs_only_itself(dump):
    part = dump.read(b'!!python/object/apply:os.system ["true"]\n---\nkind: Pod\nmetadata: {name: a}\n')
    assert names(part) == ["a"]
    assert len(part.problems) == 1


def test_a_server_side_table_is_refused(dump):
    with pytest.raises(SnapshotError, match="a Table holds what kubectl prints"):
        dump.read({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": []})


def test_an_error_body_is_refused_with_its_message(dump):
    with pytest.raises(SnapshotError, match="pods is forbidden"):
        dump.read({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "pods is forbidden"})


def test_an_error_body_beside_objects_is_a_problem(dump):
    part = dump.read(json.dumps(pod("a")) + json.dumps({"kind": "Status", "message": "nodes is forbidden"}))
    assert names(part) == ["a"]
    assert [problem.why for problem in part.problems] == ["error"]


POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [POD, '{"apiVersion": "v1", "kind": "Pod"}'])
def test_utf_32_is_called_so(tmp_path, encoding, text):
    path = tmp_path / "pods.yaml"
    path.write_bytes(text.encode(encoding))

    with pytest.raises(SnapshotError, match="is written in UTF-32") as caught:
        read(str(path))
    assert "iconv" in caught.value.hint


def test_lines_that_end_with_cr_alone_are_called_so_by_themselves_and_in_a_folder(tmp_path):
    (tmp_path / "a.yaml").write_bytes(POD.replace("\n", "\r").encode())
    (tmp_path / "b.yaml").write_bytes(POD.replace("\n", "\r\n").encode())
    (tmp_path / "settings.yaml").write_bytes(b"a: 1\rb: 2\r")

    with pytest.raises(SnapshotError, match="CR alone") as caught:
        read(str(tmp_path / "a.yaml"))
    assert "tr '\\r' '\\n'" in caught.value.hint
    parts = read(str(tmp_path))
    assert [problem.detail.endswith("only LF and CRLF are read") for part in parts for problem in part.problems] == [
        True
    ]
    assert sum(len(part.items) for part in parts) == 1
