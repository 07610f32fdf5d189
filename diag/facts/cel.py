"""The simple half of CEL: what device selectors of Dynamic Resource Allocation say about one device.

Understood are comparisons of `device.driver`, `device.attributes[..]` and `device.capacity[..]` with literals, `in`,
`has`, `.?name.orValue(..)`, a few string functions, plain patterns of `matches`, `compareTo`, `isGreaterThan` and
`isLessThan` on quantities and versions, `&&`, `||`, `!` and brackets. All else is *unknown*, never a guess: an
unknown part makes the whole unknown unless the rest decides it.

Language: google/cel-spec doc/langdef.md; the device variable: kubernetes/kubernetes
staging/src/k8s.io/dynamic-resource-allocation/cel.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from diag.facts.quantity import milli

MAX_LENGTH = 10_240  # characters; the API server takes no longer expression (CELSelectorExpressionMaxLength)
MAX_DEPTH = 60  # brackets within brackets

Value = str | int | bool | tuple[str, tuple[int, ...] | int]  # the last: a tagged version or quantity
Names = tuple[str, str, str]  # "attributes" or "capacity", domain, name


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a ResourceSlice says of one device, names without a domain completed by the driver's."""

    driver: str
    attributes: Mapping[tuple[str, str], Value]
    capacity: Mapping[tuple[str, str], str]
    shared: bool = False  # several claims may hold it at once


class Unknown(Exception):  # noqa: N818  an answer, not an error
    """The expression, or what it is asked about, is beyond this reader."""


class _Absent(Unknown):
    """The device has no such attribute: CEL fails there, so the device does not match."""


Node = Callable[[Device], object]


@dataclass(frozen=True, slots=True)
class Selector:
    """A parsed expression. `names` are the attributes and capacities that it looks at."""

    text: str
    root: Node | None
    names: tuple[Names, ...]

    def matches(self, device: Device) -> bool | None:
        """Whether the device matches; None where that cannot be told."""
        if self.root is None:
            return None
        try:
            value = self.root(device)
        except _Absent:
            return False
        except Unknown:
            return None
        return value if isinstance(value, bool) else None


@lru_cache(maxsize=4096)
def parse(text: str) -> Selector:
    """An expression as a selector; what cannot be read gives one that knows nothing."""
    if len(text) > MAX_LENGTH:
        return Selector(text, None, ())
    reader = _Reader(text)
    try:
        root = reader.read()
    except (Unknown, RecursionError):
        return Selector(text, None, tuple(dict.fromkeys(reader.names)))
    return Selector(text, root, tuple(dict.fromkeys(reader.names)))


