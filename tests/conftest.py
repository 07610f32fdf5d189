import gc
import os

import pytest
from forked import PROGRAM, Stem
from hypothesis import HealthCheck, settings

# A busy machine must not fail a test: none judges by how long it took.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def stems():
    """Two processes that have loaded `diag`, each with a seed of hashes of its own; runs of it are forked from them."""
    pair = Stem(PROGRAM), Stem(PROGRAM)
    yield pair
    for stem in pair:
        stem.close()


@pytest.fixture(scope="session", autouse=True)
def seldom_collected():
    """Looks, diagnoses and screens leave many objects: as Python is set, its collector walks those of all fixtures each
    time, which takes a third of the time of some tests."""
    usual = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    yield
    gc.set_threshold(*usual)


@pytest.fixture(autouse=True)
def tracing_as_it_was():
    """Asking through LangChain switches its tracing off for the whole process: the next test finds it as it was."""
    names = [name for kind in ("LANGSMITH", "LANGCHAIN") for name in (f"{kind}_TRACING", f"{kind}_TRACING_V2")]
    was = {name: os.environ.get(name) for name in names}
    yield
    for name, value in was.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
