"""In a pod: the files of its service account, and what is said where they are of no use."""

import pytest
from certificates import certificates
from cluster_objects import node, pod
from kubernetes.config import incluster_config

from diag.cli.checks import checks
from diag.cli.diagnostics import ExitCode
from diag.cli.flags import Flags
from diag.cli.rights import checked
from diag.collect.live import Live
from diag.config import Config
from diag.errors import ClusterError, UsageError

ITEMS = [node("gpu-1"), pod("runs", "gpu-1")]


@pytest.fixture
def account(serve, tmp_path, monkeypatch):
    """The folder of a service account, as the kubelet makes it, and the server that takes its token."""
    server = serve(ITEMS, tls=certificates(tmp_path, verify=False), token="pod-token")  # noqa: S106
    host, port = server.url.removeprefix("https://").split(":")
    (tmp_path / "token").write_text("pod-token\n")
    (tmp_path / "namespace").write_text("")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    return tmp_path


def last_check():
    *_, last = checks(Flags(config=Config(), origins={}, again=""))
    return last


def test_its_files_lead_to_the_cluster(account):
    (part,) = Live().parts({"Pod"}, str)

    assert (part.cluster, len(part.items)) == ("in-cluster", 1)
    assert (last_check().verdict, last_check().what) == ("ok", "in-cluster rights")


def test_the_check_asks_with_its_token(account, capsys):
    assert checked(Flags(config=Config(), origins={}, again="")) is ExitCode.OK
    assert ", 0 denied, 0 unknown, in the whole cluster" in capsys.readouterr().out

    (account / "token").write_text("of an account that was deleted")

    with pytest.raises(ClusterError, match="in-cluster does not say: GET /version: 401"):
        checked(Flags(config=Config(), origins={}, again=""))


def test_a_token_that_is_not_taken_is_told_without_a_login(account):
    (account / "token").write_text("of an account that was deleted")

    with pytest.raises(ClusterError, match="in-cluster does not know who you are") as caught:
        Live().parts({"Pod"}, str)

    assert "does the account still exist?" in caught.value.hint
    assert (last_check().verdict, last_check().fix) == ("fail", caught.value.hint)


def test_an_empty_token_is_told(account):
    (account / "token").write_text("")

    with pytest.raises(ClusterError, match=r"service account of this pod cannot be used .* exists but empty"):
        Live().parts({"Pod"}, str)


def test_no_context_is_there_and_none_is_suggested(account, monkeypatch):
    with pytest.raises(UsageError, match="no context is called prod: there is no kubeconfig") as caught:
        Live(contexts=("prod",)).parts({"Pod"}, str)
    assert "without --context the service account of this pod is used" in caught.value.hint

    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "9")
    with pytest.raises(ClusterError) as caught:
        Live().parts({"Pod"}, str)
    assert caught.value.hint.endswith("try `kubectl version`")
