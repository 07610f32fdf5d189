"""What Kueue's scheduler says of a workload that it cannot admit, as facts.

Sentences of releases 0.9 to 0.19: kubernetes-sigs/kueue pkg/scheduler/flavorassigner/flavorassigner.go and
pkg/cache/scheduler/tas_flavor_snapshot.go.
"""

import re
from dataclasses import dataclass
from enum import IntEnum


class Obstacle(IntEnum):
    """What is in the way, the most hopeful first."""

    WAITS = 1  # quota exists and is in use
    TOPOLOGY = 2  # no domain has room for all pods
    NO_DOMAIN = 3  # no node has the labels of the levels
    EXCEEDS = 4  # more than the quota could ever give
    MISMATCH = 5  # the flavor's taints or labels
    UNCOVERED = 6  # no flavor has quota for the resource
    ABSENT = 7  # there is no flavor of the name


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason for one flavor. What a sentence does not name is empty."""

    obstacle: Obstacle
    text: str
    resource: str = ""
    flavor: str = ""
    more: str = ""  # how much more quota is needed
    asked: str = ""
    most: str = ""
    taint: str = ""  # `key value effect`
    topology: str = ""
    tas: str = ""  # a flavor `does not support` topologies, or `supports only` them
    level: str = ""


_ENVELOPE = re.compile(r"(?:couldn't|failed to) assign flavors to pod set [^\s:]{1,253}: ")
_SLOT = r"for (?P<resource>[^\s,]{1,200}) in flavor (?P<flavor>[^\s,;]{1,253})"
# Of the sum over pod sets or, in 0.10 to 0.14, the request alone, against what nominal quota and borrowing could give.
_MOST = (
    r"(?:, previously considered podsets requests \([^)]{1,40}\) \+ current podset request \((?P<asked>[^)]{1,40})\) > "
    r"maximum capacity \((?P<most>[^)]{1,40})\)"
    r"|, request > maximum capacity \((?P<asked2>[^\s)]{1,40}) > (?P<most2>[^)]{1,40})\)| in ClusterQueue)"
)
_TOPOLOGY = (
    r"topology \"(?P<topology>[^\"]{1,253})\" (?:doesn't allow to fit any of|allows to fit only \d{1,9} out of) "
    r"\d{1,9} (?:pod|slice)\(s\)"
)
_PATTERNS = (
    (Obstacle.WAITS, rf"insufficient unused quota(?: in cohort)? {_SLOT}(?:, (?P<more>[^\s,]{{1,40}}) more needed)?"),
    (Obstacle.WAITS, rf"borrowing limit {_SLOT} exceeded"),
    (Obstacle.EXCEEDS, rf"insufficient quota {_SLOT}{_MOST}"),
    (Obstacle.UNCOVERED, r"resource (?P<resource>[^\s,]{1,200}) unavailable in ClusterQueue"),
    (Obstacle.UNCOVERED, r"flavor (?P<flavor>[^\s,;]{1,253}) does not provide resource (?P<resource>[^\s,;]{1,200})"),
    (
        Obstacle.MISMATCH,
        r"untolerated taint \{(?P<taint>[^}]{1,500}?)(?: <nil>)?\} in flavor (?P<flavor>[^\s,;]{1,253})",
    ),
    (Obstacle.MISMATCH, r"flavor (?P<flavor>[^\s,;]{1,253}) doesn't match node affinity"),
    (
        Obstacle.MISMATCH,
        r"Flavor \"(?P<flavor>[^\"]{1,253})\" (?P<tas>does not support|supports only) TopologyAwareScheduling",
    ),
    (Obstacle.ABSENT, r"flavor (?P<flavor>[^\s,;]{1,253}) not found"),
    (Obstacle.NO_DOMAIN, r"Flavor \"(?P<flavor>[^\"]{1,253})\" does not contain the requested level"),
    (Obstacle.NO_DOMAIN, r"no (?:requested topology level|topology domains at level): (?P<level>[^\s,;]{1,317})"),
    (Obstacle.TOPOLOGY, _TOPOLOGY),
)
_COMPILED = tuple((obstacle, re.compile(pattern)) for obstacle, pattern in _PATTERNS)


def pod_sets(message: str) -> list[list[Reason]]:
    """The reasons of each pod set that a message speaks of, in the order of the sentence; empty ones are left out."""
    return [found for part in _ENVELOPE.split(message[:16_384]) if (found := _reasons(part))]


def _reasons(text: str) -> list[Reason]:
    found = []
    for obstacle, pattern in _COMPILED:
        for hit in pattern.finditer(text):
            words = {name.rstrip("2"): value for name, value in hit.groupdict().items() if value}
            found.append((hit.start(), Reason(obstacle=obstacle, text=hit[0], **words)))
    return [reason for _, reason in sorted(found, key=lambda entry: entry[0])]
