"""The names of resources in roles and commands are those that servers know."""

import pytest
import yaml

from diag.collect.discovery import EVERYWHERE
from diag.collect.roles import rules_for

# kubectl api-resources of Kubernetes 1.36: what every server has.
CORE = {
    "configmaps", "endpoints", "events", "limitranges", "namespaces", "nodes", "persistentvolumes",
    "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "services", "serviceaccounts",
}  # fmt: skip
APPS = {"daemonsets", "deployments", "replicasets", "statefulsets"}


def test_the_kinds_that_every_server_has_are_named_as_it_names_them():
    rules = {rule["apiGroups"][0]: {*rule["resources"]} for rule in rules_for(EVERYWHERE, logs=False)}

    assert rules == {"": CORE, "apps": APPS, "batch": {"cronjobs", "jobs"}}


def test_metrics_of_pods_are_called_pods():
    (rule,) = rules_for({"metrics.k8s.io/PodMetrics"}, logs=False)

    assert (rule["apiGroups"], rule["resources"]) == (("metrics.k8s.io",), ("pods",))


def test_a_role_of_a_namespace_has_no_kind_that_has_none(diag):
    role = yaml.safe_load(diag("rbac", "--role", "-n", "ml").out)
    listed = {(group, name) for rule in role["rules"] for group in rule["apiGroups"] for name in rule["resources"]}

    assert ("", "pods") in listed
    for scoped in (
        ("apiregistration.k8s.io", "apiservices"), ("gateway.networking.k8s.io", "gatewayclasses"),
        ("networking.k8s.io", "ingressclasses"), ("mellanox.com", "nicclusterpolicies"), ("", "nodes"),
    ):  # fmt: skip
        assert scoped not in listed


@pytest.mark.parametrize("words", [("--role",), ("--check",)])
def test_a_pattern_is_no_namespace_to_have_a_right_in(diag, words):
    ended = diag("rbac", *words, "-n", "dev-*")

    assert (ended.code, "dev-* is no name of a namespace" in ended.err) == (2, True)
