"""Names of GPU models: when two spellings mean the same hardware.

One card has many names: `NVIDIA-H100-80GB-HBM3` (GPU feature discovery), `nvidia-h100-80gb` (GKE), `h100`
(Karpenter), with a suffix `-SHARED` while it is shared, `-MIG-1g.10gb` while it is sliced. A longer name that
holds all words of the shorter one may mean the same; a different number never does (`L4` is no `L40S`, 40GB no
80GB).
"""

import re

from diag.facts.words import alike, nearest
from diag.vocab.gpu_labels import GENERATION_WORDS, VENDOR_WORDS

WORD = re.compile(r"[a-z0-9.]+")
ALIKE = 0.9  # of two names whose numbers are equal: no more than a slip apart


def words_of_model(name: str) -> frozenset[str]:
    """The words of a model's name that tell it from others, in lower case."""
    return frozenset(WORD.findall(name.casefold())) - VENDOR_WORDS


def same_model(one: str, other: str) -> bool:
    """Whether two names may be spellings of one model."""
    if one.casefold() == other.casefold():
        return True
    mine, theirs = words_of_model(one), words_of_model(other)
    if (mine ^ theirs) & GENERATION_WORDS:
        return False
    numbers = [{word for word in words if any(map(str.isdigit, word))} for words in (mine, theirs)]
    if numbers[0] and numbers[1] and (mine <= theirs or theirs <= mine):
        return True
    return numbers[0] == numbers[1] and alike(one, other) >= ALIKE


def spelling_of(wanted: str, present: list[str]) -> str | None:
    """The present name that means the same model in another spelling, the closest first; None when there is none."""
    same = [name for name in sorted(present) if same_model(wanted, name)]
    return nearest(wanted, same, cutoff=0.0)
