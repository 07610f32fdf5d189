"""What one quota or queue says to pods that do not exist yet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Whether it would refuse some of the pods, or keep them waiting, in words with its numbers."""

    refuses: bool
    words: str


def those(left: int, pods: int) -> str:
    """Which of some pods are left out where `left` of them have room."""
    if pods == 1:
        return "it"
    return f"all but {left} of the {pods} pods" if left else f"all {pods} pods"
