"""The checks of `diag doctor`, from the nearest thing to the farthest."""

import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from diag import __version__
from diag.catalog.inputs import kinds_read
from diag.catalog.registry import load as load_rules
from diag.cli.flags import Flags
from diag.cli.living import live
from diag.collect.discovery import discover
from diag.collect.kube import Cluster, TransportError, contexts, in_cluster
from diag.collect.requests import FailedError, Stop, ask
from diag.collect.review import check, who
from diag.collect.roles import rules_for
from diag.errors import DiagError

# What an extra brings, and what it is for. The first name is the module that must be there.
_EXTRAS = (
    ("zstd", "zstandard" if sys.version_info < (3, 14) else "compression.zstd", "dumps packed with zstd"),
    ("llm", "openai", "explanations by a hosted model"),
    ("local", "llama_cpp", "explanations by a model on this machine"),
)
_BASIC = {("", "pods"), ("", "nodes"), ("", "events")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: `warn` costs a part, `fail` the whole."""

    verdict: Literal["ok", "warn", "fail"]
    what: str
    says: str
    fix: str = ""


def checks(flags: Flags) -> Iterator[Check]:
    """Everything in turn; a check that cannot be made is one that fails."""
    yield Check(
        verdict="ok", what="diag", says=f"{__version__}, Python {platform.python_version()}, {platform.system()}"
    )
    yield _configuration(flags)
    yield _state()
    for extra, module, purpose in _EXTRAS:
        yield _extra(extra, module, purpose)
    yield from _clusters(flags)


def _configuration(flags: Flags) -> Check:
    files = sorted({each.origin for each in flags.config.settings.values()})
    return Check(verdict="ok", what="configuration", says=", ".join(files) or "none; defaults are used")


def _state() -> Check:
    folder = Path(platformdirs.user_state_dir("diag"))
    near = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    if os.access(near, os.W_OK):
        return Check(verdict="ok", what="state", says=f"{folder} can be written")
    fix = "set XDG_STATE_HOME to a folder of yours; crash reports go there"
    return Check(verdict="warn", what="state", says=f"{folder} cannot be written", fix=fix)


def _extra(extra: str, module: str, purpose: str) -> Check:
    try:
        there = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        there = False
    if there:
        return Check(verdict="ok", what=f"extra {extra}", says=f"installed ({purpose})")
    fix = f"pip install 'kube-diag[{extra}]'"
    return Check(verdict="ok", what=f"extra {extra}", says=f"not installed; it is for {purpose}", fix=fix)


def _clusters(flags: Flags) -> Iterator[Check]:
    try:
        known = contexts(flags.kubeconfig)
        if known:
            names = ", ".join(f"{each.name} (current)" if each.current else each.name for each in known)
            yield Check(verdict="ok", what="kubeconfig", says=f"contexts {names}")
        elif in_cluster():
            yield Check(verdict="ok", what="kubeconfig", says="none; the service account of this pod is used")
        for login in live(flags).logins():
            yield from _cluster(Cluster(login))
    except DiagError as error:
        yield Check(verdict="fail", what="cluster", says=error.message, fix=error.hint or "")


def _cluster(cluster: Cluster) -> Iterator[Check]:
    name = cluster.context
    stop = Stop()
    try:
        ask(cluster, "/version", stop=stop)
    except FailedError as error:
        yield Check(verdict="fail", what=name, says=str(error), fix=_mend(error, name))
        return
    try:
        yield Check(
            verdict="ok", what=name, says=f"answers; it knows you as {who(cluster) or 'somebody it does not name'}"
        )
    except TransportError as error:
        yield Check(verdict="warn", what=name, says=f"answers, but not who you are: {error}")
    kinds = kinds_read(load_rules())
    served = discover(cluster, kinds)
    for problem in served.problems:
        yield Check(verdict="warn", what=name, says=problem.detail, fix=problem.fix)
    rights = [right for right in check(cluster, rules_for(kinds), served, stop=stop) if right.verdict != "not served"]
    missing = [right for right in rights if right.verdict != "allowed"]
    if not missing:
        yield Check(verdict="ok", what=f"{name} rights", says=f"all {len(rights)} that the rules need")
        return
    basic = any((right.group, right.resource) in _BASIC for right in missing)
    shown = ", ".join(f"{right.verb} {right.full}" for right in missing[:5])
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""  # noqa: PLR2004  as many as are shown
    says = f"{len(missing)} of {len(rights)} are missing in the whole cluster: {shown}{more}"
    fix = "diag rbac --check lists them; -n NAMESPACE looks where you may; diag rbac makes the role to ask for"
    yield Check(
        verdict="fail" if basic and len(missing) == len(rights) else "warn", what=f"{name} rights", says=says, fix=fix
    )


def _mend(error: FailedError, name: str) -> str:
    if error.status == 401:  # noqa: PLR2004
        return "log in again, as for kubectl; the credentials of this context are not taken"
    if error.status == 403:  # noqa: PLR2004
        return "the server takes no anonymous requests; give this context credentials"
    return f"kubectl --context {name} version   shows the same; is the address right, and a VPN or proxy needed?"
