import pytest
from forked import PROGRAM, Stem


@pytest.fixture(scope="session")
def stems():
    """Two processes that have loaded `diag`, each with a seed of hashes of its own; runs of it are forked from them."""
    pair = Stem(PROGRAM), Stem(PROGRAM)
    yield pair
    for stem in pair:
        stem.close()
