"""Nothing of the original leaves but shipped words and numbers, and what comes back is the original again."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diag.api import scan
from diag.document import RefRow
from diag.facts.masking import mask
from diag.llm.brief import brief
from diag.llm.prompt import prompt
from diag.redact.keys import installation_key
from diag.redact.names import named_in
from diag.redact.pseudonyms import PSEUDONYM, Pseudonyms
from diag.redact.redact import Redactor
from diag.redact.shipped import is_public_name, is_shipped_token, is_shipped_word

KEY = b"k" * 32
CASES = [f"cases/{name}.json" for name in (
    "kueue-strictfifo-head-blocking", "imagepull-nvcr-unauthorized", "gpu-xid79-gpu-missing",
    "kueue-waiting-borrowing-limit", "volcano-queue-quota-insufficient", "vllm-shm-too-small",
)]  # fmt: skip
POD = RefRow(cluster="prod-eu", apiVersion="v1", kind="Pod", namespace="falcon", name="falcon-train-0")
NODE = RefRow(cluster="prod-eu", apiVersion="v1", kind="Node", name="server")

LEAKS = {
    "mail": ("written to jane.doe@acme-corp.io.", ["jane", "doe", "acme", "@"]),
    "address": ("dial tcp 10.20.30.40:8443: i/o timeout", ["10.20", "30.40"]),
    "IPv6": ("dial fd00:1234::17 failed", ["fd00", "1234"]),
    "host": ("lookup db7.internal.acme.io: no such host", ["db7", "acme"]),
    "url": ("GET https://hub.acme.io/v2/secret-model?x=1 failed", ["acme"]),
    "image": ("Back-off pulling image registry.acme.io/falcon/train:v7", ["acme", "falcon"]),
    "path": ("cannot open /data/falcon/llama/weights.safetensors", ["falcon"]),
    "account": ("arn:aws:iam::123456789012:role/Falcon", ["123456789012", "Falcon"]),
    "id": ("uid 7d1f0b3e-2c44-4a8e-9d3b-9f1f6f0f2b11", ["7d1f0b3e", "9f1f6f0f2b11"]),
    "base64": ("config eyJhdXRocyI6eyJ6ZWJlZGVlIjp7fX19Cg==", ["eyJhdXRocyI6eyJ6ZWJl"]),
    "JSON": (r'{"user": "zebedee", "args": ["--team=zebedee"]}', ["zebedee"]),
    "JSON in JSON": (r"{\"user\": \"zebedee\"}", ["zebedee"]),
    "word": ("Zebedee's job of zebedee_team", ["ebedee"]),
    "another script": ("модель Жук failed", ["модель", "Жук"]),
}


def made(*known):
    return Redactor(Pseudonyms(KEY), known)


@pytest.mark.parametrize(("text", "hidden"), LEAKS.values(), ids=LEAKS)
def test_each_kind_of_name_goes_and_comes_back(text, hidden):
    redactor = made()
    sent = redactor.text(text)

    assert [each for each in hidden if each in sent] == []
    assert redactor.restored(sent) == text


def test_names_of_known_objects_go_even_where_they_are_common_words():
    sent = made(POD, NODE).text("Pod falcon/falcon-train-0 waits for node server in prod-eu; SERVER is down")

    assert re.fullmatch(
        r"Pod ns-q\w+/pod-q\w+-0 waits for node (node-q\w+) in cluster-q\w+; node-q\w+ is down", sent
    ), sent
    assert not re.search("falcon|server|prod", sent, re.IGNORECASE)


@pytest.mark.parametrize(
    "text",
    [
        "0/6 nodes are available: 1 node(s) were unschedulable, 5 Insufficient nvidia.com/gpu.",
        "status.conditions[0].message: CrashLoopBackOff, exit code 137, OOMKilled",
        "namespace kube-system, taint node.kubernetes.io/not-ready:NoSchedule since 2026-11-25T23:24:03Z, 5m0s",
        "CUDA out of memory. Tried to allocate 2.00 GiB, 14.5% of 80Gi",
    ],
)
def test_shipped_words_and_amounts_stay(text):
    assert made().text(text) == text


def test_secrets_are_masked_for_good():
    redactor = made()
    sent = redactor.text("HF_TOKEN=hf_AbCdEfGhIjKlMnOpQrStUvWx password: hunter2hunter")

    assert "hf_Ab" not in sent
    assert "hunter2" not in sent
    assert "hunter2" not in redactor.restored(sent)


def test_pseudonyms_are_stable_for_one_key_and_differ_for_another():
    first, again = made(POD).text("falcon-train-0"), made(POD).text("falcon-train-0")
    other = Redactor(Pseudonyms(b"o" * 32), [POD]).text("falcon-train-0")

    assert first == again != other
    assert first.startswith("pod-q")


def test_the_name_of_an_object_goes_also_as_a_part_of_another_word():
    sent = made(POD, NODE).text("server-pool, server_pool, server.pool and pool/server of prod-eu-2")

    assert re.findall("server|prod", sent) == []


@pytest.mark.parametrize("everything_ships", [False, True])
def test_a_text_that_looks_like_a_pseudonym_is_turned_back_into_itself(monkeypatch, everything_ships):
    redactor = made(POD)
    if everything_ships:  # a word of ours that looks like one is no exception
        monkeypatch.setattr("diag.redact.redact.is_shipped_token", lambda _: True)
    pseudonym = redactor.text("falcon-train-0")
    sent = redactor.text(f"the log says {pseudonym}")

    assert pseudonym not in sent
    assert redactor.restored(sent) == f"the log says {pseudonym}"


def test_a_pseudonym_is_restored_inside_a_sentence():
    redactor = made(POD)
    pseudonym = redactor.text("falcon-train-0")

    assert redactor.restored(f"{pseudonym}'s node, {pseudonym}s and ({pseudonym}).") == (
        "falcon-train-0's node, falcon-train-0s and (falcon-train-0)."
    )
    assert redactor.restored("pod-qzzzzzz") == "pod-qzzzzzz"


def test_two_names_never_share_a_pseudonym(monkeypatch):
    pseudonyms = Pseudonyms(KEY)
    monkeypatch.setattr(pseudonyms, "_letters", lambda real, *_: "bcdfgh" + real * 18)
    given_ = {name: pseudonyms.of(name, "pod") for name in ("j", "k", "m")}

    assert len(set(given_.values())) == 3
    assert {pseudonyms.restored(each) for each in given_.values()} == {"j", "k", "m"}


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_comes_back_as_it_was_but_for_its_secrets(text):
    redactor = made(POD, NODE)

    assert redactor.restored(redactor.text(text)) == mask(text)


CANARY = st.from_regex(r"[a-z]{2,8}[0-9]{2,6}[a-z]{2,8}", fullmatch=True)
GLUE = st.sampled_from(
    ["", " ", "/", ":", "=", "@", ".", "-", "_", '"', "\\n", "'", ",", "(", "://", "?", "\t", "%2F", "⏎"]
)


@given(
    CANARY,
    st.lists(st.tuples(GLUE, st.sampled_from(["pod", "node", "https", "10.0.0.1", "v1", "nvcr.io", "F1"]), GLUE)),
)
@settings(max_examples=500, deadline=None)
def test_no_canary_leaves_whatever_it_is_glued_to(canary, glued):
    text = canary + "".join(f"{left}{word}{right}{canary}" for left, word, right in glued)
    sent = made().text(text)

    assert canary not in PSEUDONYM.sub("", sent)


@given(st.text(max_size=120))
@settings(max_examples=300, deadline=None)
def test_what_is_left_are_shipped_words_numbers_and_pseudonyms(text):
    left = re.sub(r"\b[a-f][0-9a-f_-]{7,}", " ", PSEUDONYM.sub(" ", made().text(text)))

    for word in re.findall(r"[^\W\d_]{2,}", left):
        pieces = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", word)
        assert word.isascii(), (text, left)
        assert is_shipped_word(word) or all(map(is_shipped_word, pieces)) or is_shipped_token(word) or _unit(word), left


def _unit(word):
    return re.fullmatch(r"[KMGTPEkmunµ]i?B?|ms|min|Hz", word)


def test_the_key_is_made_once_and_is_for_its_owner_only(tmp_path):
    key = installation_key(tmp_path / "state")

    assert installation_key(tmp_path / "state") == key
    assert (tmp_path / "state" / "redaction.key").stat().st_mode & 0o077 == 0
    (tmp_path / "blocked").write_text("a file where the folder should be")
    assert len(installation_key(tmp_path / "blocked")) == 32


@pytest.mark.parametrize("case", ["real/scenarios/upgrade-failed-pdb-cordon/objects.json.gz", *CASES])
def test_no_name_of_a_real_report_leaves_with_a_prompt(request, case):
    report = scan([request.config.rootpath / "tests" / case])
    redactor = made(*named_in(report))
    names = {name for ref in named_in(report) for name in (ref.name, ref.namespace) if name}
    for cause in report.causes:
        plain = prompt(brief(report, cause, tokens=4000))
        sent = redactor.text(plain.user)
        left = PSEUDONYM.sub("", sent)

        assert redactor.restored(sent) == plain.user
        leaked = [name for name in names if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", left)]
        assert [name for name in leaked if not is_public_name(name)] == []
        assert redactor.text(plain.system) == plain.system
