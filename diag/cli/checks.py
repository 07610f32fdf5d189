"""The checks of `diag doctor`, from the nearest thing to the farthest."""

import importlib.util
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

import platformdirs

from diag import __version__
from diag.catalog.inputs import kinds_read
from diag.catalog.registry import load as load_rules
from diag.cli.flags import Flags
from diag.cli.living import live
from diag.collect.discovery import discover
from diag.collect.failures import TransportError, log_in, meaning
from diag.collect.kube import Answer, Cluster, in_cluster
from diag.collect.kubeconfig import Kubeconfig, place_of
from diag.collect.pool import patiently
from diag.collect.requests import FailedError, Stop, ask, clock_of, is_page
from diag.collect.review import Right, check, who
from diag.collect.roles import rules_for
from diag.errors import DiagError, EndedError
from diag.facts.quoting import quoted
from diag.views.wording import long_duration

# What an extra brings, and what it is for. The first name is the module that must be there.
_EXTRAS = (
    ("zstd", "zstandard" if sys.version_info < (3, 14) else "compression.zstd", "dumps packed with zstd"),
    ("llm", "openai", "explanations by a hosted model"),
    ("local", "llama_cpp", "explanations by a model on this machine"),
    ("mcp", "mcp", "answers for other programs' models"),
)
_BASIC = {("", "pods"), ("", "events")}
_UNKNOWN_USER, _FORBIDDEN, _ANONYMOUS = 401, 403, "system:anonymous"
_MOST = 5  # rights that are shown, or faults of a kubeconfig
_CLOCKS_APART_S = 300  # more than slow answers and clocks that are kept right ever come to


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
        place = place_of(flags.kubeconfig)
        if place is not None:
            yield from _kubeconfig(Kubeconfig(place), flags)
        elif in_cluster():
            yield Check(verdict="ok", what="kubeconfig", says="none; the service account of this pod is used")
        asked = live(flags)
        logins = asked.logins()
    except DiagError as error:
        yield _failed("cluster", error)
        return
    for login in logins:
        try:
            cluster = patiently(partial(Cluster, login), asked.stop)
        except DiagError as error:
            yield _failed(login.context or "cluster", error)
            continue
        if cluster is None:
            yield _failed(login.context or "cluster", EndedError(asked.stop.ended))
            return
        yield from _cluster(cluster, asked.stop)


def _kubeconfig(known: Kubeconfig, flags: Flags) -> Iterator[Check]:
    """Its contexts; then what kubectl takes or refuses without a word."""
    names = ", ".join(f"{each.name} (current)" if each.current else each.name for each in known.contexts)
    others = "diag doctor --context all   looks at each; without, at the current one" if len(known.contexts) > 1 else ""
    yield Check(verdict="ok", what="kubeconfig", says=f"contexts {names}", fix="" if flags.context else others)
    clashes = [(one, "rename one of the two, or name one file with --kubeconfig") for one in known.twice()]
    lacks = [
        (f"context {each.name} {lack}", "correct the context, or delete it")
        for each in known.contexts
        if (lack := known.dangling(each))
    ]
    for some in (clashes, lacks):
        for says, fix in some[:_MOST]:
            yield Check(verdict="warn", what="kubeconfig", says=says, fix=fix)
        if len(some) > _MOST:
            yield Check(verdict="warn", what="kubeconfig", says=f"and so do {len(some) - _MOST} more")


def _failed(what: str, error: DiagError) -> Check:
    return Check(verdict="fail", what=what, says=error.message, fix=error.hint or "")


def _cluster(cluster: Cluster, stop: Stop) -> Iterator[Check]:
    name = cluster.context
    try:
        yield from _clock(name, _version(cluster, stop))
    except FailedError as error:
        if error.status != _FORBIDDEN:  # which is no lack of what the rules read
            yield Check(verdict="fail", what=name, says=str(error), fix=_mend(error, cluster))
            return
    yield _known_as(cluster)
    kinds = kinds_read(load_rules())
    served = discover(cluster, kinds)
    for problem in served.problems:
        yield Check(verdict="warn", what=name, says=problem.detail, fix=problem.fix)
    rights = [right for right in check(cluster, rules_for(kinds), served, stop=stop) if right.verdict != "not served"]
    yield _rights(name, rights)
    if _basics(rights, "denied") and not _basics(rights, "allowed"):
        inside = check(cluster, rules_for(kinds), served, namespace=cluster.namespace, stop=stop)
        yield _rights_inside(name, cluster.namespace, [right for right in inside if right.verdict != "not served"])


