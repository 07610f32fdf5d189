"""Problems of one bundle: the first are named, the rest is counted, so that a hostile bundle floods nobody."""

from collections import Counter

from diag.snapshot.sources.part import Problem
from diag.snapshot.sources.words import counted

MAX_NAMED = 20
AGAIN = "collect the bundle again, or name the file by itself with --from"


class Noted:
    """Collects problems. Those with kinds are kept all: each names what rules cannot see."""

    def __init__(self) -> None:
        self._named: list[Problem] = []
        self._more: Counter[str] = Counter()

    def add(self, problem: Problem) -> None:
        """Note a problem."""
        if problem.kinds or len(self._named) < MAX_NAMED:
            self._named.append(problem)
        else:
            self._more[problem.why] += 1

    def unread(self, what: str, detail: str) -> None:
        """Note a member that is not read."""
        self.add(Problem(what=what, why="unreadable", detail=detail, fix=AGAIN))

    def cut_off(self, what: str, detail: str) -> None:
        """Note that a container breaks off."""
        self.add(Problem(what=what, why="truncated", detail=detail, fix="copy or collect the bundle again"))

    def all(self, path: str) -> list[Problem]:
        """Every problem; `path` is the bundle's."""
        rest = sum(self._more.values())
        if not rest:
            return list(self._named)
        what = f"{counted(rest, 'more piece')} of {path}"
        return [*self._named, Problem(what=what, why="unreadable", detail="not named one by one", fix=AGAIN)]
