import json
import subprocess
import sys
import tracemalloc

import pytest

from diag.errors import SnapshotError
from diag.snapshot.sources import read

from .conftest import a_list, names, pod


def test_a_list_gives_one_slice_per_item(dump):
    part = dump.read(a_list(pod("a"), pod("b")))
    assert names(part) == ["a", "b"]
    assert part.problems == []
    assert part.listed == ()
    assert {(piece.api_version, piece.kind) for piece in part.items} == {(None, None)}


def test_a_slice_is_the_json_as_it_stands_in_the_file(dump):
    part = dump.read('{"kind":"List","items":[{"kind":"Pod",  "metadata":{"name":"a"},"n":1.10}]}')
    assert bytes(part.items[0].raw) == b'{"kind":"Pod",  "metadata":{"name":"a"},"n":1.10}'


def test_a_single_object_is_one_slice(dump):
    assert names(dump.read(pod("only"))) == ["only"]


def test_a_typed_list_says_what_its_items_are(dump):
    bare = {"metadata": {"name": "a"}}
    part = dump.read({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [bare]})
    assert [(piece.api_version, piece.kind) for piece in part.items] == [("v1", "Pod")]
    assert part.problems == []


def test_an_empty_list_is_no_error(dump):
    part = dump.read(a_list())
    assert (part.items, part.problems) == ([], [])


def test_items_null_is_an_empty_list(dump):
    assert dump.read({"kind": "PodList", "apiVersion": "v1", "items": None}).items == []


def test_a_json_array_of_objects_is_a_list(dump):
    assert names(dump.read([pod("a"), pod("b")])) == ["a", "b"]


