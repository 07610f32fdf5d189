import gzip
import importlib
import json
import random

import pytest

from diag.errors import SnapshotError
from diag.snapshot.sources import Limits
from diag.snapshot.sources.compressed import why_not

from .conftest import a_list, names, pod

TEXT = json.dumps(a_list(pod("a"), pod("b"))).encode()
NOISE = "".join(random.Random(1).choices("abcdefghijklmnop", k=5000))


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(TEXT),
        gzip.compress(gzip.compress(TEXT)),
        gzip.compress(TEXT[:50]) + gzip.compress(TEXT[50:]),
        gzip.compress(TEXT) + bytes(512),
    ],
    ids=["once", "twice", "members", "padded"],
)
def test_gzip_is_read_whatever_the_file_is_called(dump, data):
    part = dump.read(data)
    assert names(part) == ["a", "b"]
    assert part.problems == []


def test_gzip_of_gzip_of_gzip_is_refused(dump):
    with pytest.raises(SnapshotError, match="more than 2 times"):
        dump.read(gzip.compress(gzip.compress(gzip.compress(TEXT))))


def test_a_gzip_that_breaks_off_keeps_what_precedes_the_break(dump):
    data = gzip.compress(json.dumps(a_list(pod("a"), pod("b", text=NOISE))).encode())
    part = dump.read(data[: len(data) // 2])
    assert names(part) == ["a"]
    assert [problem.why for problem in part.problems] == ["truncated"]


def test_a_gzip_without_its_end_is_named_even_where_all_objects_are_whole(dump):
    part = dump.read(gzip.compress(TEXT)[:-4])
    assert names(part) == ["a", "b"]
    assert [problem.why for problem in part.problems] == ["truncated"]


def test_something_else_after_the_gzip_is_named(dump):
    part = dump.read(gzip.compress(TEXT) + b"trailer")
    assert names(part) == ["a", "b"]
    assert "something else" in part.problems[0].detail


@pytest.mark.parametrize("length", [2, 9, 12, 40])
def test_a_gzip_with_nothing_in_it_is_an_error(dump, length):
    with pytest.raises(SnapshotError, match="gzip file breaks off"):
        dump.read(gzip.compress(json.dumps(pod("a", text=NOISE)).encode())[:length])


def test_a_damaged_gzip_is_an_error(dump):
    with pytest.raises(SnapshotError, match="damaged"):
        dump.read(gzip.compress(TEXT)[:10] + b"\xff" * 40)


def test_a_gzip_bomb_stops_at_the_limit(dump):
    with pytest.raises(SnapshotError, match=r"1,000,000 bytes") as caught:
        dump.read(gzip.compress(bytes(50_000_000)), limits=Limits(bytes=1_000_000))
    assert "--max-bytes" in caught.value.hint


def test_the_limit_counts_what_is_held_and_not_what_it_was_expanded_from(dump):
    text = json.dumps(pod("a", text=NOISE)).encode()
    assert names(dump.read(gzip.compress(text), limits=Limits(bytes=len(text)))) == ["a"]


def test_an_outer_gzip_that_breaks_off_is_named(dump):
    part = dump.read(gzip.compress(gzip.compress(TEXT))[:-4])
    assert names(part) == ["a", "b"]
    assert [problem.why for problem in part.problems] == ["truncated"]


def test_zstd_without_a_library_names_the_extra(dump, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("diag.snapshot.sources.compressed.importlib.import_module", missing)
    with pytest.raises(SnapshotError, match="zstd") as caught:
        dump.read(b"\x28\xb5\x2f\xfd" + bytes(20))
    assert "kube-diag[zstd]" in caught.value.hint


def test_zstd_is_read_where_a_library_is_there(dump):
    zstandard = pytest.importorskip("zstandard")
    compress = zstandard.ZstdCompressor().compress
    assert names(dump.read(compress(TEXT))) == ["a", "b"]
    assert names(dump.read(compress(TEXT[:50]) + compress(TEXT[50:]))) == ["a", "b"]
    rows = [pod(f"p{n}", text="".join(random.Random(n).choices(NOISE, k=5000))) for n in range(100)]
    cut = dump.read(compress(json.dumps(a_list(*rows)).encode())[:-50])
    assert 0 < len(cut.items) < 100
    assert [problem.why for problem in cut.problems] == ["truncated"]


def test_zstd_is_read_through_what_the_two_libraries_share(dump, monkeypatch):
    class Decoder:
        """Stands for a frame that is one step long."""

        eof = False
        unused_data = b""

        def decompress(self, _data):
            self.eof = True
            return TEXT

    class Library:
        ZstdDecompressor = Decoder
        ZstdError = ValueError

    monkeypatch.setattr(importlib, "import_module", lambda _name: Library)
    assert names(dump.read(b"\x28\xb5\x2f\xfd" + bytes(20))) == ["a", "b"]


@pytest.mark.parametrize(
    ("words", "says"), [("Dictionary mismatch", "-D DICTIONARY"), ("Frame requires too much memory", "--long=31")]
)
def test_what_was_packed_so_on_purpose_is_not_called_damaged(words, says):
    assert says in why_not(ValueError(f"zstd decompressor error: {words}"))
    assert why_not(ValueError("checksum")) == "is damaged (checksum)"


def test_a_frame_that_asks_for_too_much_memory_says_how_it_is_expanded(dump):
    pytest.importorskip("zstandard", reason="zstd is an extra")
    with pytest.raises(SnapshotError, match="--long=31") as caught:
        dump.read(b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00")
    assert caught.value.hint is None
