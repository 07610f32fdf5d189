import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GPU = "nvidia.com/gpu"


def generate(out, nodes=200, pods=2000, seed=7):
    sizes = ["--nodes", str(nodes), "--pods", str(pods), "--seed", str(seed), "--out", str(out)]
    return subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(ROOT / "bench" / "generate.py"), *sizes],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def dump(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench") / "cluster.json"
    assert generate(out).returncode == 0
    return out


@pytest.fixture(scope="module")
def items(dump):
    return json.loads(dump.read_bytes())["items"]


@pytest.fixture(scope="module")
def truth(dump):
    return json.loads(Path(f"{dump}.truth.json").read_bytes())["roots"]


def pods_of(items):
    return {(i["metadata"]["namespace"], i["metadata"]["name"]): i for i in items if i["kind"] == "Pod"}


def test_the_sizes_are_what_was_asked_for(items):
    kinds = Counter(i["kind"] for i in items)
    assert (kinds["Node"], kinds["Lease"], kinds["Pod"]) == (200, 200, 2000)
    products = Counter(i["metadata"]["labels"].get("nvidia.com/gpu.product") for i in items if i["kind"] == "Node")
    assert products == {None: 140, "NVIDIA-H100-80GB-HBM3": 30, "NVIDIA-L40S": 20, "NVIDIA-A10G": 10}


def test_a_pod_is_as_large_as_in_the_real_dump(items):
    sizes = [len(json.dumps(p, separators=(",", ":"))) for p in pods_of(items).values()]
    assert 4700 < sum(sizes) / len(sizes) < 5300


def test_the_truth_names_exactly_the_pods_in_trouble(items, truth):
    named = {(r["root_object"]["namespace"], pod) for r in truth for pod in r["pods"]}
    troubled = set()
    for key, pod in pods_of(items).items():
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
        if pod["status"]["phase"] != "Succeeded" and not ready:
            troubled.add(key)
    assert len(named) == 20
    assert named == troubled


def test_the_seven_causes_are_rooted_at_objects_of_the_dump(items, truth):
    keys = {(i["kind"], i["metadata"].get("namespace"), i["metadata"]["name"]) for i in items}
    roots = {r["cause"]: tuple(r["root_object"].values()) for r in truth}
    assert len(roots) == 7
    assert set(roots.values()) <= keys


def test_no_object_stands_there_twice(items):
    uids = Counter(i["metadata"]["uid"] for i in items)
    assert max(uids.values()) == 1


def test_no_node_gives_more_gpus_than_it_has(items):
    left = {i["metadata"]["name"]: int(i["status"]["allocatable"].get(GPU, 0)) for i in items if i["kind"] == "Node"}
    for pod in pods_of(items).values():
        if pod["spec"].get("nodeName") and pod["status"]["phase"] != "Succeeded":
            left[pod["spec"]["nodeName"]] -= sum(
                int(c["resources"]["requests"].get(GPU, 0)) for c in pod["spec"]["containers"]
            )
    assert min(left.values()) >= 0


def test_quotas_count_the_pods_of_their_namespace(items):
    for quota in (i for i in items if i["kind"] == "ResourceQuota"):
        used = sum(
            int(c["resources"]["requests"].get(GPU, 0))
            for (namespace, _), pod in pods_of(items).items()
            if namespace == quota["metadata"]["namespace"]
            for c in pod["spec"]["containers"]
        )
        assert quota["status"]["used"] == {"requests.nvidia.com/gpu": str(used)}


def test_the_same_arguments_give_the_same_bytes_and_another_seed_others(dump, tmp_path):
    generate(tmp_path / "same.json")
    generate(tmp_path / "other.json", seed=8)
    assert (tmp_path / "same.json").read_bytes() == dump.read_bytes()
    assert (tmp_path / "other.json").read_bytes() != dump.read_bytes()


def test_the_dump_grows_in_step_with_its_sizes(dump, tmp_path):
    generate(tmp_path / "large.json", nodes=400, pods=4000)
    assert (tmp_path / "large.json").stat().st_size == pytest.approx(2 * dump.stat().st_size, rel=0.05)


def test_too_few_pods_for_the_agents_are_refused_with_the_remedy(tmp_path):
    refused = generate(tmp_path / "none.json", nodes=200, pods=100)
    assert refused.returncode == 2
    assert "ask for more pods" in refused.stderr
    assert not (tmp_path / "none.json").exists()
