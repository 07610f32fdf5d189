from pathlib import Path

import msgspec
import pytest

from diag.document import Report

_SAMPLE = Path(__file__).parents[1] / "report" / "sample.json"


@pytest.fixture
def report() -> Report:
    """Three causes of one cluster, two of them with symptoms, with gaps, a start and an ignored finding."""
    return msgspec.json.decode(_SAMPLE.read_bytes(), type=Report)


@pytest.fixture
def clean(report: Report) -> Report:
    """The same look at a cluster without a cause and without gaps."""
    return msgspec.structs.replace(
        report, causes=[], findings=[], links=[], evidence=[], gaps=[], timelines=[], ignored=[]
    )
