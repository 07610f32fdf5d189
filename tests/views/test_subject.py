import pytest

from diag.document import RefRow
from diag.views.subject import resolve


def ids(match):
    return [cause.id for cause in match.causes]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C2", ["C2"]),
        ("c2", ["C2"]),
        ("F6", ["C2"]),
        ("3fa9", ["C1"]),
        ("3FA9C2D1", ["C1"]),
        ("a1b2c3", ["C1"]),
        ("job/ml/llama-ft", ["C1"]),
        ("Job ml/llama-ft", ["C1"]),
        ("jobs.batch/ml/llama-ft", ["C1"]),
        ("job/llama-ft", ["C1"]),
        ("quota/gpu-quota", ["C1"]),
        ("no/gpu-7", ["C2"]),
        ("NODE/gpu-7", ["C2"]),
        ("serve/chat-70b-6d9f7c5b8-abcde", ["C2"]),
        ("chat-70b-6d9f7c5b8-abcde", ["C2"]),
        ("po/chat-70b-6d9f7c5b8-abcde", ["C2"]),
        ("deploy/serve/chat-70b", ["C2"]),
        ("pdb/db/etcd", ["C3"]),
        ("pod/nvidia-device-plugin-x2v9k", []),
    ],
)
def test_what_people_have_in_hand(report, text, expected):
    match = resolve(report, text)

    assert ids(match) == expected
    assert not match.suggestions


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("serve   chat-70b-6d9f7c5b8-abcde   0/1   Pending   0   41m", ["C2"]),
        ("29m Warning FailedScheduling pod/chat-70b-6d9f7c5b8-abcde 0/9 nodes are available.", ["C2"]),
        ("12m   Warning   FailedCreate   job/llama-ft   Error creating: forbidden", ["C1"]),
        ("gpu-7   Ready   <none>   3d   v1.33.1", ["C2"]),
    ],
)
def test_a_pasted_line_is_read_for_the_names_in_it(report, line, expected):
    assert ids(resolve(report, line)) == expected


def test_a_namespace_narrows_a_bare_name(report):
    assert ids(resolve(report, "job/llama-ft", namespaces=("ml",))) == ["C1"]
    assert not resolve(report, "job/llama-ft", namespaces=("other",)).causes


def test_three_letters_of_a_fingerprint_are_too_few(report):
    assert not resolve(report, "3fa").causes


def test_a_known_object_without_a_cause_is_found_and_clean(report):
    healthy = RefRow(cluster="prod-eu", apiVersion="v1", kind="Pod", namespace="ml", name="fine-0")

    match = resolve(report, "pod/ml/fine-0", known=[healthy])

    assert (match.causes, match.subject) == ((), healthy)


def test_a_misspelt_subject_gets_the_nearest(report):
    match = resolve(report, "job/ml/lama-ft")

    assert (match.causes, match.subject) == ((), None)
    assert match.suggestions[0] == "Job/ml/llama-ft"


def test_nonsense_gets_no_suggestion(report):
    assert not resolve(report, "zzzzzzzz").suggestions
    assert not resolve(report, "///").suggestions
