"""Break each rule in turn and see whether its case file notices.

    make mutants                     # the whole catalogue
    make mutants MUTANTS='SCH1*'     # some rules

The Makefile has every case file notice nine mutants of ten (`--least`), types aside.

Each condition of a function rule is set to True and to False, each operand of `and` and `or` is left out, each bound is
moved by one, `any` and `all` are exchanged; each row of a table loses its pattern, its literal, its second sign and its
reasons, and each table the names of its containers. What no case notices *survives*, in one of three ways:

    untested    the case file gives the same report: no case comes by, or the condition is a shortcut
    unsaid      a case's report changes in its words, evidence or confidence; `says:` in the case would hold them
    types       only a guard against values of wrong types is gone; tests/engine/test_properties.py holds those
"""

import argparse
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from multiprocessing import Pool
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).parents[1]))
from rule_cases import IDS_BY_FILE, REGISTRY, clusters, diagnosed, faults, told
from targets import Mutant, Target, targets

from diag.catalog.registry import Registry

TOO_LONG_S = 5.0  # a case takes milliseconds: a mutant that takes so long runs for ever


class TooLongError(BaseException):
    """Not an Exception, so that the engine's guard around rules lets it through."""


@dataclass(slots=True)
class Tally:
    """How one target fared: the survivors with the way in which each did."""

    name: str
    mutants: int = 0
    survivors: list[tuple[Mutant, str]] = field(default_factory=list)
    red: str = ""  # what is wrong with the rule as it is: then its mutants say nothing

    @property
    def asked(self) -> int:
        """How many mutants count: those that only guard types do not."""
        return self.mutants - sum(way == "types" for _, way in self.survivors)

    @property
    def share(self) -> float:
        """Per cent of those that are noticed; 100 where there are none."""
        return 100.0 * (self.mutants - len(self.survivors)) / self.asked if self.asked else 100.0


def main() -> int:
    """Run, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", default=["*"], help="ids of rules or modules of tables, globs allowed")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--least", type=float, default=0.0, help="fail when of a rule fewer per cent are noticed, types aside"
    )
    parser.add_argument("--totals", action="store_true", help="leave the survivors out")
    args = parser.parse_args()
    chosen = [one for one in targets() if any(one.answers_to(glob) for glob in args.rules)]
    if not chosen:
        parser.error(f"{' '.join(args.rules)} means no rule; `diag rules` lists their ids")
    tallies = []
    with Pool(args.jobs) as pool:
        for tally in pool.imap(_tried, chosen):
            _show(tally, totals=args.totals)
            tallies.append(tally)
    return _conclude(tallies, args.least)


def _show(tally: Tally, *, totals: bool) -> None:
    noticed = tally.mutants - len(tally.survivors)
    print(f"{tally.name:24} {tally.red or f'{noticed} of {tally.mutants} noticed'}", flush=True)
    for mutant, way in () if totals else tally.survivors:
        print(f"    {way:9} {mutant.where}: {mutant.says}")


def _conclude(tallies: list[Tally], least: float) -> int:
    ways = Counter(way for tally in tallies for _, way in tally.survivors)
    asked = sum(tally.asked for tally in tallies)
    noticed = asked - ways["untested"] - ways["unsaid"]
    print(f"\n{noticed} of {asked} mutants noticed ({100.0 * noticed / max(asked, 1):.1f} %)")
    print(f"{ways['untested']} untested, {ways['unsaid']} unsaid; {ways['types']} more only guard types")
    low = [tally for tally in tallies if tally.share < least]
    for tally in low:
        print(f"{tally.name} notices {tally.share:.1f} %, and the floor is {least:g} %")
    return 1 if low or any(tally.red for tally in tallies) else 0


def _tried(target: Target) -> Tally:
    tally = Tally(target.name)
    red, _ = _reports(target, REGISTRY)
    if red:
        tally.red = f"its cases fail as it is: {red}"
        return tally
    for mutant in target.mutants():
        tally.mutants += 1
        fault, told_now = _reports(target, mutant.registry)
        if not fault:
            way = "types" if mutant.types_only else "unsaid" if told_now != _told_before(target) else "untested"
            tally.survivors.append((replace(mutant, registry=Registry()), way))
    return tally


@cache
def _told_before(target: Target) -> list[str]:
    return _reports(target, REGISTRY)[1]


def _reports(target: Target, registry: Registry) -> tuple[str, list[str]]:
    """What the first case says that notices (empty when all are content), and what all cases tell."""
    ids = IDS_BY_FILE[target.cases]
    lines: list[str] = []
    for case, objects in clusters(target.cases):
        try:
            with _limited():
                diagnosis = diagnosed(case, objects, ids=ids, registry=registry)
        except (Exception, TooLongError) as error:  # noqa: BLE001  whatever breaks is noticed
            return f"{type(error).__name__}: {error}", []
        for fault in faults(diagnosis, case, objects, ids):
            return fault, []
        lines += [line for rule in sorted(ids) for line in told(diagnosis, rule)]
    return "", lines


@contextmanager
def _limited() -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooLongError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, TOO_LONG_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    sys.exit(main())
