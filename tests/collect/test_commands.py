"""Commands lead to the cluster that was looked at, where its context was named."""

import re
import time

import pytest
from scenarios import scenario

from diag.api import scan
from diag.causes.commands import to_cluster
from diag.collect.kube import Answer
from diag.collect.live import Live
from diag.collect.logs import LiveLogs
from diag.collect.requests import Stop
from diag.collect.roles import rules_for
from diag.testing.apiserver import Access, ApiServer, kubeconfig

ITEMS, _ = scenario("preempted-two-deployments")
OTHERS, _ = scenario("dra-devices-exhausted")
KUBECTL = re.compile(r"kubectl (?!--context gpu )")


def commands(report):
    yield from (one.command for cause in report.causes for one in cause.remedies if one.command)
    yield from (gap.fix for gap in report.gaps)


def test_each_command_has_the_context_that_was_named_and_is_else_the_same(serve):
    rights = Access(cluster=rules_for({"Pod", "Node", "Event"}, logs=False))
    server = serve(ITEMS, access=rights)

    plain = scan(Live(kubeconfig=server.config))
    named = scan(Live(kubeconfig=server.config, contexts=("gpu",)))

    assert any("kubectl" in one for one in commands(named))
    assert not [one for one in commands(named) if KUBECTL.search(one)]
    assert [one.replace(" --context gpu", "") for one in commands(named)] == list(commands(plain))


def test_of_two_contexts_each_command_leads_to_its_own(tmp_path):
    with ApiServer(ITEMS) as first, ApiServer(OTHERS) as second:
        config = kubeconfig(tmp_path / "config", {"gpu": first.url, "edge": second.url})
        report = scan(Live(kubeconfig=str(config), contexts=("all",)))

    for cause in report.causes:
        for one in (one.command for one in cause.remedies if one.command):
            assert one.startswith(f"kubectl --context {cause.root.cluster} ")
    assert {cause.root.cluster for cause in report.causes} == {"gpu", "edge"}


def test_what_is_shared_does_not_tell_the_context(serve, diag, tmp_path):
    server = serve(ITEMS)
    words = ("scan", "--kubeconfig", server.config, "--context", "gpu", "--share", "-o", "json", "--fail-on", "never")

    ended = diag(*words, env={"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)})

    assert ended.code == 0, ended.err
    assert "--context" in ended.out
    assert not re.search(r"--context gpu\b", ended.out)


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("kubectl -n ml get pods", "kubectl --context 'a b' -n ml get pods"),
        ("kubectl get pods; kubectl get nodes", "kubectl --context 'a b' get pods; kubectl --context 'a b' get nodes"),
        ("kubectl --context other get pods", "kubectl --context other get pods"),
        ("add it: kubectl get a kubectl.io/x-", "add it: kubectl --context 'a b' get a kubectl.io/x-"),
        ("helm upgrade my-kubectl x", "helm upgrade my-kubectl x"),
        ("crictl ps", "crictl ps"),
    ],
)  # fmt: skip
def test_only_kubectl_is_told_where_to_go(text, becomes):
    assert to_cluster(text, "kubectl --context 'a b'") == becomes
    assert to_cluster(text, "kubectl") == text


def test_refused_logs_are_named_in_the_order_in_which_they_were_wanted():
    class Slow:
        kubectl = "kubectl"

        def get(self, path, *_, **__):
            time.sleep(0.1 if "/pods/a/" in path else 0)
            return Answer(403, {}, b"{}")

    keys = [(f"ml/{name}", "main", False) for name in "abc"]

    (problem,) = LiveLogs(Slow(), Stop(), str).fetch(keys)

    assert (problem.what, problem.fix) == ("read the logs of ml/a and 2 more", "kubectl logs -n ml a -c main")
