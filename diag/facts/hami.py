"""What HAMi writes on nodes and pods of the cards that it shares (Project-HAMi/HAMi pkg/device, pkg/util/types.go)."""

from dataclasses import dataclass

from diag.projection import dicts, json_value

REGISTER = "hami.io/node-nvidia-register"
ALLOCATED = "hami.io/vgpu-devices-allocated"
MEMORY, COUNT = "nvidia.com/gpumem", "nvidia.com/gpu"
_FIELDS = 7  # of a card in the older form: uuid, split count, memory, cores, type, NUMA node, health
_SHARE = 4  # uuid, type, memory, cores
MAX_TEXT = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One physical GPU that is shared; memory in MiB."""

    uuid: str
    memory: int


def cards(text: str) -> list[Card]:
    """The healthy cards of a node's annotation that have memory.

    It is a JSON array, before HAMi 2.7 a list of comma-separated fields.
    """
    text = text[:MAX_TEXT]
    if text.lstrip().startswith("["):
        listed = [
            (one.get("id"), one.get("devmem"), one.get("health") is not False)
            for one in dicts(json_value(text.encode()))
        ]
    else:
        parts = [entry.split(",") for entry in text.split(":")]
        listed = [(one[0], _number(one[2]), one[6] == "true") for one in parts if len(one) >= _FIELDS]
    return [
        Card(uuid=uuid, memory=memory)
        for uuid, memory, healthy in listed
        if healthy and isinstance(uuid, str) and isinstance(memory, int) and memory > 0 and memory is not True
    ]


def shares(text: str) -> list[tuple[str, int]]:
    """The cards that a pod holds a part of, each with the memory in MiB; `;` parts containers, `:` devices."""
    parts = [entry.split(",") for entry in text[:MAX_TEXT].replace(";", ":").split(":")]
    return [(one[0], amount) for one in parts if len(one) >= _SHARE and (amount := _number(one[2])) is not None]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004  MiB of a card
