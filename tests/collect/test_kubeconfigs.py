"""Kubeconfigs that are none, and login plug-ins that fail: a sentence for each, with what to do."""

import json
import os
import subprocess
import sys
import textwrap

import pytest
from scenarios import scenario

from diag.collect.kube import Cluster
from diag.collect.kubeconfig import Kubeconfig, contexts
from diag.collect.live import Live
from diag.collect.login import Login
from diag.errors import ClusterError, UsageError

ITEMS, _ = scenario("preempted-two-deployments")

NONE = {
    "a list": (b"[1, 2]", "it holds no map"),
    "a word": (b"hello", "it holds no map"),
    "no YAML": (b"a: b: c\n token: hunter2\n\t- [", r"it is no YAML \(line 1, column 5\)"),
    "bytes": (bytes(range(128, 256)) * 9, "it is no YAML"),
    "nothing": (b"", "file is empty"),
    "no context": (b"{}", "it names no context"),
    "numbers": (b"current-context: 3\ncontexts: 7\nclusters: x\nusers: [null]\n", "it holds no map"),
}

BOMB = b"".join(b"x%d: &x%d [%s]\n" % (n, n, b",".join([b"*x%d" % (n - 1) if n else b"1"] * 9)) for n in range(12))
NONE |= {
    "a name that unfolds without end": (BOMB + b"contexts: [{name: *x11}]", "more than 200,000 values"),
    "maps merged without end": (BOMB.replace(b"[1,1,1,1,1,1,1,1,1]", b"{a: 1}").replace(b" [", b" {<<: [").replace(
        b"]\n", b"]}\n"), "more than 200,000 values"),
    "a loop": (b"contexts: &all [{name: a, context: *all}]", "an alias of what it stands in"),
    "a number too long to be written": (b"contexts: [{name: 0x" + b"f" * 9999 + b"}]", "it holds no map"),
    "a namespace too long to be written": (
        b"contexts: [{name: a, context: {namespace: 0x" + b"f" * 9999 + b"}}]", "it holds no map"),
    "a number too large": (b"contexts: 9" + b":00" * 400 + b".0", "it holds no map"),
}  # fmt: skip

SECRETS = ["hunter2", "hunter3"]
OLDEST = os.environ.get("DIAG_TEST_CLIENT") == "33"
NO_PROXY_URL = pytest.mark.skipif(OLDEST, reason="client 33 does not read proxy-url")


@pytest.mark.parametrize("name", NONE)
def test_a_file_that_is_no_kubeconfig_is_told_with_its_path(tmp_path, name):
    body, why = NONE[name]
    place = tmp_path / "config"
    place.write_bytes(body)

    with pytest.raises(ClusterError, match=why) as caught:
        Live(kubeconfig=str(place)).parts({"Pod"}, str)

    assert str(place) in caught.value.message
    assert str(place) in (caught.value.hint or "")
    assert "hunter2" not in caught.value.message


def test_a_folder_and_a_pipe_are_no_kubeconfig(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place, what in ((tmp_path, "is a folder"), (tmp_path / "pipe", "is no regular file")):
        with pytest.raises(UsageError, match=what):
            Live(kubeconfig=str(place)).parts({"Pod"}, str)


def plugin(tmp_path, script):
    place = tmp_path / "login"
    place.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    place.chmod(0o755)
    return {"apiVersion": "client.authentication.k8s.io/v1", "command": str(place), "interactiveMode": "Never"}


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("yes", "it printed more than 1,048,576 characters and was ended"),
        ("yes >&2", "it printed more than 1,048,576 characters and was ended"),
        ("echo password=hunter2 >&2; exit 3", "it ended with exit code 3"),
        ("echo '{}'", "it printed no ExecCredential"),
        ("printf '\\377\\376'", "gave no credentials"),
    ],
    ids=["flood", "flood of errors", "failure", "nothing", "no text"],
)
def test_a_plugin_that_gives_no_credentials_is_told(serve, tmp_path, script, why):
    server = serve(ITEMS, user={"exec": plugin(tmp_path, script)})

    with pytest.raises(ClusterError, match=why) as caught:
        Cluster(Login(kubeconfig=server.config))

    assert "the login plug-in login gave no credentials" in caught.value.message
    assert "hunter2" not in caught.value.message
    assert server.requests == []


