"""Whatever stands in whatever string of a snapshot: nothing of it is in the redacted one but words of ours."""

import base64
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diag.api import capture
from diag.redact.keys import KeyFile, key_file
from diag.redact.pseudonyms import Pseudonyms
from diag.redact.snapshot import Redaction

CASES = Path(__file__).parents[1] / "cases"
STEMS = ("kueue-strictfifo-head-blocking", "gpu-xid79-gpu-missing", "feast-secret-key-missing", "vllm-shm-too-small",
         "gpu-driver-headers-new-kernel", "istio-registry-only-egress")  # fmt: skip
BIRD = "zqxplover"
TIMES = re.compile(r"\d{4}-\d\d-\d\dT")


def planted(value, count, key=""):
    """The same JSON with a canary in each string and in each key of a map that somebody fills."""
    if isinstance(value, dict):
        filled = key in ("labels", "annotations", "matchLabels", "nodeSelector", "data")
        return {f"{name}{_next(count)}" if filled else name: planted(each, count, name) for name, each in value.items()}
    if isinstance(value, list):
        return [planted(each, count, key) for each in value]
    if isinstance(value, str) and key not in ("kind", "apiVersion") and not TIMES.match(value):
        joint = " " if " " in value else "-"
        return f"{value}{joint}{_next(count)}"
    return value


def _next(count):
    count.append(1)
    return f"{BIRD}{len(count)}x"


def decoded(text):
    """The text, and what stands in base64 in it."""
    found = re.findall(r"[A-Za-z0-9+/_-]{16,}={0,2}", text)
    return text + "\n".join(
        base64.b64decode(each + "=" * (-len(each) % 4), altchars=b"-_").decode("utf-8", "replace")
        for each in (one.translate(str.maketrans("+/", "-_")) for one in found)
        if len(each.rstrip("=")) % 4 != 1
    )


