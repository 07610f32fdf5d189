"""Which cluster, and as whom; and the kubectl that asks the same cluster as the same user."""

import shlex
from dataclasses import dataclass

from diag.collect.failures import IN_CLUSTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Which cluster, and as whom. Without a context the current one; without a kubeconfig as kubectl finds it."""

    context: str | None = None
    kubeconfig: str | None = None
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    timeout_s: float = 30.0

    def kubectl(self, current: str = "") -> str:
        """How commands begin, with all that was named; `current` is the context to name where none was."""
        context = self.context or (current if current != IN_CLUSTER else "")
        given = (("--kubeconfig", self.kubeconfig), ("--context", context), ("--as", self.as_user))
        words = [word for flag, value in given if value for word in (flag, value)]
        return shlex.join(["kubectl", *words, *(word for group in self.as_groups for word in ("--as-group", group))])
