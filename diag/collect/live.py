"""Several clusters in one look: which contexts, a part of each, and an error only where nothing at all may be read."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

from diag.collect.collect import LAYOUT, Gathered, gather, unreached
from diag.collect.failures import log_in, meaning
from diag.collect.kube import Cluster, require
from diag.collect.kubeconfig import contexts
from diag.collect.login import Login
from diag.collect.pool import in_parallel, patiently
from diag.collect.requests import Stop
from diag.errors import ClusterError, EndedError, UsageError
from diag.facts.quoting import printable
from diag.snapshot.sources.part import Limits, Part, ProblemWhy

_SHOWN = 5  # namespaces that were looked into in vain, clusters that time did not reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What to connect to, as whom, and how long to wait.

    Without contexts it is the current one, `all` means every one of the kubeconfig. `namespaces` are tried first where
    the whole cluster may not be listed. `request_timeout_s` is for one request; `stop` ends the whole. With
    `everything`, kinds that no rule reads are listed too. `limits` are those of each cluster.
    """

    contexts: tuple[str, ...] = ()
    kubeconfig: str | None = None
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    request_timeout_s: float = 30.0
    everything: bool = False
    namespaces: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    stop: Stop = field(default_factory=Stop)

    def logins(self) -> list[Login]:
        """One for each cluster. Raises UsageError where `all` means none, or one of several does not exist."""
        names: list[str | None] = list(dict.fromkeys(self.contexts)) or [None]
        if "all" in names:
            names = [each.name for each in contexts(self.kubeconfig)]
            if not names:
                raise UsageError("--context all means no context: there is no kubeconfig", hint="set KUBECONFIG")
        logins = [
            Login(
                context=name, kubeconfig=self.kubeconfig, as_user=self.as_user, as_groups=self.as_groups,
                timeout_s=self.request_timeout_s,
            )
            for name in names
        ]  # fmt: skip
        for login in logins if len(logins) > 1 else ():  # before the others are read
            require(login)
        return logins

    def gathered(self, kinds: Collection[str], say: Callable[[str], None]) -> tuple[list[Gathered], list[Part]]:
        """One pass over each cluster, of these kinds (ids) at least, and a part for each that cannot be reached.

        Clusters are read side by side, so that one that does not answer takes no time from the others; both lists are
        in the order of the contexts. `say` is called from several threads.

        Raises ClusterError where no cluster can be reached, or none lets anything be read, EndedError where time was
        over before, UsageError for contexts that do not exist.
        """
        logins = self.logins()
        results = dict(in_parallel(range(len(logins)), lambda number: self.one(logins[number], kinds, say), Stop()))
        found: list[Gathered] = []
        unreachable: list[Part] = []
        errors: list[ClusterError] = []
        for number, login in enumerate(logins):
            match results[number]:
                case Gathered() as one:
                    found.append(one)
                case ClusterError() as error:
                    unreachable.append(_unreachable(login, error.message, kinds))
                    errors.append(error)
                case Exception() as error:
                    raise error
                case why:
                    unreachable.append(_unreachable(login, str(why), kinds, why="not-read"))
        parts = [one.part(self.stop, say) for one in found]
        if not any(part.items for part in parts):
            if self.stop.ended:
                raise EndedError(self.stop.ended, _seen([*unreachable, *parts]))
            raise _all_of([*errors, *map(_nothing, parts, found)])
        return found, unreachable

    def one(self, login: Login, kinds: Collection[str], say: Callable[[str], None]) -> Gathered | str:
        """One pass over one cluster, or why there was none. Ends soon after `stop` does; raises as `Cluster` does."""
        if self.stop.ended:
            return f"{self.stop.ended} before it was asked"
        cluster = patiently(partial(Cluster, login), self.stop)
        if cluster is None:
            return f"{self.stop.ended} before its login had ended"
        return gather(
            cluster, kinds, namespaces=self.namespaces, everything=self.everything, limits=self.limits, stop=self.stop,
            say=say,
        )  # fmt: skip

    def parts(self, kinds: Collection[str], say: Callable[[str], None]) -> list[Part]:
        """A part for each cluster; one of several that cannot be reached is a gap. Raises as `gathered` does."""
        found, unreachable = self.gathered(kinds, say)
        return [*unreachable, *(one.part(self.stop, say) for one in found)]


def _unreachable(login: Login, detail: str, kinds: Collection[str], *, why: ProblemWhy = "error") -> Part:
    name = login.context or "the current context"
    problem = unreached(name, why, detail, kinds, kubectl=login.kubectl())
    return Part(path=name, cluster=printable(name), problems=[problem], assumed=(), layout=LAYOUT)


def _all_of(errors: Sequence[ClusterError]) -> ClusterError:
    """One error of several clusters: a line of each."""
    if len(errors) == 1:
        return errors[0]
    lines = "".join(f"\n{error.message}" for error in errors)
    hints = dict.fromkeys(error.hint for error in errors if error.hint)
    return ClusterError(
        f"nothing could be read from any of {len(errors)} clusters{lines}", hint="\n".join(hints) or None
    )


def _seen(parts: Sequence[Part]) -> str:
    """What each cluster had come to when time was over."""
    return "; ".join(f"{part.path}: {part.problems[0].detail}" for part in parts[:_SHOWN] if part.problems)


def _nothing(part: Part, gathered: Gathered) -> ClusterError:
    """Nothing was read of a cluster: it is empty, it refuses, or it does not answer."""
    name, problems, login = part.path, part.problems, gathered.cluster.login
    if not problems:
        return ClusterError(f"{name} holds no object at all", hint="is it the cluster that you mean? see --context")
    empty = [one.kind for one in part.permissions or () if one.namespaces != ()]
    if empty and not part.items:
        return ClusterError(
            f"there is no object in what may be read of {name} ({len(empty)} kinds): {problems[0].detail}",
            hint="is it the cluster that you mean? see --context; `diag rbac --check` shows which rights are missing",
        )
    if all(problem.why == "forbidden" for problem in problems):
        if any(": 401" in problem.detail for problem in problems):
            return ClusterError(
                f"{name} does not know who you are: {problems[0].detail}", hint=log_in(name, gathered.cluster.ran_out)
            )
        tried = f" (namespace {', '.join(gathered.tried[:_SHOWN])} was tried as well)" if gathered.tried else ""
        return ClusterError(
            f"you may read nothing in {name}: {problems[-1].detail}{tried}",
            hint="ask an administrator for the rights that `diag rbac` prints, or name a namespace of yours with -n",
        )
    worst = next(problem for problem in problems if problem.why != "forbidden")
    means = meaning(worst.detail)
    return ClusterError(
        f"nothing could be read from {name}: {worst.detail}",
        hint=(f"{means}; " if means else "") + f"try `{login.kubectl(name)} version`",
    )
