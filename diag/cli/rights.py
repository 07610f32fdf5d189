"""Roles as YAML, and what the server says of each of their lines."""

import sys
from collections import Counter
from functools import partial

import yaml

from diag.catalog.inputs import kinds_read
from diag.catalog.registry import load as load_rules
from diag.cli.diagnostics import ExitCode, Narrator, say
from diag.cli.flags import Flags
from diag.cli.living import live
from diag.collect.discovery import discover
from diag.collect.kube import Cluster
from diag.collect.pool import patiently
from diag.collect.review import check
from diag.collect.roles import CLUSTER_SCOPED, rules_for
from diag.errors import ClusterError, EndedError, UsageError
from diag.report.sanitize import visible


def printed(name: str, *, role: bool, namespaces: tuple[str, ...]) -> None:
    """Writes a ClusterRole, or Roles without what has no namespace. Raises UsageError for a Role of no namespace."""
    if role and not namespaces:
        raise UsageError("a Role belongs to a namespace, and none is named", hint="diag rbac --role -n NAMESPACE")
    kinds = kinds_read(load_rules())
    kinds = kinds - CLUSTER_SCOPED if role else kinds
    rules = [{key: list(values) for key, values in rule.items()} for rule in rules_for(kinds)]
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role" if role else "ClusterRole"}
    documents = [
        {**head, "metadata": {"name": name} | ({"namespace": where} if where else {}), "rules": rules}
        for where in (namespaces if role else ("",))
    ]
    sys.stdout.write(yaml.safe_dump_all(documents, sort_keys=False, default_flow_style=None, width=110))


def checked(flags: Flags) -> ExitCode:
    """Asks each cluster, prints a line for each right that is missing; exit 1 where one is.

    Raises ClusterError where a cluster cannot be reached.
    """
    narrator = Narrator(quiet=flags.quiet, verbose=flags.verbose)
    missing = False
    asked = live(flags)
    rules = rules_for(kinds_read(load_rules()))
    where = flags.namespaces[0] if flags.namespaces else ""
    for login in asked.logins():
        cluster = patiently(partial(Cluster, login), asked.stop)
        if cluster is None:
            raise EndedError(asked.stop.ended)
        narrator.progress(f"asking {cluster.context}")
        served = discover(cluster, kinds_read(load_rules()))
        rights = check(cluster, rules, served, namespace=where, stop=asked.stop)
        narrator.done()
        if all(right.verdict == "unknown" for right in rights if right.verdict != "not served"):
            raise ClusterError(f"{cluster.context} does not say: {rights[0].detail}", hint="diag doctor looks closer")
        count = Counter(right.verdict for right in rights)
        for right in rights:
            if right.verdict in ("denied", "unknown"):
                missing = True
                tail = f": {right.detail}" if right.detail else ""
                _line(f"{right.verdict:<8} {right.verb} {right.full}{tail}")
        place = f"in namespace {where}" if where else "in the whole cluster"
        told = ", ".join(f"{count[verdict]} {verdict}" for verdict in ("allowed", "denied", "unknown"))
        _line(f"{cluster.context}: {told}, {place}")
    if missing:
        say("hint: diag rbac | kubectl apply -f -   makes a role; an administrator binds it to you")
    return ExitCode.FOUND if missing else ExitCode.OK


def _line(text: str) -> None:
    sys.stdout.write(visible(text) + "\n")
