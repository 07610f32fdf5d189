"""How long: each duration stands in what is cited, however it is written, or lies between two cited moments."""

import re
from functools import lru_cache

from diag.llm.check.arithmetic import spans
from diag.llm.check.support import Support
from diag.llm.check.tokens import NUMBERS

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "ms": 0.001}
_TIME = r"\d+(?:\.\d+)?(?: |-)?(?:ms|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|[smhd])\b"
LASTING = re.compile(rf"(?<![\w.]){_TIME}(?:,? (?:and )?{_TIME})*|(?<![\w.])(?:\d+(?:\.\d+)?[dhms]){{2,4}}(?!\w)")
_PART = re.compile(r"(\d+(?:\.\d+)?)[ -]?(ms|[smhd])", re.IGNORECASE)
_APPOSED = re.compile(r", [^,;:.]{1,60}, (?=has\b|is\b|are\b|have\b|was\b|were\b|can\b|may\b|does\b|offers\b)")
_SPELLED = re.compile(
    rf"\b({'|'.join(NUMBERS)})(?=[ -](?:seconds?|minutes?|hours?|days?)\b)|\b(half|(?:a )?third of|(?:a )?quarter of)"
    r" an hour\b", re.IGNORECASE,
)  # fmt: skip
NAMED_SECONDS = re.compile(r"\w*[sS]econds\b[^\d\n]{0,70}?(\d+)")  # initialDelaySeconds 120
_AND_PART = re.compile(
    rf"\b(\d+|an?|{'|'.join(NUMBERS)}) (?:(hour|minute|day)s? and (a half|a quarter|three[ -]quarters?)"
    r"|and (?:a )?(half|quarter|three[ -]quarters?) (hour|minute|day)s?)\b", re.IGNORECASE,
)  # fmt: skip
_A_WHOLE = re.compile(r"(?<!times )\ban?(?: (?:full|whole|entire|good|mere))? (?=(?:minute|hour|day)\b)", re.IGNORECASE)
_AGES = re.compile(r"\b(?:for|in|over) (?:\w+ )?(days|weeks|months|years|ages)\b", re.IGNORECASE)
_SHARES = {"half": "30 minutes", "third": "20 minutes", "quarter": "15 minutes"}
_ABOUT = re.compile(
    r"\b(?:about|a good|a full|well over|almost|nearly|roughly|around|approximately|just (?:under|over)|a little"
    r"|more than|over|less than|under|close to|some)\b[^,;]{0,20}$", re.IGNORECASE,
)  # fmt: skip
LEEWAY = 0.12  # of "about", "almost"


@lru_cache(maxsize=4096)
def spelled(text: str) -> str:
    """The text with the numbers of its durations in digits, and without quotation marks, behind which numbers hide."""

    def digits(one: re.Match[str]) -> str:
        if one[1]:
            return NUMBERS[one[1].casefold()]
        return next(told for word, told in _SHARES.items() if word in one[0].casefold())

    text = _AND_PART.sub(_with_part, text)
    text = _APPOSED.sub(lambda found: " " + found[0][1:].replace(",", " "), text)
    text = _A_WHOLE.sub("1 ", _SPELLED.sub(digits, text))
    return re.sub(r"[\"`“”]|(?<!\w)'|'(?!\w)", " ", text)


def _with_part(found: re.Match[str]) -> str:
    """The minutes of "two and a half hours"."""
    whole = found[1].casefold()
    count = float(whole if whole.isdigit() else NUMBERS.get(whole, "1"))
    part = found[3] or found[4]
    share = 0.75 if part.casefold().startswith("three") else 0.25 if "quarter" in part.casefold() else 0.5
    seconds = (count + share) * _SECONDS[(found[2] or found[5])[0].casefold()]
    return f"{seconds / 60:g} minutes"


def durations(text: str) -> list[tuple[str, float, float, bool]]:
    """The durations of a text, `5m0s` or `five minutes`: words, seconds, seconds of the smallest unit, "about"."""
    found, text = [], spelled(text)
    for one in LASTING.finditer(text):
        parts = [(number, _SECONDS[unit.casefold()]) for number, unit in _PART.findall(one[0])]
        about = _ABOUT.search(text, 0, one.start()) is not None
        seconds = sum(float(number) * unit for number, unit in parts)
        # "5.75 hours" is told to a hundredth of an hour.
        finest = min(unit * 10.0 ** -len(number.partition(".")[2]) for number, unit in parts)
        found.append((one[0], seconds, finest, about))
    return found


def seconds_of(lasting: str) -> float:
    """The seconds of a duration, `5m0s` or `5 minutes`."""
    return sum(float(number) * _SECONDS[unit.casefold()] for number, unit in _PART.findall(lasting))


_LESS = re.compile(
    rf"({LASTING.pattern}) (?:shy|short) of ({LASTING.pattern})"
    rf"|\ball but (?:the )?({LASTING.pattern}) of (?:the )?({LASTING.pattern})",
    re.IGNORECASE,
)


def net(text: str) -> str:
    """The text with "a minute shy of two hours" and "all but one minute of 4h55m" as the time that is meant."""

    def meant(found: re.Match[str]) -> str:
        less, whole = (found[1], found[2]) if found[1] else (found[3], found[4])
        return f"{(seconds_of(whole) - seconds_of(less)) / 60:g}m"

    return _LESS.sub(meant, spelled(text))


def wrong_duration(text: str, support: Support) -> str | None:
    """The first duration that nothing cited holds or makes; None where all agree."""
    lasting = [seconds for source in support.sources for _, seconds, _, _ in durations(source.text)]
    lasting += [float(one) for source in support.sources for one in NAMED_SECONDS.findall(source.text)]
    text = net(text)
    lasting += spans(
        support,
        [one for source in support.sources if source.kind == "since" for _, one, _, _ in durations(source.text)],
    )
    for said, seconds, unit, about in durations(text):
        # "40 minutes" may be told of 40 minutes 58 seconds, and so may 41.
        if not any(
            (abs(known - seconds) < unit and (unit < known or known == seconds))
            or (about and abs(known - seconds) <= LEEWAY * known)
            for known in lasting
        ):
            return said
        if _is_window(said, text, support):
            return said
    if (ages := _AGES.search(text)) and ages[1].casefold() not in support.lowered:
        return ages[0]
    return None


_WINDOW = re.compile(r"\b(?:in|within|over|during) the (?:last|past)\s*$", re.IGNORECASE)


def _is_window(said: str, text: str, support: Support) -> bool:
    """Whether a time in which something was counted ("6 times in the last 6 hours") is told as how long it lasts."""
    if not re.search(rf"\bfor (?:the )?(?:last |past )?(?:about |over )?{re.escape(said)}", spelled(text)):
        return False
    same = [
        (source.text, one)
        for source in support.sources for one in LASTING.finditer(source.text) if seconds_of(one[0]) == seconds_of(said)
    ]  # fmt: skip
    return bool(same) and all(_WINDOW.search(known[: one.start()]) for known, one in same)
