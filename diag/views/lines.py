"""One statement of an explanation."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["item", "step", "command", "label"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One statement, and the numbers of the citations it rests on."""

    text: str
    cites: tuple[int, ...] = ()
    kind: Kind = "item"
