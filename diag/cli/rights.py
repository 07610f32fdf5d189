"""Roles as YAML, and what the server says of each of their lines."""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

import yaml

from diag.catalog.inputs import kinds_read
from diag.catalog.registry import load as load_rules
from diag.cli.diagnostics import ExitCode, Narrator, complain, say
from diag.cli.flags import Flags
from diag.cli.living import live
from diag.collect.discovery import discover
from diag.collect.kube import Cluster
from diag.collect.pool import patiently
from diag.collect.requests import FailedError, Stop, ask
from diag.collect.review import Right, check
from diag.collect.roles import CLUSTER_SCOPED, rules_for
from diag.errors import ClusterError, EndedError, UsageError
from diag.report.sanitize import visible

_UNKNOWN_USER = 401


def printed(name: str, *, role: bool, namespaces: tuple[str, ...]) -> None:
    """Writes a ClusterRole, or Roles without what has no namespace. Raises UsageError for a Role of no namespace."""
    if role and not namespaces:
        raise UsageError("a Role belongs to a namespace, and none is named", hint="diag rbac --role -n NAMESPACE")
    _refuse_globs(namespaces if role else ())
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
    """Asks each cluster, prints a line for each right that is missing; exit 1 where one is, 3 where one does not say.

    Raises ClusterError where the only cluster cannot be reached.
    """
    narrator = Narrator(quiet=flags.quiet, verbose=flags.verbose)
    _refuse_globs(flags.namespaces)
    asked = live(flags)
    logins = asked.logins()
    missing, code = False, ExitCode.OK
    for login in logins:
        try:
            cluster = patiently(partial(Cluster, login), asked.stop)
            if cluster is None:
                raise EndedError(asked.stop.ended)
            narrator.progress(f"asking {cluster.context}")
            for rights, where in _told(cluster, flags.namespaces, asked.stop):
                narrator.done()
                missing |= _printed(cluster.context, rights, where)
        except ClusterError as error:
            if len(logins) == 1:
                raise
            narrator.done()
            complain(error)
            code = ExitCode.COULD_NOT_LOOK
    if missing:
        role = " ".join(["diag rbac --role", *(f"-n {each}" for each in flags.namespaces)])
        inside = f"; {role} one of what has a namespace" if flags.namespaces else ""
        say(f"hint: diag rbac | kubectl apply -f -   makes a role{inside}; an administrator binds it to you")
    return code or (ExitCode.FOUND if missing else ExitCode.OK)


def _refuse_globs(namespaces: Sequence[str]) -> None:
    """Raises UsageError: no role can be made for a pattern, and a server refuses what no namespace is called."""
    for each in namespaces:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", each):
            raise UsageError(f"{each} is no name of a namespace", hint="name each with -n; patterns are for diag scan")


def _told(cluster: Cluster, namespaces: Sequence[str], stop: Stop) -> Iterator[tuple[list[Right], str]]:
    """What the server says of each right, in each namespace, or in the cluster. Raises ClusterError."""
    try:
        ask(cluster, "/version", stop=stop)  # nobody asks a server that is not there about a hundred rights
    except FailedError as error:
        if error.status in (0, _UNKNOWN_USER):
            raise ClusterError(f"{cluster.context} does not say: {error}", hint="diag doctor looks closer") from error
    kinds = kinds_read(load_rules())
    served = discover(cluster, kinds)
    for where in namespaces or ("",):
        rights = check(cluster, rules_for(kinds), served, namespace=where, stop=stop)
        known = [right for right in rights if right.verdict != "not served"]
        if all(right.verdict == "unknown" for right in known):
            detail = known[0].detail if known else "it serves nothing that the rules read"
            raise ClusterError(f"{cluster.context} does not say: {detail}", hint="diag doctor looks closer")
        yield rights, where


def _printed(name: str, rights: Sequence[Right], where: str) -> bool:
    """Prints what is missing; whether anything is."""
    count = Counter(right.verdict for right in rights)
    for right in rights:
        if right.verdict in ("denied", "unknown"):
            tail = f": {right.detail}" if right.detail else ""
            _line(f"{right.verdict:<8} {right.verb} {right.full}{tail}")
    place = f"in namespace {where}" if where else "in the whole cluster"
    told = ", ".join(f"{count[verdict]} {verdict}" for verdict in ("allowed", "denied", "unknown"))
    _line(f"{name}: {told}, {place}")
    return bool(count["denied"] or count["unknown"])


def _line(text: str) -> None:
    sys.stdout.write(visible(text) + "\n")
