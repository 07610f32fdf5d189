"""Numbers that a sentence works out of cited ones: differences, sums, products, and times between cited moments."""

import re
from collections import Counter
from datetime import datetime
from itertools import combinations

from diag.llm.check.english import alike
from diag.llm.check.support import Support

_STAMP = re.compile(r"\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z")
_SINCE = re.compile(r"^Since (\S+); (.+) before the snapshot$", re.MULTILINE)
# Words that say a number is what two others differ by, or what they make together.
_APART = re.compile(
    r"\b(?:short|shy|leav\w+|left|remain\w*|miss\w*|lack\w*|fewer|less|more|apart|gap|differ\w*|over|beyond|too many"
    r"|extra|spare|another|further|later|earlier|before|after|between|all but|except|absent|unavailable|gone)\b",
    re.IGNORECASE,
)
_TOGETHER = re.compile(
    r"\b(?:total\w*|together|sum|combined|altogether|plus|make[s]?|add\w*|between them|in all|overall|adds up)\b",
    re.IGNORECASE,
)
_EACH = re.compile(r"\b(?:each|apiece|per|every|total\w*|together|altogether|times|an average)\b", re.IGNORECASE)


def worked_out(digits: str, of: str, text: str, groups: list[list[tuple[int, str]]]) -> bool:
    """Whether a number is what cited numbers of the same things make, and is told as that.

    `groups` are the numbers of one piece each, with the stems of what they count. A number that names nothing may come
    of two numbers of one piece.
    """
    if not digits.isdigit():
        return False
    wanted = int(digits)
    told = [[value for value, counted in group if not of or not counted or counted in alike(of)] for group in groups]
    for values in [[value for group in told for value in group]] if of else told:
        if any(_makes(low, high, wanted, text) for low, high in combinations(sorted(set(values)), 2)):
            return True
    # Twice the same number makes a sum only where one piece tells both; two pieces may tell of one and the same.
    twice = (value for group in told for value, times in Counter(group).items() if times > 1)
    return bool(_TOGETHER.search(text)) and any(2 * value == wanted for value in twice)


def _makes(low: int, high: int, wanted: int, text: str) -> bool:
    """Whether two numbers make a third in the way that a text tells."""
    if _APART.search(text) and low and high - low == wanted:
        return True
    if _TOGETHER.search(text) and low + high == wanted:
        return True
    return _EACH.search(text) is not None and low > 1 and wanted > 1 and wanted in (low * high, high / low)


def shared_out(digits: str, of: str, costs: list[tuple[int, str]]) -> bool:
    """Whether "one GPU each" is what so many of one thing make for so many of another: 3 GPUs for 3 pods."""
    if not digits.isdigit() or not of:
        return False
    mine = [value for value, counted in costs if counted in alike(of)]
    rest = [value for value, counted in costs if counted not in alike(of) and value]
    return any(value == int(digits) * other for value in mine for other in rest)


def spans(support: Support, lasting: list[float]) -> list[float]:
    """The seconds between any two cited moments, the snapshot's among them where it is told how long before it was."""
    stamps = {_seconds(one) for one in _STAMP.findall(support.text)}
    told = _SINCE.search(support.text)
    if told:
        stamps |= {_seconds(told[1]) + most for most in lasting}
    return [high - low for low, high in combinations(sorted(stamps), 2)]


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
