"""What `kubectl apply -k deploy/cronjob/…` would make: valid for each Kubernetes, hardened, able to do its work."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from ci_clusters import HEALTHY

from diag.catalog.inputs import kinds_read
from diag.catalog.registry import load as load_rules
from diag.collect.roles import CLUSTER_SCOPED, rules_for
from diag.testing.apiserver import Access, ApiServer, kubeconfig
from diag.vocab.accelerators import ACCELERATOR_LABELS, PRESENT_LABELS

CRONJOB = Path(__file__).parents[2] / "deploy" / "cronjob"
GOLDEN = Path(__file__).parent / "golden"
VERSIONS = ["1.32", "1.34", "1.37"]
FILES = [path for path in sorted(CRONJOB.rglob("*.yaml")) if path.name != "kustomization.yaml"]
POD = yaml.safe_load((CRONJOB / "base" / "cronjob.yaml").read_text())["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def read(path):
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("version", VERSIONS)
def test_each_manifest_is_valid(version):
    for path in FILES:
        kubernetes_validate.validate(read(path), version, strict=True)


def test_a_misspelt_field_would_be_found():
    broken = read(CRONJOB / "base" / "cronjob.yaml")
    broken["spec"]["concurencyPolicy"] = "Forbid"
    with pytest.raises(kubernetes_validate.ValidationError, match="concurencyPolicy"):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


def rendered(folder):
    """What kubectl would apply."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl, which holds kustomize, is not installed")
    words = ["kubectl", "kustomize", str(folder)]
    ended = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603  # our own words
    return list(yaml.safe_load_all(ended.stdout))


@pytest.mark.parametrize("variant", ["cluster", "namespace"])
def test_kustomize_renders_what_is_stored(variant):
    """`UPDATE_GOLDEN=1` writes it anew."""
    objects = rendered(CRONJOB / variant)
    for each in objects:
        kubernetes_validate.validate(each, VERSIONS[-1], strict=True)
        if "rules" in each:
            each["rules"] = ["what `diag rbac` prints"]
    text, stored = yaml.safe_dump_all(objects), GOLDEN / f"{variant}.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        stored.write_text(text)
    assert text == stored.read_text()


@pytest.mark.parametrize("variant", ["cluster", "namespace"])
def test_all_of_it_moves_to_the_namespace_that_is_named(variant, tmp_path):
    shutil.copytree(CRONJOB, tmp_path / "cronjob")
    chosen = tmp_path / "cronjob" / variant / "kustomization.yaml"
    chosen.write_text(chosen.read_text().replace("namespace: diag", "namespace: elsewhere"))

    objects = {each["kind"]: each for each in rendered(chosen.parent)}

    (binding,) = (each for kind, each in objects.items() if kind.endswith("RoleBinding"))
    assert [each["namespace"] for each in binding["subjects"]] == ["elsewhere"]
    assert {objects[kind]["metadata"]["namespace"] for kind in ("ServiceAccount", "CronJob")} == {"elsewhere"}
    if variant == "cluster":
        assert objects["Namespace"]["metadata"]["name"] == "elsewhere"


@pytest.mark.parametrize(
    ("file", "beyond"), [("cluster/clusterrole.yaml", frozenset()), ("namespace/role.yaml", CLUSTER_SCOPED)]
)
def test_the_roles_are_what_the_rules_need_and_no_more(file, beyond):
    wanted = rules_for(kinds_read(load_rules(third_party=False)) - beyond)
    rules = read(CRONJOB / file)["rules"]

    assert rules == [{key: list(values) for key, values in rule.items()} for rule in wanted]
    words = {word for rule in rules for part in rule.values() for word in part}
    assert not words & {"*", "secrets", "nodes/proxy", "pods/exec", "create", "update", "patch", "delete"}


def test_the_pod_is_as_hard_as_the_restricted_standard_asks():
    (container,) = POD["containers"]

    assert POD["securityContext"]["runAsNonRoot"]
    assert POD["securityContext"]["runAsUser"] > 0
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert {"cpu", "memory"} == set(container["resources"]["requests"]) == set(container["resources"]["limits"])


def test_it_stays_off_nodes_with_gpus():
    """Every label that the rules take for that of a GPU node keeps it away, but one that anybody may mean otherwise."""
    (term,) = POD["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    away = {each["key"]: each["operator"] for each in term["matchExpressions"]}

    assert dict.fromkeys(PRESENT_LABELS, "NotIn").items() <= away.items()
    assert {key: "DoesNotExist" for key in ACCELERATOR_LABELS if key != "accelerator"}.items() <= away.items()
    assert set(away.values()) == {"NotIn", "DoesNotExist"}
    assert "tolerations" not in POD


def test_what_it_runs_needs_these_rights_and_no_disk(machine):
    """The words of the container, with the rights of the role and a home that cannot be written to."""
    with ApiServer(HEALTHY, access=Access(cluster=read(CRONJOB / "cluster" / "clusterrole.yaml")["rules"])) as server:
        kubeconfig(machine.root / "config", {"here": server.url})
        ended = machine.run(["diag", *POD["containers"][0]["args"]], HOME="/proc/none")

    assert (ended.code, ended.err) == (0, "")
    records = [json.loads(line) for line in ended.out.splitlines()]
    assert records[0]["type"] == "report"
    # Kinds that own something here and that no rule reads are looked at as well, where that is allowed.
    assert not [each for each in records if each.get("why") == "forbidden" and each["material"]]
    assert server.requests
