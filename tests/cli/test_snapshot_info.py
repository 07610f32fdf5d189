"""`diag snapshot info`: the real program on small bundles."""

import itertools
import json
import os

import pytest
from layouts.collectors import cluster_info, support_bundle
from layouts.packing import pack
from layouts.state import State

from diag.api import scan


@pytest.fixture
def info(tmp_path, stems):
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a\x1b[31m", "namespace": "ml"},
        "spec": {"containers": []},
    }
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
    path = pack(cluster_info(State([pod, node])), "tar.gz", tmp_path)

    def run(*words, stdin=b""):
        asked = ["snapshot", "info", *(path if word == "PATH" else word for word in words)]
        ended = stems[0].run(asked, stdin=stdin, env={**os.environ, "DIAG_CONFIG_DIR": str(tmp_path)})
        return ended.code, ended.out.decode(), ended.err.decode()

    run.path = path
    return run


def test_the_text_says_what_was_found_and_what_not(info):
    code, out, _ = info("PATH")
    assert code == 0
    assert "kubectl cluster-info dump, 2 objects, 1 log" in out
    assert "Pod: 1, complete: in ml" in out
    assert "Node: 1, complete: yes" in out
    assert "list ResourceQuota: not in the files" in out
    assert "blind" in out
    assert "\x1b" not in out


def test_the_document_is_json(info):
    code, out, _ = info("PATH", "-o", "json")
    (cluster,) = json.loads(out)["clusters"]
    assert code == 0
    assert json.loads(out)["schema"] == "diag.contents/v1"
    assert {kind["kind"]: kind["complete_in"] for kind in cluster["kinds"]}["Node"] is None
    assert cluster["sources"][0]["layout"] == "kubectl cluster-info dump"


def test_a_bundle_is_read_from_a_pipe(info):
    code, out, _ = info("-", stdin=info.path.read_bytes())
    assert code == 0
    assert "-: kubectl cluster-info dump, 2 objects" in out


def test_the_demo_and_names_of_clusters_work(info):
    assert info("--demo")[1].startswith("Cluster demo: 371 objects")
    assert info(f"prod={info.path}")[1].startswith("Cluster prod: ")


def test_nothing_named_is_the_current_cluster(info, monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    code, out, err = info()
    assert (code, out) == (3, "")
    assert "no kubeconfig is here" in err


def test_what_cannot_be_read_exits_with_three(info, tmp_path):
    code, _, err = info(str(tmp_path / "nowhere"))
    assert code == 3
    assert "does not exist" in err


def test_what_a_collector_could_not_list_is_said(info, tmp_path):
    files = support_bundle(State([{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}]))
    root = next(iter(files)).partition("/")[0]
    files[f"{root}/cluster-resources/pods-errors.json"] = b'{"ml": "pods is forbidden"}'
    (tmp_path / "other").mkdir()
    code, out, _ = info(str(pack(files, "zip", tmp_path / "other")))
    assert code == 0
    assert "list Pod in ml: not allowed (pods is forbidden); blind: " in out


def test_the_path_may_be_named_as_everywhere_else(info):
    assert info("--from", "PATH")[:2] == info("PATH")[:2]


def test_it_counts_rules_as_a_scan_does(info):
    (cluster,) = json.loads(info("PATH", "-o", "json")[1])["clusters"]

    assert cluster["rules"] == scan([info.path]).stats["rules"]


def test_convert_takes_the_path_as_a_word_or_as_a_flag(info, stems, tmp_path):
    turns = itertools.cycle(stems)

    def convert(*words):
        return next(turns).run(["snapshot", "convert", *words], env=os.environ).code

    assert convert(info.path, tmp_path / "a.jsonl") == convert("--from", info.path, tmp_path / "b.jsonl") == 0
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    before = info.path.read_bytes()
    assert convert(info.path) == 2
    assert info.path.read_bytes() == before


def test_of_a_plain_list_it_says_that_empty_kinds_do_not_show(info, tmp_path):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "ml"}}
    (tmp_path / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod]}))
    (tmp_path / "quotas.json").write_text('{"apiVersion": "v1", "kind": "ResourceQuotaList", "items": []}')
    said = "does not tell one that has no objects from one that nobody asked for"

    _, mixed, _ = info(tmp_path / "all.json")
    _, alone, _ = info(tmp_path / "all.json", tmp_path / "quotas.json")
    _, bundle, _ = info("PATH")
    assert said in mixed
    assert "list ResourceQuota: not in the files" in mixed
    assert "list ResourceQuota: not in the files" not in alone
    assert said not in bundle
