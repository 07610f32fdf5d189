"""All healthy clusters, and the files that hold them.

`PYTHONPATH=tests:. python -m healthy.build` writes those anew.
"""

import json
from pathlib import Path

from healthy import (
    fleets,
    gpu_stack,
    leftovers,
    operators,
    queues,
    rollouts,
    scaling,
    training,
    upgrades,
)

from diag.testing import listing

HERE = Path(__file__).parent
CLUSTERS = {
    module.__name__.rpartition(".")[2]: module
    for module in (fleets, gpu_stack, leftovers, operators, queues, rollouts, scaling, training, upgrades)
}


def text(name):
    """A cluster as its file holds it."""
    return json.dumps(listing(CLUSTERS[name].cluster()), separators=(",", ":")) + "\n"


if __name__ == "__main__":
    for each in CLUSTERS:
        (HERE / f"{each}.json").write_text(text(each), encoding="utf-8")
