"""How a step is told to who reads it: who takes it, what it may cost, and what its command does."""

from diag.facts.command_lines import effect
from diag.findings import LOOK

WHO = {"user": "workload's owner", "queue-admin": "queue admin", "platform": "platform team", "cloud": "cloud provider"}
RISKS = {"safe": "ends nothing that runs", "disruptive": "interrupts what runs", "irreversible": "cannot be undone"}
_COMMAND = {"looks": "; to look first:", "changes": "; this command changes things:"}


def only_looks(text: str, risk: str, command: str | None) -> bool:
    """Whether a step changes nothing: it says so, and its command does not say otherwise."""
    changes = command is not None and effect(command) == "changes"
    return text.startswith(LOOK) and risk == "safe" and not changes


def manner(text: str, *, who: str, risk: str, command: str | None) -> str:
    """What stands behind the text of a step: nothing behind a look, else who, the cost, and what its command does."""
    if only_looks(text, risk, command):
        return ""
    does = effect(command) if command else None
    return f" [by the {WHO.get(who, who)}; {RISKS.get(risk, risk)}]" + (_COMMAND[does] if does else "")