_TOKEN = re.compile(
    r"\s*(?:(?P<string>'[^'\\]*'|\"[^\"\\]*\")|(?P<number>[0-9]{1,18})(?![.\w])|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<mark>&&|\|\||[=!<>]=|[!<>()\[\].,?]))"
)
# Patterns that mean the same to RE2 and to Python and take no long time: few repetitions, none of a group.
_PATTERN = re.compile(r"\^?(?:(?:[\w /:,-]|\.|\[[\w -]+\])[*+?]?|\((?:[\w /:,.-]|\|)+\)(?![*+?]))*\$?", re.ASCII)
MAX_REPEATS, MAX_SUBJECT = 3, 64  # 64 characters is the longest string that an attribute can be
_COMPARE: dict[str, Callable[[int], bool]] = {
    "==": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def _matched(subject: str, pattern: str) -> bool:
    """Whether a plain pattern is found in a text. Raises Unknown for other patterns."""
    repeats = sum(pattern.count(mark) for mark in "*+?")
    if repeats > MAX_REPEATS or len(subject) > MAX_SUBJECT or "\n" in subject or not _PATTERN.fullmatch(pattern):
        raise Unknown
    try:
        return re.search(pattern, subject) is not None
    except re.error:  # a range that runs backwards
        raise Unknown from None


_STRINGS: dict[str, Callable[[str, str], bool]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": str.__contains__,
    "matches": _matched,
}
_ORDERS: dict[str, Callable[[int], object]] = {
    "compareTo": lambda order: order,
    "isGreaterThan": lambda order: order > 0,
    "isLessThan": lambda order: order < 0,
}


@dataclass(slots=True)
class _Reader:
    """A recursive-descent parser that builds closures."""

    text: str
    names: list[Names] = field(default_factory=list)
    tokens: list[tuple[str, str]] = field(default_factory=list)
    at: int = 0
    depth: int = 0

    def read(self) -> Node:
        self.tokens = [*_tokens(self.text), ("end", "")]
        root = self.either()
        if self.tokens[self.at][0] != "end":
            raise Unknown
        return root

    def take(self, *marks: str) -> str | None:
        kind, text = self.tokens[self.at]
        if kind != "mark" or text not in marks:
            return None
        self.at += 1
        return text

    def need(self, mark: str) -> None:
        if self.take(mark) is None:
            raise Unknown

    def either(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unknown
        parts = [self.both()]
        while self.take("||"):
            parts.append(self.both())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else _logic(parts, decides=True)

    def both(self) -> Node:
        parts = [self.comparison()]
        while self.take("&&"):
            parts.append(self.comparison())
        return parts[0] if len(parts) == 1 else _logic(parts, decides=False)

    def comparison(self) -> Node:
        left = self.unary()
        mark = self.take(*_COMPARE)
        if mark is not None:
            return _compared(left, mark, self.unary())
        if self.tokens[self.at] == ("word", "in"):
            self.at += 1
            return _member(left, self.unary())
        return left

    def unary(self) -> Node:
        negations = 0
        while self.take("!"):
            negations += 1
        inner = self.postfix()
        return _negated(inner) if negations % 2 else inner

    def postfix(self) -> Node:
        node = self.primary()
        while self.take("."):
            method = self.word()
            self.need("(")
            node = _called(node, method, self.either() if self.take(")") is None else None, self)
        return node

    def primary(self) -> Node:
        kind, text = self.tokens[self.at]
        self.at += 1
        if (kind, text) == ("mark", "("):
            inner = self.either()
            self.need(")")
            return inner
        if (kind, text) == ("mark", "["):
            return self.listed()
        if (kind, text) == ("word", "device"):
            return self.of_device()
        if (kind, text) == ("word", "has"):
            return self.presence()
        return _constant(self.literal(kind, text))

    def literal(self, kind: str, text: str) -> Value:
        if kind == "string":
            return text[1:-1]
        if kind == "number":
            return int(text)
        if kind == "word" and text in ("true", "false"):
            return text == "true"
        if kind == "word" and text in ("quantity", "semver"):
            self.need("(")
            value = self.string()
            self.need(")")
            return _tagged(text, value)
        raise Unknown

    def listed(self) -> Node:
        items: list[Node] = []
        while self.take("]") is None:
            items.append(self.primary())
            if self.take(",") is None:
                self.need("]")
                break
        return lambda device: [item(device) for item in items]

    def of_device(self) -> Node:
        self.need(".")
        part = self.word()
        if part == "driver":
            return lambda device: device.driver
        if part == "allowMultipleAllocations":
            return lambda device: device.shared
        if part not in ("attributes", "capacity"):
            raise Unknown
        self.need("[")
        domain = self.string()
        self.need("]")
        if self.take("["):
            name = self.string()
            self.need("]")
        elif self.take("."):
            optional = self.take("?") is not None
            name = self.word()
            if optional:
                return self.optional((part, domain, name))
        else:
            return lambda device: {name for its, name in getattr(device, part) if its == domain}
        self.names.append((part, domain, name))
        return _looked_up(part, domain, name)

    def optional(self, names: Names) -> Node:
        """What follows `.?name`: the value or a default."""
        self.names.append(names)
        held = _looked_up(*names)
        self.need(".")
        if self.word() != "orValue":
            raise Unknown
        self.need("(")
        default = self.either()
        self.need(")")
        return _or_else(held, default)

    def presence(self) -> Node:
        """`has(..)` of one attribute or capacity."""
        self.need("(")
        before = len(self.names)
        held = self.postfix()
        self.need(")")
        if len(self.names) != before + 1:
            raise Unknown
        return _or_else(lambda device: held(device) is not None, _constant(value=False))

    def word(self) -> str:
        return self._of("word")

    def string(self) -> str:
        return self._of("string")[1:-1]

    def _of(self, wanted: str) -> str:
        kind, text = self.tokens[self.at]
        if kind != wanted:
            raise Unknown
        self.at += 1
        return text


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise Unknown
        yield found.lastgroup, found[found.lastgroup]
        place = found.end()


def _constant(value: object) -> Node:
    return lambda _: value


def _looked_up(part: str, domain: str, name: str) -> Node:
    def look(device: Device) -> object:
        if part == "capacity":
            held = device.capacity.get((domain, name))
            if held is None:
                raise _Absent
            return _tagged("quantity", held)
        value = device.attributes.get((domain, name))
        if value is None:
            raise _Absent
        return value

    return look


def _or_else(held: Node, default: Node) -> Node:
    def run(device: Device) -> object:
        try:
            return held(device)
        except _Absent:
            return default(device)

    return run


def _tagged(kind: str, text: str) -> tuple[str, tuple[int, ...] | int]:
    if kind == "quantity":
        amount = milli(text)
        if amount is None:
            raise Unknown
        return ("quantity", amount)
    return version(text)


def version(text: str) -> tuple[str, tuple[int, ...] | int]:
    """A semantic version of three plain numbers. Raises Unknown for others: their order is a matter of its own."""
    if re.fullmatch(r"[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}", text) is None:
        raise Unknown
    return ("semver", tuple(int(part) for part in text.split(".")))


def _logic(parts: list[Node], *, decides: bool) -> Node:
    """`||` (decided by a true part) or `&&` (by a false one); an error or unknown in one part is overruled by that."""

    def run(device: Device) -> object:
        trouble: Unknown | None = None
        for part in parts:
            try:
                value = part(device)
            except Unknown as error:
                trouble = error if trouble is None or isinstance(trouble, _Absent) else trouble
                continue
            if not isinstance(value, bool):
                raise Unknown
            if value is decides:
                return decides
        if trouble is not None:
            raise trouble
        return not decides

    return run


def _negated(inner: Node) -> Node:
    def run(device: Device) -> object:
        value = inner(device)
        if not isinstance(value, bool):
            raise Unknown
        return not value

    return run


def _compared(left: Node, mark: str, right: Node) -> Node:
    return lambda device: _COMPARE[mark](_order(left(device), right(device)))


def _order(left: object, right: object) -> int:
    """Below zero, zero or above, as two values of one type are ordered."""
    if type(left) is not type(right):
        raise Unknown
    if isinstance(left, tuple) and isinstance(right, tuple) and left[0] != right[0]:
        raise Unknown
    if left == right:
        return 0
    match left, right:
        case (str(), str()) | (int(), int()) | (tuple(), tuple()):
            return 1 if left > right else -1  # type: ignore[operator]  # both are of one ordered type
    raise Unknown


def _member(left: Node, right: Node) -> Node:
    def run(device: Device) -> object:
        held = right(device)
        if not isinstance(held, list | set):
            raise Unknown
        return left(device) in held

    return run


def _called(target: Node, method: str, argument: Node | None, reader: _Reader) -> Node:
    if argument is None:
        raise Unknown
    reader.need(")")

    def run(device: Device) -> object:
        mine, other = target(device), argument(device)
        if method in _STRINGS and isinstance(mine, str) and isinstance(other, str):
            return _STRINGS[method](mine, other)
        if method in _ORDERS and isinstance(mine, tuple) and isinstance(other, tuple):
            return _ORDERS[method](_order(mine, other))
        raise Unknown

    return run
