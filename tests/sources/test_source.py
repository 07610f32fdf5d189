import gzip
import io
import json
import os
import sys

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from diag.errors import SnapshotError
from diag.snapshot.sources import Limits, read

from .conftest import a_list, names, pod


def test_a_name_before_the_path_names_the_cluster(dump):
    path = dump.write(pod())
    assert read(f"east={path}")[0].name == "east"
    assert read(str(path))[0].name is None


def test_a_path_that_exists_with_an_equals_sign_is_a_path(dump, monkeypatch):
    monkeypatch.chdir(dump.folder)
    dump.write(pod("whole"), name="a=b")
    dump.write(pod("part"), name="b")
    assert names(read("a=b")[0]) == ["whole"]


@pytest.mark.parametrize("source", ["", "=x", "x=", "a\0b", "\ud800"])
def test_a_source_without_a_path_is_refused(source):
    with pytest.raises(SnapshotError):
        read(source)


def test_a_dash_reads_the_standard_input():
    part = read("east=-", stdin=io.BytesIO(gzip.compress(json.dumps(a_list(pod("a"))).encode())))[0]
    assert (part.path, part.name, names(part)) == ("-", "east", ["a"])


def test_a_terminal_is_not_waited_for():
    class Terminal(io.BytesIO):
        def isatty(self):
            return True

    with pytest.raises(SnapshotError, match="nothing is piped"):
        read("-", stdin=Terminal())


def test_the_limit_of_objects_holds_for_single_ones():
    lines = "\n".join([json.dumps(pod())] * 3).encode()
    with pytest.raises(SnapshotError, match="limit of 2 objects"):
        read("-", stdin=io.BytesIO(lines), limits=Limits(objects=2))


def test_the_standard_input_stops_at_the_limit():
    with pytest.raises(SnapshotError, match="limit of 1,000 bytes"):
        read("-", stdin=io.BytesIO(bytes(5_000_000)), limits=Limits(bytes=1000))


def test_a_missing_file_names_the_one_that_was_meant(dump):
    dump.write(pod(), name="cluster-dump.json")
    with pytest.raises(SnapshotError, match="does not exist") as caught:
        read(str(dump.folder / "cluster-dunp.json"))
    assert "cluster-dump.json" in caught.value.hint


def test_a_missing_file_with_no_near_name_has_no_hint(dump):
    dump.write(pod(), name="x")
    with pytest.raises(SnapshotError) as caught:
        read(str(dump.folder / "nothing-like-it.json"))
    assert caught.value.hint is None


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in the file system")
def test_a_pipe_is_refused_and_not_waited_for(dump):
    os.mkfifo(dump.folder / "pipe")
    with pytest.raises(SnapshotError, match="not a regular file"):
        read(str(dump.folder / "pipe"))


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs a device")  # noqa: PTH110 (one word)
def test_a_device_is_refused():
    with pytest.raises(SnapshotError, match="not a regular file"):
        read("/dev/zero")


def test_a_link_to_itself_is_refused(dump):
    link = dump.folder / "loop"
    link.symlink_to(link)
    with pytest.raises(SnapshotError, match="leads back to itself"):
        read(str(link))


def test_a_file_without_permission_is_refused(dump, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    path = dump.write(pod())
    monkeypatch.setattr("diag.snapshot.sources.plain_file.os.open", denied)
    with pytest.raises(SnapshotError, match="permission denied"):
        read(str(path))


@pytest.mark.parametrize(("limits", "flag"), [(Limits(bytes=100), "--max-bytes"), (Limits(objects=1), "--max-objects")])
def test_a_limit_names_its_flag(dump, limits, flag):
    path = dump.write(a_list(pod("a"), pod("b")))
    with pytest.raises(SnapshotError) as caught:
        read(str(path), limits=limits)
    assert flag in caught.value.hint


LIKELY = st.sampled_from(
    [
        *rb"""{"kind":"List","items":[ {"kind":"Pod"} [ ] { } , " null 1e999 \u "items":""".split(),
        *b"kind: - &a *a !!int : ---".split(),
        b"\n",
        b" ",
        b"\n---\n",
        b"\n- ",
        b"kind: ",
        b"\x1f\x8b\x08",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xc3",
    ],
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=200), st.lists(LIKELY, max_size=25).map(b"".join)))
@example(b'{"kind":"' + b"x" * 100)
@example(b"kind: \xff")
def test_any_bytes_give_parts_or_a_snapshot_error(data):
    for content in (data, gzip.compress(data), gzip.compress(data)[:-9]):
        try:
            parts = read("-", stdin=io.BytesIO(content))
        except SnapshotError as error:
            assert error.message  # noqa: PT017 (either outcome is right)
        else:
            assert len(parts) == 1


@given(st.text(max_size=40).filter(lambda text: "=" not in text))
def test_any_path_that_leads_nowhere_is_a_snapshot_error(source):
    with pytest.raises(SnapshotError):
        read("/nowhere/" + source)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=4), st.data())
def test_a_cut_list_never_gives_what_the_whole_does_not(values, data):
    whole = json.dumps(a_list(*[pod(f"p{n}", spec=value) for n, value in enumerate(values)])).encode()
    objects = [json.loads(bytes(piece.raw)) for piece in read("-", stdin=io.BytesIO(whole))[0].items]
    cut = data.draw(st.integers(0, len(whole) - 1))
    try:
        (part,) = read("-", stdin=io.BytesIO(whole[:cut]))
    except SnapshotError:
        return
    kept = [json.loads(bytes(piece.raw)) for piece in part.items]
    assert kept == objects[: len(kept)]
    assert part.problems


@given(JSON)
def test_json_written_as_yaml_gives_the_same_object(value):
    import yaml  # noqa: PLC0415 (only this test writes YAML)

    thing = pod("a", spec=value)
    text = yaml.safe_dump(thing, allow_unicode=False)
    (part,) = read("-", stdin=io.BytesIO(text.encode()))
    assert json.loads(bytes(part.items[0].raw)) == thing