def test_a_plugin_that_is_not_there_is_told(serve):
    missing = {"apiVersion": "client.authentication.k8s.io/v1", "command": "/nowhere/login", "interactiveMode": "Never"}
    server = serve(ITEMS, user={"exec": missing})

    with pytest.raises(ClusterError, match="the login plug-in login gave no credentials: it cannot be run"):
        Cluster(Login(kubeconfig=server.config))


@pytest.mark.parametrize("entry", [["login"], {"command": "true"}, {"command": "true", "apiVersion": "v1", "args": 7}])
def test_a_plugin_that_cannot_be_run_is_no_reason_to_ask_as_nobody(serve, entry):
    server = serve(ITEMS, user={"exec": entry})

    with pytest.raises(ClusterError, match="the `exec` of its user is not understood, and was not run"):
        Cluster(Login(kubeconfig=server.config))

    assert server.requests == []


@pytest.mark.parametrize(
    "cluster",
    [
        {"server": "ftp://me:hunter2@gpu.example.com"},
        {"server": "http://me:hunter2@127.0.0.1:99999"},
        pytest.param({"proxy-url": "http://me:hunter2@127.0.0.1:99999"}, marks=NO_PROXY_URL),
        pytest.param({"proxy-url": 7}, marks=NO_PROXY_URL),
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_its_password(serve, cluster):
    server = serve(ITEMS, cluster=cluster)

    with pytest.raises(ClusterError) as caught:
        Live(kubeconfig=server.config).parts({"Pod"}, str)

    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    ("given", "user", "groups"),
    [({}, "dana", ["ml", "people"]), ({"as_user": "kim", "as_groups": ("staff",)}, "kim", ["staff"])],
)
def test_whom_a_user_of_the_kubeconfig_acts_as_is_sent_unless_another_is_named(serve, given, user, groups):
    server = serve(ITEMS, user={"token": "a-token", "as": "dana", "as-groups": ["ml", "people"]})

    Cluster(Login(kubeconfig=server.config, **given)).get("/version")

    headers = server.requests[-1].headers
    assert headers["Impersonate-User"] == user
    assert headers["Impersonate-Group"] in groups  # the log keeps one of each header


@pytest.mark.parametrize(
    ("provider", "says"),
    [
        ("oidc", "Expected key id-token"),
        ("gcp", "the exec plug-in gke-gcloud-auth-plugin took its place"),
        ("azure", "the exec plug-in kubelogin took its place"),
    ],
)
def test_an_auth_provider_that_cannot_be_used_is_told_without_what_it_holds(serve, provider, says):
    config = {"client-secret": "hunter2", "access-token": "hunter3", "expires-on": "99999999999"}
    server = serve(ITEMS, user={"auth-provider": {"name": provider, "config": config}})

    with pytest.raises(ClusterError, match=says) as caught:
        Cluster(Login(kubeconfig=server.config))

    assert "hunter" not in caught.value.message
    assert "NoneType" not in caught.value.message
    assert ("kubelogin convert-kubeconfig" in (caught.value.hint or "")) is (provider == "azure")


def entry(what, name, **says):
    """One of a section, as a kubeconfig has it."""
    return {"name": name, what: says}


def written(folder, **files):
    """Kubeconfigs of these names, and KUBECONFIG with all of them in this order."""
    for name, sections in files.items():
        (folder / name).write_text(json.dumps(sections) if sections else "")
    return os.pathsep.join(str(folder / name) for name in files)


def both(folder, server="http://127.0.0.1:9"):
    """Two files with a cluster and a user of one name, and contexts that name what is in neither."""
    first = {
        "current-context": "here",
        "clusters": [entry("cluster", "gpu", server=server)],
        "users": [entry("user", "dana", token=SECRETS[0]), entry("user", "same", token=SECRETS[0])],
        "contexts": [
            entry("context", "here", cluster="gpu", user="dana"), entry("context", "lost", cluster="gone", user="dana"),
        ],
    }  # fmt: skip
    second = {
        "current-context": "there",
        "clusters": [entry("cluster", "gpu", server="http://127.0.0.1:10")],
        "users": [entry("user", "dana", token=SECRETS[1]), entry("user", "same", token=SECRETS[0])],
        "contexts": [entry("context", "there", cluster="gpu", user="nobody")],
    }
    return written(folder, empty=None, a=first, b=second)


def test_of_two_files_the_first_counts_as_for_kubectl(serve, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", both(tmp_path, serve(ITEMS).url))

    assert [each.name for each in contexts(None) if each.current] == ["here"]
    assert Cluster(Login()).get("/version").status == 200


def test_the_doctor_says_which_of_two_entries_counts_and_which_names_lead_nowhere(tmp_path, diag):
    says = diag("doctor", "--request-timeout", "1ms", env={"KUBECONFIG": both(tmp_path)}).out

    one, two = tmp_path / "a", tmp_path / "b"
    assert f"warn  kubeconfig: cluster gpu is another in {two} than in {one} (server): that of {one} counts" in says
    assert f"user dana is another in {two} than in {one} (token)" in says
    assert "user same" not in says
    assert "warn  kubeconfig: context lost names the cluster gone, which is not in" in says
    assert "warn  kubeconfig: context there names the user nobody, which is not in" in says
    assert "context here names" not in says
    assert "hunter" not in says


def test_an_entry_that_stands_twice_in_one_file_is_told(tmp_path):
    twice = {"clusters": [entry("cluster", "gpu")] * 2, "contexts": [entry("context", "here", cluster="gpu")]}

    (says,) = Kubeconfig(written(tmp_path, a=twice)).twice()

    assert says.startswith("cluster gpu stands twice in ")


def test_a_context_whose_cluster_or_user_is_in_no_file_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", both(tmp_path))

    for name, lacks in (("lost", "the cluster gone"), ("there", "the user nobody")):
        with pytest.raises(
            ClusterError, match=f"^{name} cannot be used .*: its context names {lacks}, which is not in"
        ):
            Cluster(Login(context=name))


@NO_PROXY_URL
def test_a_proxy_whose_protocol_needs_a_package_is_told(serve, monkeypatch):
    monkeypatch.setitem(sys.modules, "socks", None)  # as where it is not installed
    server = serve(ITEMS, cluster={"proxy-url": "socks5://127.0.0.1:9"})

    with pytest.raises(ClusterError, match=r"gpu cannot be used .*(`proxy-url`.*pysocks|socks5)"):
        Cluster(Login(kubeconfig=server.config))


@NO_PROXY_URL
def test_a_proxy_that_does_not_answer_is_told_in_words(serve):
    server = serve(ITEMS, cluster={"proxy-url": "http://127.0.0.1:9"})

    with pytest.raises(ClusterError, match=r"Unable to connect to proxy: [^()'\"]*refused") as caught:
        Live(kubeconfig=server.config).parts({"Pod"}, str)

    assert "the proxy (`proxy-url`" in (caught.value.hint or "")


def test_a_kubeconfig_that_the_environment_names_and_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "gone"))

    with pytest.raises(ClusterError, match=rf"KUBECONFIG names {tmp_path}/gone, which is no file"):
        Cluster(Login())


def test_credentials_that_stay_refused_are_renewed_once(serve, tmp_path):
    script = f"""\
        echo run >> {tmp_path}/runs
        echo '{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {{"token": "t"}}}}'
        """
    server = serve(ITEMS, token="another", user={"exec": plugin(tmp_path, script)})  # noqa: S106  no secret

    with pytest.raises(ClusterError, match="does not know who you are"):
        Live(kubeconfig=server.config).parts({"Pod", "Node", "Event", "apps/Deployment"}, str)

    assert (tmp_path / "runs").read_text().split() == ["run", "run"]


def test_ctrl_c_while_the_program_loads_ends_it_quietly():
    """A finder stands for the moment: when click is imported, the signal comes."""
    script = """
        import os, signal, sys

        class Moment:
            def find_spec(self, name, path=None, target=None):
                if name == "click":
                    os.kill(os.getpid(), signal.SIGINT)

        sys.meta_path.insert(0, Moment())
        from diag.__main__ import main
        main()
        """

    ended = subprocess.run(  # noqa: S603  our own interpreter and words
        [sys.executable, "-c", textwrap.dedent(script), "scan"], capture_output=True, timeout=60, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, b"", b"")
