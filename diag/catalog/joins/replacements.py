"""Which waiting group the replacement of a pod that is gone belongs to, told by names alone."""

from diag.catalog.context import Context
from diag.trouble.groups import Group


def waiting_by_controller(ctx: Context) -> dict[tuple[str, str], Group]:
    """Waiting groups by namespace and name of their pods' controller, those of bare pods by the pod's own name."""
    found: dict[tuple[str, str], Group] = {}
    for group in ctx.groups("pod-unscheduled"):
        for member in group.members:
            names = [owner.name for owner in member.owners if owner.name] or [member.name]
            found.update({(member.namespace, name): group for name in names})
    return found


def replaced_by(waiting: dict[tuple[str, str], Group], namespace: str, name: str) -> Group | None:
    """The group that a pod of that name belonged to: pods are called NAME, NAME-xxxxx, NAME-0 or NAME-0-xxxxx."""
    once = name.rpartition("-")[0]
    bases = (name, once, once.rpartition("-")[0])
    return next((found for base in bases if (found := waiting.get((namespace, base)))), None)
