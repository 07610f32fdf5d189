"""With any rights: what may be read is read, what may not is one gap, and forbidden never means absent."""

import re
from contextlib import ExitStack

import pytest
from scenarios import dump_of, scenario

from diag.api import scan
from diag.catalog.inputs import kinds_read
from diag.catalog.registry import load as load_rules
from diag.causes.silence import kind_listed, plural
from diag.collect.live import Live
from diag.collect.roles import rules_for
from diag.errors import ClusterError
from diag.testing.apiserver import Access

ALL = rules_for(kinds_read(load_rules(third_party=False)))
NAMES = [
    "preempted-two-deployments", "healthy-busy-rollout", "quota-events-expired", "wffc-provisioner-scaled-to-zero",
    "too-many-pods-on-gpu-node",
]  # fmt: skip


def key(ref):
    return ref.kind, ref.namespace, ref.name


def seen(server, items):
    """The report, the objects that it calls an error or a warning, and those that stand behind them (and own them)."""
    with ExitStack() as ending:
        ending.push(server)
        report = scan(Live(kubeconfig=server.config))
    severe = [cause for cause in report.causes if cause.severity != "info"]
    blamed = {key(cause.root) for cause in severe}
    findings = {finding.id: finding for finding in report.findings}
    behind = set(blamed)
    for cause in severe:
        for found in (findings[one] for one in (*cause.symptoms, cause.finding)):
            behind |= {key(found.subject), *map(key, found.members), *map(key, cause.lineage)}
    owners = {
        (item["kind"], meta.get("namespace", ""), meta["name"]): [
            (owner["kind"], meta.get("namespace", ""), owner["name"]) for owner in meta.get("ownerReferences", ())
        ]
        for item in items
        for meta in [item["metadata"]]
    }
    for _ in range(3):
        behind |= {owner for one in behind for owner in owners.get(one, ())}
        # A ReplicaSet stands for the Deployment that may not be listed.
        behind |= {one for one, its in owners.items() if one[0] != "Pod" and behind.intersection(its)}
    return report, blamed, behind


@pytest.mark.parametrize("name", NAMES)
def test_without_any_one_right_nothing_new_is_blamed_and_one_gap_tells(name, serve):
    items, logs = scenario(name)
    served = serve(items, logs=logs, access=Access(cluster=ALL))
    whole, _, behind = seen(served, items)
    there = {request.path for request in served.requests}
    for rule in ALL:
        for resource in rule["resources"]:
            (group,) = rule["apiGroups"]
            if not any(re.fullmatch(rf"/api{'s/' if group else ''}{group}/[^/]+/{resource}", path) for path in there):
                continue
            server = serve(items, logs=logs, access=Access(cluster=ALL).without("list", group, resource))
            report, blamed, _ = seen(server, items)
            new = [gap for gap in report.gaps if (gap.what, gap.why) not in {(one.what, one.why) for one in whole.gaps}]
            assert blamed <= behind, (resource, blamed - behind)
            assert [gap.why for gap in new] == ["forbidden"], (resource, [(gap.what, gap.why) for gap in new])
            assert re.search(r"ask for the right to list .* auth can-i list", new[0].fix)
            assert served_by(new[0]) == resource


def served_by(gap):
    """The resource that a gap says could not be listed."""
    return plural(kind_listed(gap.what)).partition(".")[0]


@pytest.mark.parametrize("name", ["image-arch-and-cuda-driver", *NAMES[:2]])
def test_logs_that_may_not_be_read_are_one_gap_with_the_rules_that_read_them(name, serve, diag, tmp_path):
    items, logs = scenario(name)
    access = Access(cluster=ALL).without("get", "", "pods/log")
    here = {"KUBECONFIG": serve(items, logs=logs, access=access).config}

    live = diag("scan", "-o", "json", "--fail-on", "never", env=here).report
    assert diag("snapshot", "save", tmp_path / "saved.jsonl.gz", env=here).code == 0
    saved = diag("scan", "--from", tmp_path / "saved.jsonl.gz", "-o", "json", "--fail-on", "never").report

    (gap,) = (gap for gap in live["gaps"] if "logs" in gap["what"])
    assert gap["why"] == "forbidden"
    assert gap["fix"].startswith("ask for the right to get pods/log (diag rbac); kubectl logs -n ")
    # A row of logs, where something crashes.
    assert ("APP116" in gap["hides"]) is (name == "image-arch-and-cuda-driver")
    assert saved["gaps"] == live["gaps"]
    assert saved["causes"] == live["causes"]


