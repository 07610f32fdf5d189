"""A question is answered from the cause that it means; where it tells none of several, the user is asked."""

import pytest

from diag.api import scan
from diag.cli.root import run
from diag.demo import demo_sources
from diag.llm.meant import causes_meant


@pytest.fixture(scope="module")
def report():
    """Six causes."""
    return scan([f"demo={path}" for path in demo_sources()])


def meant(report, question):
    found = causes_meant(report, question)
    return found.named, [cause.name for cause in found.causes]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("why is contrastive-sweep pending?", "inotify-limit-exhausted"),
        ("why is demand-forecast missing pods?", "resourcequota-exceeded"),
        ("why is pod contrastive-sweep-k72b2 pending?", "inotify-limit-exhausted"),
        ("what of polar-research/contrastive-sweep?", "inotify-limit-exhausted"),
        ("how do I fix C3", "pdb-blocks-drain"),
        ("what to do about img107?", "image-not-found"),
    ],
)
def test_an_object_or_an_id_in_the_question_tells_its_cause(report, question, name):
    assert meant(report, question) == (True, [name])


def test_words_that_one_cause_alone_holds_tell_it_and_others_tell_none(report):
    assert meant(report, "which pod blocks the drain?") == (False, ["pdb-blocks-drain"])
    assert meant(report, "why is the sweep pending?") == (False, ["inotify-limit-exhausted"])
    assert meant(report, "why is the billing service broken?") == (False, [])
    assert meant(report, "why?") == (False, [])


def ask(capsys, tmp_path, monkeypatch, *words):
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return run(["ask", "--demo", "-q", "--llm", "off", *words]), capsys.readouterr()


def test_a_question_about_none_of_several_causes_is_asked_back(capsys, tmp_path, monkeypatch):
    history = str(tmp_path / "talk.jsonl")
    code, out = ask(capsys, tmp_path, monkeypatch, "why?")
    answered, fixed = ask(capsys, tmp_path, monkeypatch, "--history", history, "how do I fix C3?")
    _, again = ask(capsys, tmp_path, monkeypatch, "--history", history, "why?")

    assert (code, out.out, answered) == (2, "", 0)
    assert "about which cause?" in out.err
    assert "C6  image-not-found: Deployment/ferry-vision/dock-detector" in out.err
    assert "one replica more of Deployment query-embedder" in fixed.out
    assert again.out.startswith("PodDisruptionBudget lumen-search/query-embedder is the root cause")
    _, swept = ask(capsys, tmp_path, monkeypatch, "why is contrastive-sweep pending?")
    assert "inotify" in swept.out
    assert "contrastive-sweep" in swept.out
