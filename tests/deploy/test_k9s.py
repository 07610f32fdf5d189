"""The k9s plug-ins: whatever an object or a context is called, it reaches diag as one word, and no shell runs it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from scenarios import scenario

from diag.testing.apiserver import ApiServer, kubeconfig

PLUGINS = yaml.safe_load((Path(__file__).parents[2] / "deploy" / "k9s" / "diag.yaml").read_text())["plugins"]
HOSTILE = [
    "x; touch evil",
    "$(touch evil)",
    "`touch evil`",
    "' ; touch evil ; '",
    '" ; touch evil ; "',
    "x | touch evil",
    "-o=json=evil",
    "--output=json=evil",
    "*",
    "two words",
    "line\nbreak",
    "${NAME}",
]


def substituted(text, names):
    """What k9s makes of an argument, in its older form and its newer (derailed/k9s internal/view/env.go)."""
    found = re.findall(r"\$!?[\w-]+|\$\{!?[\w\-%/: ]+\}", text)
    for each in sorted(found, key=len, reverse=True):
        text = text.replace(each, names[each.strip("${!}").upper()])
    return text


def run(name, names, tmp_path, **environment):
    """Runs a plug-in as k9s does: no shell, each argument a word."""
    plugin = PLUGINS[name]
    words = [plugin["command"], *(substituted(str(each), names) for each in plugin["args"])]
    around = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOME": str(tmp_path), **environment}
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path, env=around)  # noqa: S603


@pytest.fixture
def programs(tmp_path):
    """Puts programs of these names and texts first on the path."""

    def put(**texts):
        (tmp_path / "bin").mkdir()
        for name, text in texts.items():
            (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
            (tmp_path / "bin" / name).chmod(0o755)

    return put


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_name_is_one_word_of_diag_and_nothing_else(plugin, hostile, programs, tmp_path):
    programs(diag=r'for word; do printf "<%s>\n" "$word"; done; printf "in <%s>\n" "$KUBECONFIG"', less="exec cat")
    names = {"RESOURCE_NAME": "pods", "NAMESPACE": hostile, "NAME": hostile, "CONTEXT": hostile, "KUBECONFIG": hostile}
    before = sorted(tmp_path.iterdir())

    told = run(plugin, names, tmp_path).stdout

    why = ["explain", "--color=always", f"--context={hostile}"]
    words = {
        "diag-why": [*why, f"--namespace={hostile}", "--", substituted("pods/$NAMESPACE/$NAME", names)],
        "diag-why-node": [*why, "--", f"node/{hostile}"],
        "diag-tui": ["tui", f"--context={hostile}"],
    }[plugin]
    assert told == "".join(f"<{word}>\n" for word in words) + f"in <{hostile}>\n"
    assert sorted(tmp_path.iterdir()) == before


def test_diag_explains_what_is_selected_in_a_context_of_any_name(programs, tmp_path):
    programs(diag=f'exec {sys.executable} -m diag "$@"', less="exec cat")
    context = "eu/prod $(touch evil)"
    items, _ = scenario("preempted-two-deployments")
    with ApiServer(items) as server:
        kubeconfig(tmp_path / "config", {"other": "http://127.0.0.1:1", context: server.url})
        pending = next(item for item in items if item["kind"] == "Pod" and item["status"]["phase"] == "Pending")
        names = {
            "RESOURCE_NAME": "pods", "NAMESPACE": pending["metadata"]["namespace"], "NAME": pending["metadata"]["name"],
            "CONTEXT": context, "KUBECONFIG": str(tmp_path / "config"),
        }  # fmt: skip
        path = os.pathsep.join(filter(None, sys.path))
        told = run("diag-why", names, tmp_path, PYTHONPATH=path, XDG_STATE_HOME=str(tmp_path)).stdout

    assert "What is wrong" in told
    assert not (tmp_path / "evil").exists()


def test_the_file_says_what_k9s_asks_for():
    for plugin in PLUGINS.values():
        assert {"shortCut", "description", "scopes", "command", "args"} <= set(plugin)
        assert all(isinstance(word, str) for word in plugin["args"])
