"""The names of resources in roles and commands are those that servers know."""

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