def test_a_list_among_the_items_is_opened_once(dump):
    inner = {"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "bare"}}]}
    part = dump.read(a_list(pod("a"), inner, a_list(pod("b"), a_list(pod("too-deep")))))
    assert names(part) == ["a", "bare", "b"]
    assert part.items[1].kind == "Pod"
    assert [problem.why for problem in part.problems] == ["unreadable"]


def test_an_object_whose_kind_ends_in_list_is_an_object(dump):
    allow_list = {"apiVersion": "net.example/v1", "kind": "AllowList", "metadata": {"name": "office"}, "spec": {}}
    assert names(dump.read(a_list(allow_list))) == ["office"]
    assert names(dump.read(allow_list)) == ["office"]


def test_items_that_are_no_list_leave_an_object_whole(dump):
    assert names(dump.read(pod("a", items={"x": 1}))) == ["a"]


def test_an_object_of_another_kind_may_have_items(dump):
    assert names(dump.read(pod("a", kind="Basket", items=[{"kind": "Apple"}]))) == ["a"]


@pytest.mark.parametrize("odd", [None, 3, "text", [], {}, {"kind": None}, {"kind": 7}])
def test_an_item_that_is_no_object_is_a_problem_and_the_rest_is_kept(dump, odd):
    part = dump.read(a_list(pod("a"), odd, pod("b")))
    assert names(part) == ["a", "b"]
    (problem,) = part.problems
    assert "item 2 of" in problem.what


@pytest.mark.parametrize(
    "secret",
    [
        '{"apiVersion":"v1","kind":"Secret","data":{"k":"czNjcmV0"},"metadata":{"name":"s"}}',
        '{"apiVersion":"v1","data":{"k":"czNjcmV0"},"kind":"Secret","metadata":{"name":"s"}}',
        '{"metadata":{"ownerReferences":[{"kind":"Pod"}]},"data":{"k":"czNjcmV0"},"kind":"Secret"}',
        '{"kind":"\\u0053ecret","data":{"k":"czNjcmV0"}}',
        '{"data":{"pad":"' + "x" * 500 + '","k":"czNjcmV0"},"kind":"Secret"}',
        '{"apiVersion":"v1","kind":"SecretList","items":[{"data":{"k":"czNjcmV0"}}]}',
    ],
)
def test_a_secret_is_never_kept_and_never_mentioned(dump, secret):
    for text in (secret, f"[{secret}]", '{"kind":"List","items":[' + secret + "]}", f"{secret}\n{secret}"):
        part = dump.read(text)
        assert (part.items, part.problems) == ([], [])


def test_an_object_that_only_speaks_of_secrets_is_kept(dump):
    assert names(dump.read(a_list(pod("a", spec={"volumes": [{"secret": {"kind": "Secret"}}]})))) == ["a"]


def test_json_lines_keep_every_good_line_and_name_each_bad_one(dump):
    lines = [json.dumps(pod("a")), '{"kind":"Pod", oops}', json.dumps(pod("b")), "noise", json.dumps(pod("c"))]
    part = dump.read("\n".join(lines))
    assert names(part) == ["a", "b", "c"]
    assert len(part.problems) == 2
    assert f"byte {len(lines[0]) + 1} of" in part.problems[0].what


def test_whole_json_lines_have_no_problem(dump):
    part = dump.read("".join(json.dumps(pod(f"p{n}")) + "\n" for n in range(50)))
    assert len(part.items) == 50
    assert part.problems == []


def test_twenty_bad_lines_are_named_and_the_rest_is_counted(dump):
    part = dump.read("\n".join([json.dumps(pod()), *["{oops}"] * 30]))
    assert len(part.problems) == 21
    assert part.problems[-1].what.startswith("10 more")


@pytest.mark.parametrize("between", ["", "\n", "\n\n", "\n---\n", "\x1e"])
def test_documents_in_a_row_are_all_read(dump, between):
    documents = [json.dumps(a_list(pod("a"), pod("b")), indent=4), json.dumps(pod("c"), indent=4)]
    part = dump.read(between.join(documents))
    assert names(part) == ["a", "b", "c"]
    assert part.problems == []


@pytest.mark.parametrize("indent", [None, 4])
def test_a_list_that_breaks_off_keeps_what_is_whole(dump, indent):
    text = json.dumps(a_list(pod("a"), pod("b"), pod("c-is-cut")), indent=indent)
    part = dump.read(text[: text.index("c-is-cut")])
    assert names(part) == ["a", "b"]
    (problem,) = part.problems
    assert problem.why == "truncated"
    assert "after 2 objects" in problem.what


def test_a_typed_list_that_breaks_off_still_says_what_its_items_are(dump):
    part = dump.read('{"kind":"NodeList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"n1"}},{"meta')
    assert [(piece.api_version, piece.kind) for piece in part.items] == [("v1", "Node")]


def test_a_list_cut_after_its_items_keeps_them_all(dump):
    text = json.dumps(a_list(pod("a"), pod("b")))
    part = dump.read(text[: text.index('"kind": "List"')])
    assert names(part) == ["a", "b"]
    assert [problem.why for problem in part.problems] == ["truncated"]


def test_an_array_with_an_element_per_line_that_breaks_off_gives_nothing_twice(dump):
    rows = ",\n".join(json.dumps(pod(name)) for name in "abc")
    part = dump.read("[\n" + rows[:-5])
    assert names(part) == ["a", "b"]
    assert [problem.why for problem in part.problems] == ["truncated"]


def test_a_broken_list_does_not_hide_the_document_after_it(dump):
    first = json.dumps(a_list(pod("a"), pod("cut")), indent=4)
    part = dump.read(first[: first.index("cut")] + "\n" + json.dumps(pod("b"), indent=4))
    assert names(part) == ["a", "b"]
    assert [problem.why for problem in part.problems] == ["truncated"]


@pytest.mark.parametrize("bad", ['{"kind":"Pod","x":NaN}', '{"kind":"Pod" "x":1}', "[" * 5000 + "]" * 5000])
def test_one_malformed_item_is_one_problem(dump, bad):
    part = dump.read('{"kind":"List","items":[' + ",".join([json.dumps(pod("a")), bad, json.dumps(pod("b"))]) + "]}")
    assert names(part) == ["a", "b"]
    assert [problem.why for problem in part.problems] == ["unreadable"]


def test_an_object_that_breaks_off_is_an_error_that_says_where(dump):
    with pytest.raises(SnapshotError, match="breaks off at byte"):
        dump.read('{"apiVersion":"v1","kind":"Pod","metadata":{"name":')


def test_one_page_of_several_is_a_truncated_list(dump):
    page = a_list(pod("a")) | {"metadata": {"continue": "eyJ2IjoibWV0YS5rOHMuaW8vdjEi"}}
    part = dump.read(page)
    assert names(part) == ["a"]
    assert [problem.why for problem in part.problems] == ["truncated"]


def test_a_document_without_kind_beside_objects_is_a_problem(dump):
    part = dump.read(json.dumps(pod("a")) + "\n" + json.dumps({"level": "info"}))
    assert names(part) == ["a"]
    assert "1 document of" in part.problems[0].what


def test_what_kubectl_said_before_the_objects_is_kept_apart(dump):
    chatter = "Warning: v1 ComponentStatus is deprecated\nError from server (Forbidden): nodes is forbidden\n"
    part = dump.read(chatter + json.dumps(a_list(pod("a"))))
    assert names(part) == ["a"]
    (problem,) = part.problems
    assert problem.why == "error"
    assert "nodes is forbidden" in problem.detail


def test_reading_json_imports_no_yaml(dump):
    path = dump.write(a_list(pod()))
    script = f"import sys; from diag.snapshot.sources import read; read({str(path)!r}); sys.exit('yaml' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], check=False)  # noqa: S603 (our own interpreter)
    assert run.returncode == 0


def test_a_dump_is_held_once(dump):
    path = dump.write(a_list(*[pod(f"p{n}", text="x" * 50_000) for n in range(40)]))
    tracemalloc.start()
    parts = read(str(path))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(parts[0].items) == 40
    assert peak_bytes < 1.3 * path.stat().st_size


def test_a_text_that_is_broken_on_every_line_is_given_up_and_not_read_again_and_again(dump):
    part = dump.read(json.dumps(pod("a")) + "\n" + '{"a":[1,\n' * 20_000 + json.dumps(pod("b")))
    assert names(part) == ["a"]
    assert any("too much of the text is broken" in problem.detail for problem in part.problems)


def test_lines_that_break_off_cost_no_good_line(dump):
    lines = [json.dumps(pod(f"p{number}")) for number in range(200)]
    for number in range(5, 200, 13):
        lines[number] = lines[number][: 20 + number % 40]
    bad = list(range(5, 200, 13))
    part = dump.read("\n".join(lines))
    assert names(part) == [f"p{number}" for number in range(200) if number not in bad]
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in bad]
    places = [problem.what.partition(" of ")[0] for problem in part.problems]
    assert places == [f"the text at byte {at:,}" for at in starts]


def test_a_list_on_a_line_that_breaks_off_keeps_what_precedes_the_break(dump):
    part = dump.read(json.dumps(a_list(pod("a"), pod("b")))[:-120] + "\n" + json.dumps(pod("c")))
    assert names(part) == ["a", "c"]
    assert [problem.why for problem in part.problems] == ["unreadable"]


def test_a_list_of_one_item_a_line_that_breaks_off_is_a_list(dump):
    items = ",\n".join(json.dumps({"metadata": {"name": name}}) for name in "abcdefgh")
    part = dump.read('{"kind":"PodList","apiVersion":"v1","items":[\n' + items[:-4])
    assert names(part) == list("abcdefg")
    assert {piece.kind for piece in part.items} == {"Pod"}
