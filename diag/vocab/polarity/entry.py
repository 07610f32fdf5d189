"""What one entry of the registry says: which conditions of a kind mean what."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The condition types of some kinds. Kinds and types may be globs (`*.upbound.io/*`, `SlurmNodeState*`).

    - `good`: well when True, a fault when False.
    - `bad`: a fault when True, well when False.
    - `neutral`: a state, an intention or a step that was reached once; never a fault.
    - `excused`: reasons under which a fault of these kinds is none: an intention, or a wait by design.
    - `unknown`: types whose Unknown is a fault as well, since it says that the reporter is gone.
    - `stated`: reasons that tell of a fault under Unknown, too: something does not work, and something else does.
    """

    kinds: tuple[str, ...]
    source: str
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    neutral: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()
