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
from diag.errors import ClusterError
from diag.testing.apiserver import Access, ApiServer, kubeconfig

ITEMS, _ = scenario("preempted-two-deployments")
OTHERS, _ = scenario("dra-devices-exhausted")


def commands(report):
    yield from (one.command for cause in report.causes for one in cause.remedies if one.command)
    yield from (gap.fix for gap in report.gaps)


def test_each_command_has_all_that_was_named_and_is_else_the_same(serve, monkeypatch):
    rights = Access(cluster=rules_for({"Pod", "Node", "Event"}, logs=False))
    server = serve(ITEMS, access=rights)
    monkeypatch.setenv("KUBECONFIG", server.config)
    who = {"as_user": "dana d", "as_groups": ("ml", "people")}
    all_of_it = f" --kubeconfig {server.config} --context gpu --as 'dana d' --as-group ml --as-group people"

    plain = [*commands(scan(Live()))]

    assert any("kubectl" in one for one in plain)
    for ways, told in [
        ({"contexts": ("gpu",)}, " --context gpu"),
        ({"kubeconfig": server.config, "contexts": ("gpu",)} | who, all_of_it),
        (who, " --as 'dana d' --as-group ml --as-group people"),
    ]:
        named = [*commands(scan(Live(**ways)))]
        assert not [one for one in named if "kubectl " in one and f"kubectl{told} " not in one], ways
        assert [one.replace(told, "") for one in named] == plain


def test_what_to_try_names_the_same_login(tmp_path):
    config = str(kubeconfig(tmp_path / "config", {"gone": "http://127.0.0.1:9", "deaf": "http://127.0.0.1:9"}))

    with pytest.raises(ClusterError) as caught:
        scan(Live(kubeconfig=config, as_user="dana", request_timeout_s=2.0))

    assert f"`kubectl --kubeconfig {config} --context gone --as dana version`" in caught.value.hint


def test_of_two_contexts_each_command_leads_to_its_own(tmp_path):
    with ApiServer(ITEMS) as first, ApiServer(OTHERS) as second:
        config = kubeconfig(tmp_path / "config", {"gpu": first.url, "edge": second.url})
        report = scan(Live(kubeconfig=str(config), contexts=("all",)))

    for cause in report.causes:
        for one in (one.command for one in cause.remedies if one.command):
            assert one.startswith(f"kubectl --kubeconfig {config} --context {cause.root.cluster} ")
    assert {cause.root.cluster for cause in report.causes} == {"gpu", "edge"}


def test_what_is_shared_does_not_tell_the_context(serve, diag, tmp_path):
    server = serve(ITEMS)
    who = ("--kubeconfig", server.config, "--context", "gpu", "--as", "dana", "--as-group", "staff of gpu")
    words = ("scan", *who, "--share", "-o", "json", "--fail-on", "never")

    ended = diag(*words, env={"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)})

    assert ended.code == 0, ended.err
    assert "kubectl --kubeconfig FILE --context cluster-" in ended.out
    assert " --as USER --as-group GROUP " in ended.out
    assert not re.search(rf"--context gpu\b|dana|staff|{server.config}", ended.out)


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("kubectl -n ml get pods", "kubectl --context 'a b' -n ml get pods"),
        ("kubectl get pods; kubectl get nodes", "kubectl --context 'a b' get pods; kubectl --context 'a b' get nodes"),
        ("kubectl --context other get pods", "kubectl --context other get pods"),
        ("kubectl --as dana get pods", "kubectl --as dana get pods"),
        ("add it: kubectl get a kubectl.io/x-", "add it: kubectl --context 'a b' get a kubectl.io/x-"),
        ("helm upgrade my-kubectl x", "helm upgrade my-kubectl x"),
        ("crictl ps", "crictl ps"),
    ],
)  # fmt: skip
def test_only_kubectl_is_told_where_to_go(text, becomes):
    assert to_cluster(text, "kubectl --context 'a b'") == becomes
    assert to_cluster(text, "kubectl") == text


class _Refusing:
    kubectl = "kubectl"

    def get(self, path, *_, **__):
        time.sleep(0.1 if "/pods/a/" in path else 0)
        return Answer(403, {}, b"{}")


def test_the_command_for_refused_logs_has_each_name_as_one_word():
    (problem,) = LiveLogs(_Refusing(), Stop(), str).fetch([("ml/a;$(x)", "b c", True)])

    assert problem.fix.endswith("; kubectl logs -n ml 'a;$(x)' -c 'b c' --previous shows the same")


def test_refused_logs_are_named_in_the_order_in_which_they_were_wanted():
    keys = [(f"ml/{name}", "main", False) for name in "abc"]

    (problem,) = LiveLogs(_Refusing(), Stop(), str).fetch(keys)

    assert (problem.what, problem.fix) == (
        "read the logs of ml/a and 2 more",
        "ask for the right to get pods/log (diag rbac); kubectl logs -n ml a -c main shows the same",
    )