def _version(cluster: Cluster, stop: Stop) -> Answer:
    """Raises FailedError where none comes, or a login page stands before the cluster."""
    answer = ask(cluster, "/version", stop=stop)
    if is_page(answer):
        text = f"GET /version: a page for people, and no Kubernetes, answers: {quoted(answer.body, 200)}"
        raise FailedError(text, status=answer.status, why="unreadable")
    return answer


def _clock(name: str, answer: Answer) -> Iterator[Check]:
    """Nothing, unless the server's clock and this machine's tell times that are far apart."""
    told = clock_of(answer)
    ahead_s = (told - datetime.now(UTC)).total_seconds() if told else 0.0
    if abs(ahead_s) > _CLOCKS_APART_S:
        says = f"{long_duration(abs(ahead_s))} {'ahead of' if ahead_s > 0 else 'behind'} this machine's"
        fix = "one of the two is wrong: ages are told by the server's, certificates are judged by this one's (date -u)"
        yield Check(verdict="warn", what=f"{name} clock", says=says, fix=fix)


def _known_as(cluster: Cluster) -> Check:
    name = cluster.context
    try:
        user = who(cluster)
    except TransportError as error:
        return Check(verdict="warn", what=name, says=f"answers, but not who you are: {error}")
    if user == _ANONYMOUS:
        fix = "give this context credentials, or log in again"
        return Check(verdict="warn", what=name, says=f"answers, and takes you for nobody ({user})", fix=fix)
    return Check(verdict="ok", what=name, says=f"answers; it knows you as {user or 'somebody it does not name'}")


def _rights(name: str, rights: Sequence[Right]) -> Check:
    """What may be listed in the whole cluster. What the server did not say is no refusal."""
    what = f"{name} rights"
    missing = [right for right in rights if right.verdict == "denied"]
    unknown = [right for right in rights if right.verdict == "unknown"]
    if not missing and not unknown:
        return Check(verdict="ok", what=what, says=f"all {len(rights)} that the rules need")
    if not missing:
        says = f"the server does not say which you have ({len(unknown)} of {len(rights)}): {unknown[0].detail}"
        return Check(verdict="warn", what=what, says=says, fix="diag scan lists what it may, and says what it may not")
    says = f"{len(missing)} of {len(rights)} are missing in the whole cluster: {_shown(missing)}"
    says += f"; of {len(unknown)} the server does not say" if unknown else ""
    fix = "diag rbac --check lists them; -n NAMESPACE looks where you may; diag rbac makes the role to ask for"
    return Check(verdict="warn", what=what, says=says, fix=fix)


def _rights_inside(name: str, namespace: str, rights: Sequence[Right]) -> Check:
    """What may be listed in the namespace of the context, where the whole cluster hides what matters most."""
    what = f"{name} rights in {namespace}"
    allowed = [right for right in rights if right.verdict == "allowed"]
    if not _basics(rights, "allowed"):
        return Check(
            verdict="fail", what=what, says="neither pods nor events there",
            fix="name a namespace of yours with --namespace of diag scan, or ask for the role that `diag rbac` prints",
        )  # fmt: skip
    return Check(
        verdict="ok",
        what=what,
        says=f"{len(allowed)} of {len(rights)}: looks are limited to it, and say what they hide",
    )


def _basics(rights: Sequence[Right], verdict: str) -> bool:
    """Whether the verdict is that of pods or of events, without which there is little to tell."""
    return any((right.group, right.resource) in _BASIC and right.verdict == verdict for right in rights)


def _shown(rights: Sequence[Right]) -> str:
    more = f" and {len(rights) - _MOST} more" if len(rights) > _MOST else ""
    return ", ".join(f"{right.verb} {right.full}" for right in rights[:_MOST]) + more


def _mend(error: FailedError, cluster: Cluster) -> str:
    if error.status == _UNKNOWN_USER:
        return log_in(cluster.context, cluster.ran_out)
    means = meaning(str(error)) or "is the address right, and a VPN or proxy needed?"
    return f"{cluster.login.kubectl(cluster.context)} version   shows the same; {means}"
