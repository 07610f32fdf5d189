import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.facts.image_pull import Image, Pulled, parse_image, parse_pulled

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("message", "pulled"),
    [
        ('Successfully pulled image "a/b:1" in 6m41.22s', Pulled(image="a/b:1", pull_s=401.22)),
        (
            'Successfully pulled image "a/b:1" in 913ms (1m0.5s including waiting)',
            Pulled(image="a/b:1", pull_s=0.913, waited_s=60.5),
        ),
        (
            'Successfully pulled image "a/b:1" in 2m31.7s (6m13.6s including waiting). Image size: 15170043904 bytes.',
            Pulled(image="a/b:1", pull_s=151.7, waited_s=373.6, size_bytes=15170043904),
        ),
    ],
)
def test_a_pull_is_read_in_the_wording_of_every_release(message, pulled):
    read = parse_pulled(message)
    assert read.image == pulled.image
    assert read.size_bytes == pulled.size_bytes
    assert read.pull_s == pytest.approx(pulled.pull_s)
    assert read.waited_s == (None if pulled.waited_s is None else pytest.approx(pulled.waited_s))


def test_the_wait_behind_other_pulls_is_what_exceeds_the_pull():
    assert Pulled(image="a", pull_s=10, waited_s=70).queued_s == 60
    assert Pulled(image="a", pull_s=10, waited_s=9).queued_s == 0
    assert Pulled(image="a", pull_s=10).queued_s is None


@pytest.mark.parametrize(
    "message",
    [
        None,
        3,
        "",
        'Pulling image "a"',
        'Successfully pulled image "a" in soon',
        'Successfully pulled image "a" in ...',
        'Successfully pulled image "" in 3s',
        'Successfully pulled image "a" in 3s and then it burned',
        'Container image "a" already present on machine',
        "x" * 5000,
    ],
)
def test_another_message_is_no_pull(message):
    assert parse_pulled(message) is None


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("busybox", ("docker.io", "library/busybox", "latest", "")),
        ("vllm/vllm-openai:v0.11.0", ("docker.io", "vllm/vllm-openai", "v0.11.0", "")),
        ("docker.io/busybox:1", ("docker.io", "library/busybox", "1", "")),
        ("index.docker.io/a/b", ("docker.io", "a/b", "latest", "")),
        ("nvcr.io/nvidia/cuda:13.0", ("nvcr.io", "nvidia/cuda", "13.0", "")),
        ("localhost/a", ("localhost", "a", "latest", "")),
        ("registry:5000/a/b/c:x", ("registry:5000", "a/b/c", "x", "")),
        ("[fd00::1]:5000/a", ("[fd00::1]:5000", "a", "latest", "")),
        (f"nvcr.io/a/b@{DIGEST}", ("nvcr.io", "a/b", "", DIGEST)),
        (f"nvcr.io/a/b:1@{DIGEST}", ("nvcr.io", "a/b", "1", DIGEST)),
        (f"docker-pullable://nginx@{DIGEST}", ("docker.io", "library/nginx", "", DIGEST)),
    ],
)
def test_a_reference_is_taken_apart_with_the_hubs_defaults(reference, parts):
    assert parse_image(reference) == Image(*parts)


@pytest.mark.parametrize(
    "reference",
    [
        None,
        1,
        "",
        "UPPER/case",
        "a b",
        "a:",
        "a:b c",
        "a@",
        "a@sha256:xyz",
        "/a",
        "a//",
        "http://",
        "-a",
        "a/b:" + "t" * 200,
    ],
)
def test_what_is_no_reference_is_unknown(reference):
    assert parse_image(reference) is None


@given(st.text(alphabet='ab:/@."-[] ', max_size=60))
def test_no_reference_crashes(reference):
    assert parse_image(reference) is None or parse_image(reference).repository


@pytest.mark.parametrize("unit", ["a-", "a", "-", "a.", "/", "_/"])
def test_a_long_reference_is_read_in_linear_time(unit):
    parse_image(unit * (4096 // len(unit)) + "!")