def test_a_kind_that_the_cluster_does_not_serve_is_not_said_to_lack_in_files(serve, diag, tmp_path):
    items, logs = scenario("healthy-busy-rollout")
    here = {"KUBECONFIG": serve(items, logs=logs).config}

    live = diag("scan", "-o", "plain", env=here)
    assert diag("snapshot", "save", tmp_path / "saved.jsonl.gz", env=here).code == 0
    saved = diag("scan", "--from", tmp_path / "saved.jsonl.gz", "-o", "plain")
    dump = diag("scan", "--from", dump_of("healthy-busy-rollout"), "-o", "plain")

    told = "list kueue.x-k8s.io/Workload: this cluster has no such kind ("
    assert told in live.out
    assert "kubectl api-resources --api-group=kueue.x-k8s.io" in live.out
    assert not re.search("files|dump", live.out)
    assert saved.out == live.out
    assert "list kueue.x-k8s.io/Workload: not in the files" in dump.out


def test_with_rights_in_one_namespace_only_it_is_listed_and_the_rest_is_told(serve):
    items, logs = scenario("preempted-two-deployments")
    rules = [{"apiGroups": ["", "apps", "batch"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]
    server = serve(items, logs=logs, access=Access(cluster=(), namespaced={"labs": rules}), namespace="labs")

    report = scan(Live(kubeconfig=server.config))

    assert {cause.root.namespace for cause in report.causes} <= {"labs"}
    assert report.stats["pods"] > 0
    told = {gap.what: gap for gap in report.gaps}
    elsewhere = told["list Pod in other namespaces"]
    assert elsewhere.why == "forbidden"
    assert elsewhere.material
    assert "list Pod" not in told
    assert told["list Node"].material


def test_what_was_read_in_a_namespace_hides_only_rules_that_asked_for_more(serve):
    items, logs = scenario("preempted-two-deployments")
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["list"]}]
    some = serve(items, logs=logs, access=Access(cluster=(), namespaced={"labs": rules}))
    other = serve(items, logs=logs, access=Access(cluster=ALL).without("list", "", "pods"))

    def hidden(report, what):
        return set(next(gap for gap in report.gaps if gap.what == what).hides)

    part = hidden(scan(Live(kubeconfig=some.config, namespaces=("labs",))), "list Pod in other namespaces")
    whole = hidden(scan(Live(kubeconfig=other.config)), "list Pod")
    assert part < whole
    assert len(part) < len(whole) / 2
    assert "SCH101" in part  # it counts the room on nodes, which pods of other namespaces fill


def test_a_namespace_that_was_named_is_tried_first(serve):
    items, logs = scenario("preempted-two-deployments")
    rules = [{"apiGroups": [""], "resources": ["pods", "events"], "verbs": ["list"]}]
    server = serve(items, logs=logs, access=Access(cluster=(), namespaced={"labs": rules}))

    report = scan(Live(kubeconfig=server.config, namespaces=("labs",)))

    assert report.stats["pods"] > 0
    asked = [request.path for request in server.requests if "/namespaces/" in request.path]
    assert asked
    assert all("/namespaces/labs/" in path for path in asked)


def test_without_any_right_the_message_says_what_to_ask_for(serve, diag):
    items, _ = scenario("preempted-two-deployments")
    server = serve(items, access=Access(cluster=()))

    ended = diag("scan", "--kubeconfig", server.config)

    assert ended.code == 3
    assert "you may read nothing in gpu" in ended.err
    assert "(namespace default was tried as well)" in ended.err
    assert "diag rbac" in ended.err


def test_secrets_are_never_asked_for(serve):
    items, logs = scenario("two-failures-in-busy")
    server = serve(items, logs=logs)

    scan(Live(kubeconfig=server.config, everything=True))

    assert not [request for request in server.requests if "secrets" in request.path]
    assert {request.method for request in server.requests} == {"GET"}


def test_an_archive_keeps_what_the_identity_could_list_and_what_not(serve, diag, tmp_path):
    items, logs = scenario(NAMES[0])
    server = serve(items, logs=logs, access=Access(cluster=ALL).without("list", "", "nodes"))
    archive = tmp_path / "saved.jsonl.gz"

    assert diag("snapshot", "save", archive, "--kubeconfig", server.config).code == 0
    info = diag("snapshot", "info", archive, "-o", "json")
    rows = {row["kind"]: row["namespaces"] for row in info.report["clusters"][0]["permissions"]}
    assert rows["Pod"] is None
    assert rows["Node"] == []
    assert "was refused Node" in diag("snapshot", "info", archive).out


@pytest.mark.parametrize("missing", ["namespaces", "pods"])
def test_one_refusal_where_all_else_is_empty_is_no_lack_of_every_right(serve, missing):
    server = serve([], access=Access(cluster=ALL).without("list", "", missing))

    with pytest.raises(ClusterError, match=f"no object in what may be read of gpu .*: GET /api/v1/{missing}: 403"):
        scan(Live(kubeconfig=server.config))
