import json
from textwrap import dedent

import pytest

from diag.errors import SnapshotError
from diag.snapshot.sources import Limits

from .conftest import names

LIST = """\
apiVersion: v1
items:
- apiVersion: v1
  kind: Pod
  metadata:
    name: a
- apiVersion: v1
  kind: Pod
  metadata:
    name: b
kind: List
metadata:
  resourceVersion: ""
"""


def fields(dump, text):
    """The `spec` of a pod with this YAML in it."""
    part = dump.read("kind: Pod\nspec:\n" + "".join(f"  {line}\n" for line in dedent(text).splitlines()))
    return json.loads(bytes(part.items[0].raw))["spec"]


def test_a_yaml_list_gives_one_slice_per_item(dump):
    part = dump.read(LIST)
    assert names(part) == ["a", "b"]
    assert part.problems == []


def test_only_jsons_types_are_types(dump):
    spec = fields(
        dump,
        """\
        at: 2026-01-01T00:00:00Z
        day: 2026-01-01
        on: on
        yes: yes
        octal: 010
        hex: 0x1f
        thousand: 1_000
        clock: 12:30:45
        nan: .nan
        quoted: "1"
        tagged: !!str 1
        plain: true
        none: null
        tilde: ~
        empty:
        one: 1
        minus: -1.50
        big: 1e+06
        """,
    )
    assert spec == {
        "at": "2026-01-01T00:00:00Z",
        "day": "2026-01-01",
        "on": "on",
        "yes": "yes",
        "octal": "010",
        "hex": "0x1f",
        "thousand": "1_000",
        "clock": "12:30:45",
        "nan": ".nan",
        "quoted": "1",
        "tagged": "1",
        "plain": True,
        "none": None,
        "tilde": None,
        "empty": None,
        "one": 1,
        "minus": -1.5,
        "big": 1e6,
    }


def test_numbers_keep_their_digits(dump):
    part = dump.read("kind: Pod\nn: 123456789012345678901234567890\nv: 1.10\n")
    assert b'"n":123456789012345678901234567890,"v":1.10' in bytes(part.items[0].raw)


def test_keys_that_are_no_strings_become_strings(dump):
    assert fields(dump, "1: a\ntrue: b\n? [x, 1]\n: c\n") == {"1": "a", "true": "b", '["x",1]': "c"}


def test_the_last_of_two_equal_keys_holds(dump):
    assert fields(dump, "a: 1\na: 2\n") == {"a": 2}


def test_aliases_repeat_what_they_name(dump):
    assert fields(dump, "a: &x {n: 1}\nb: *x\n") == {"a": {"n": 1}, "b": {"n": 1}}


def test_several_documents_are_all_read(dump):
    part = dump.read("# saved by hand\n---\n" + LIST + "---\nkind: Pod\nmetadata: {name: c}\n---\n# nothing\n...\n")
    assert names(part) == ["a", "b", "c"]
    assert part.problems == []


def test_a_bad_document_is_named_and_the_others_are_kept(dump):
    part = dump.read("kind: Pod\nmetadata: {name: a}\n---\nkind: [oops\n---\nkind: Pod\nmetadata: {name: b}\n")
    assert names(part) == ["a", "b"]
    (problem,) = part.problems
    assert "document 2 of" in problem.what


def test_a_top_level_sequence_is_a_list(dump):
    assert names(dump.read("- kind: Pod\n  metadata: {name: a}\n- kind: Pod\n  metadata: {name: b}\n")) == ["a", "b"]


def test_a_flow_mapping_is_yaml(dump):
    assert names(dump.read("{kind: Pod, metadata: {name: a}}")) == ["a"]


def test_a_list_cut_inside_its_last_item_leaves_that_item_out(dump):
    part = dump.read(LIST[: LIST.index("kind: List")])
    assert names(part) == ["a"]
    assert [problem.why for problem in part.problems] == ["truncated"]


def test_a_list_cut_where_yaml_breaks_keeps_the_items_before(dump):
    part = dump.read(LIST[: LIST.index("name: b")] + 'name: "b')
    assert names(part) == ["a"]
    assert [problem.why for problem in part.problems] == ["truncated"]


def test_secrets_are_dropped_from_yaml(dump):
    text = LIST.replace("kind: Pod", "data: {k: czNjcmV0}\n  kind: Secret", 1)
    part = dump.read(text)
    assert names(part) == ["b"]
    assert part.problems == []


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("{<<: *base, namespace: b}", {"name": "a", "namespace": "b", "labels": {"l": "1"}}),
        ("{namespace: b, <<: *base}", {"name": "a", "namespace": "b", "labels": {"l": "1"}}),
        ("{<<: [*other, *base]}", {"name": "o", "namespace": "x", "labels": {"l": "1"}}),
        ("{<<: {name: n}, namespace: b}", {"name": "n", "namespace": "b"}),
        ("{name: n, annotations: {<<: text}}", {"name": "n", "annotations": {"<<": "text"}}),
    ],
)
def test_a_merge_key_gives_what_the_mapping_itself_does_not(dump, metadata, expected):
    text = "base: &base {name: a, namespace: x, labels: {l: '1'}}\nother: &other {name: o}\nkind: Pod\napiVersion: v1\n"
    part = dump.read(f"{text}metadata: {metadata}\n")

    assert json.loads(bytes(part.items[0].raw))["metadata"] == expected


def test_a_bomb_of_merge_keys_is_refused(dump):
    lines = ["kind: Pod", "a0: &a0 {" + ", ".join(f"k{n}: {'x' * 90}" for n in range(100)) + "}"]
    lines += [f"a{n}: &a{n} {{<<: *a{n - 1}, l{n}: 1, m: *a{n - 1}}}" for n in range(1, 40)]
    with pytest.raises(SnapshotError, match="aliases expand it"):
        dump.read("\n".join(lines))


def test_a_bomb_of_aliases_is_refused(dump):
    lines = ["kind: Pod", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    with pytest.raises(SnapshotError, match="aliases expand it"):
        dump.read("\n".join(lines))


def test_an_alias_to_what_is_still_open_is_refused(dump):
    with pytest.raises(SnapshotError, match=r"names nothing that is complete"):
        dump.read("kind: Pod\nspec: &loop\n  again: *loop\n")


def test_an_alias_does_not_reach_into_the_document_before(dump):
    part = dump.read("kind: Pod\nmetadata: &m {name: a}\n---\nkind: Pod\nmetadata: *m\n")
    assert names(part) == ["a"]
    assert "names nothing" in part.problems[0].detail


def test_deep_nesting_is_refused(dump):
    with pytest.raises(SnapshotError, match="nested deeper than 50"):
        dump.read("kind: Pod\na: " + "[" * 60 + "]" * 60, limits=Limits(depth=50))


@pytest.mark.parametrize("deep", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000])
def test_any_nesting_is_refused_without_a_crash(dump, deep):
    with pytest.raises(SnapshotError):
        dump.read("kind: Pod\na:\n  " + deep)


def test_a_block_of_text_is_kept_as_it_stands(dump):
    assert fields(dump, "script: |\n  a: b\n  # kept\n\n  end\n") == {"script": "a: b\n# kept\n\nend\n"}