def redacted(tmp_path, objects, logs=()):
    (tmp_path / "in.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    (tmp_path / "logs.json").write_text(json.dumps(list(logs)))
    paths = [tmp_path / "in.json", *([tmp_path / "logs.json"] if logs else [])]
    return capture(paths, form="plain", redact=KeyFile(tmp_path / "key", b"k" * 32)).packed.decode()


@pytest.mark.parametrize("stem", STEMS)
def test_no_canary_of_any_string_key_or_log_line_is_left(stem, tmp_path):
    count = []
    objects = planted(json.loads((CASES / f"{stem}.json").read_text())["items"], count)
    path = CASES / f"{stem}.logs.json"
    logs = json.loads(path.read_text()) if path.exists() else []
    lines = [[f"{line} {_next(count)}" for line in log["text"].splitlines()] for log in logs]
    logs = [log | {"text": "\n".join(text)} for log, text in zip(logs, lines, strict=True)]
    made = redacted(tmp_path, objects, logs)

    assert len(count) > 25
    assert BIRD not in decoded(made)
    assert made.count("creationTimestamp") > 0  # it was not emptied


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ6cXhwbG92ZXIifQ.c2lnbmF0dXJlLXpxeHBsb3Zlcg"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIzqxplover\n-----END RSA PRIVATE KEY-----\n"
KINDS = {
    "mail": "written to zqxplover@zqxplover.io",
    "address": "dial tcp 10.77.88.99:8443", "IPv6": "fd00:77::99", "range": "10.77.88.99/24",
    "host": "lookup zqxplover.internal.zqxplover.io", "own host of words": "pull from registry.model-server.io",
    "URL": "GET https://zqxplover:pa55word@hub.zqxplover.com/v2?user=zqxplover&sig=abcdefZQX123456",
    "image": "pulling hub.zqxplover.io/zqxplover/train:v7@sha256:" + "0a1b" * 16,
    "path": "open /data/zqxplover/llama.safetensors",
    "account": "arn:aws:iam::123456789012:role/zqxplover",
    "Hugging Face": "HF_TOKEN=hf_zqxploverABCDEFGHIJKLMN", "AWS": "AKIAZQXPLOVERABCDEFG",
    "GitHub": "ghp_zqxploverABCDEFGHIJKLMN12",
    "OpenAI": "sk-zqxploverABCDEFGHIJKL1234", "NGC": "nvapi-zqxploverABCDEFGHIJKL1234", "JWT": f"Bearer {JWT}",
    "private key": PEM, "base64": base64.b64encode(b"user: zqxplover\n").decode(),
    "base64 of a key": base64.b64encode(PEM.encode()).decode(),
    "JSON": json.dumps({"user": "zqxplover", "deep": json.dumps({"again": "zqxplover\n"})}),
    "JSON in base64": base64.b64encode(b'{"auths": {"zqxplover.io": {"auth": "enF4cGxvdmVyOng="}}}').decode(),
    "kubeconfig": "users:\n- name: zqxplover\n  user:\n    client-key-data: " + base64.b64encode(PEM.encode()).decode(),
    "escapes": "zqxplover\u200b zq\u0435 ZQXPLOVER zqxPlover",
    "glued": "podzqxplover=node:zqxplover;zqxplover|zqxplover",
}  # fmt: skip
GONE = (
    "zqxplover",
    "10.77.88",
    "fd00:77",
    "123456789012",
    "pa55word",
    "0a1b0a1b",
    "abcdefzqx",
    "model-server.io",
    "enf4cgxvdmvy",
)


@pytest.mark.parametrize("text", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("place", ["annotation", "message", "log", "variable", "argument"])
def test_each_kind_of_secret_and_name_is_gone_from_each_place(text, place, tmp_path):
    pod = {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "a", "namespace": "b", "annotations": {"x": text if place == "annotation" else ""}},
        "spec": {"containers": [{"name": "c", "args": [text if place == "argument" else ""],
                                 "env": [{"name": "V", "value": text if place == "variable" else ""}]}]},
        "status": {"conditions": [{"type": "Ready", "message": text if place == "message" else ""}]},
    }  # fmt: skip
    logs = [{"pod": "b/a", "container": "c", "previous": False, "text": text}] if place == "log" else []
    made = decoded(redacted(tmp_path, [pod], logs)).casefold()

    assert [each for each in GONE if each in made] == []


def test_credentials_are_masked_for_good_by_the_name_that_they_stand_under(tmp_path):
    held = {"HF_TOKEN": "plainwords", "password": "plainwords", "auths": {"hub": {"auth": "cGxhaW53b3Jkcw=="}}}
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "b"},
        "spec": {"containers": [{"name": "c", "env": [{"name": "API_KEY", "value": "plainwords"}]}], "held": held},
    }  # fmt: skip
    made = redacted(tmp_path, [pod])
    kept = json.dumps(dict(key_file(tmp_path / "key").pseudonyms().names)) if (tmp_path / "key").exists() else ""
    names = json.loads((tmp_path / "key.names.json").read_text())

    assert "plainwords" not in decoded(made)
    assert "plainwords" not in json.dumps(names) + kept
    assert made.count('"***"') == 4


@pytest.mark.parametrize("inside", [PEM, base64.b64encode(PEM.encode()).decode()], ids=["plain", "base64"])
def test_a_secret_is_not_kept_with_the_names(inside, tmp_path):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "b", "annotations": {"x": inside}}}
    made = redacted(tmp_path, [pod])
    names = (tmp_path / "key.names.json").read_text()

    assert inside not in made + names
    assert "PRIVATE KEY-----" in decoded(made)
    assert BIRD not in decoded(names)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def shape(value):
    if isinstance(value, dict):
        return [shape(each) for each in value.values()]
    if isinstance(value, list):
        return [shape(each) for each in value]
    return "text" if isinstance(value, str) else value


@given(JSON)
@settings(max_examples=200, deadline=None)
def test_any_json_keeps_its_shape_and_its_numbers(value):
    redaction = Redaction([], Pseudonyms(b"k" * 32))

    assert shape(redaction.value(value)) == shape(value)


@given(st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=8))
@settings(max_examples=200, deadline=None)
def test_equal_strings_stay_equal_and_different_ones_different(texts):
    redaction = Redaction([], Pseudonyms(b"k" * 32))
    made = [redaction.string(text) for text in texts]

    for one, first in zip(texts, made, strict=True):
        for other, second in zip(texts, made, strict=True):
            assert (first == second) == (one == other), (one, other)
