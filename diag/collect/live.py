"""Several clusters in one look: which contexts, a part of each, and an error only where nothing at all may be read."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

from diag.collect.collect import LAYOUT, Gathered, gather
from diag.collect.kube import Cluster, Login, contexts
from diag.collect.pool import patiently
from diag.collect.requests import Stop
from diag.errors import ClusterError, EndedError, UsageError
from diag.snapshot.sources.part import Part, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What to connect to, as whom, and how long to wait.

    Without contexts it is the current one, `all` means every one of the kubeconfig. `namespaces` are tried first where
    the whole cluster may not be listed. `request_timeout_s` is for one request; `stop` ends the whole. With
    `everything`, kinds that no rule reads are listed too.
    """

    contexts: tuple[str, ...] = ()
    kubeconfig: str | None = None
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    request_timeout_s: float = 30.0
    everything: bool = False
    namespaces: tuple[str, ...] = ()
    stop: Stop = field(default_factory=Stop)

    def logins(self) -> list[Login]:
        """One for each cluster. Raises UsageError where `all` means none."""
        names: list[str | None] = list(dict.fromkeys(self.contexts)) or [None]
        if "all" in names:
            names = [each.name for each in contexts(self.kubeconfig)]
            if not names:
                raise UsageError("--context all means no context: there is no kubeconfig", hint="set KUBECONFIG")
        return [
            Login(
                context=name, kubeconfig=self.kubeconfig, as_user=self.as_user, as_groups=self.as_groups,
                timeout_s=self.request_timeout_s,
            )
            for name in names
        ]  # fmt: skip

    def gathered(self, kinds: Collection[str], say: Callable[[str], None]) -> tuple[list[Gathered], list[Part]]:
        """One pass over each cluster, of these kinds (ids) at least, and a part for each that cannot be reached.

        Raises ClusterError where no cluster can be reached, or none lets anything be read, EndedError where time was
        over before, UsageError for contexts that do not exist.
        """
        found: list[Gathered] = []
        unreachable: list[Part] = []
        logins = self.logins()
        for login in logins:
            try:
                cluster = patiently(partial(Cluster, login), self.stop)
            except ClusterError as error:
                unreachable.append(_unreachable(login, error))
                if len(unreachable) == len(logins):
                    raise
                continue
            if cluster is None:
                break
            found.append(
                gather(cluster, kinds, namespaces=self.namespaces, everything=self.everything, stop=self.stop, say=say)
            )
        parts = [*unreachable, *(one.part(self.stop, say) for one in found)]
        if not any(part.items for part in parts):
            raise EndedError(self.stop.ended) if self.stop.ended else _nothing(parts)
        return found, unreachable

    def parts(self, kinds: Collection[str], say: Callable[[str], None]) -> list[Part]:
        """A part for each cluster; one of several that cannot be reached is a gap. Raises as `gathered` does."""
        found, unreachable = self.gathered(kinds, say)
        return [*unreachable, *(one.part(self.stop, say) for one in found)]


def _unreachable(login: Login, error: ClusterError) -> Part:
    name = login.context or "the current context"
    problem = Problem(
        what=f"reach {name}", why="error", detail=error.message, fix=f"kubectl --context {name} cluster-info"
    )
    return Part(path=name, cluster=name, problems=[problem], assumed=(), layout=LAYOUT)


def _nothing(parts: Sequence[Part]) -> ClusterError:
    """Nothing was read: of an empty cluster, one that refuses, or one that does not answer."""
    problems = [problem for part in parts for problem in part.problems]
    names = ", ".join(part.path for part in parts)
    if not problems:
        return ClusterError(f"{names} holds no object at all", hint="is it the cluster that you mean? see --context")
    if all(problem.why == "forbidden" for problem in problems):
        if any(": 401" in problem.detail for problem in problems):
            return ClusterError(
                f"{names} does not know who you are: {problems[0].detail}", hint="log in again, as for kubectl"
            )
        return ClusterError(
            f"you may read nothing in {names}: {problems[-1].detail}",
            hint="ask an administrator for the rights that `diag rbac` prints, or name a namespace of yours with -n",
        )
    worst = next((problem for problem in problems if problem.why != "forbidden"), problems[0])
    return ClusterError(
        f"nothing could be read from {names}: {worst.detail}", hint=f"try `kubectl --context {parts[0].path} version`"
    )
