"""What fuzzing found once is read again in every run of the tests: the inputs of `corpus/`, and the seeds."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from seeds import main as write_seeds  # noqa: E402  it lies beside
from target import one_input  # noqa: E402

FOUND = sorted(path for path in (HERE / "corpus").iterdir() if path.name != ".gitkeep")


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name[:12])
def test_an_input_that_was_found_is_a_snapshot_or_a_sentence(path):
    one_input(path.read_bytes())


def test_so_is_every_seed(tmp_path):
    write_seeds(tmp_path)
    seeds = sorted(tmp_path.iterdir())

    assert len(seeds) > 20
    for path in seeds:
        one_input(path.read_bytes())
