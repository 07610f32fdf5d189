"""Briefs of real dumps, and the sentences that people wrote about them."""

import pytest

from diag.api import scan
from diag.llm.brief import brief
from diag.llm.form import Sentence
from diag.llm.spending import Spending
from diag.llm.tell import Choice
from diag.redact.names import named_in
from diag.redact.pseudonyms import Pseudonyms
from diag.redact.redact import Redactor


@pytest.fixture(scope="session")
def blocked_upgrade(request):
    """A budget that blocks the drain of a node, so that its upgrade fails and a Job waits."""
    path = request.config.rootpath / "tests/real/scenarios/upgrade-failed-pdb-cordon/objects.json.gz"
    report = scan([path])
    return brief(report, report.causes[0], tokens=1500)


@pytest.fixture
def say():
    """Makes a sentence: its text, the ids that it cites (F, R), and its link."""

    def made(text, cited="", because=None):
        ids = cited.split()
        return Sentence(
            text=text, facts=tuple(one for one in ids if one[0] == "F"), because=because,
            steps=tuple(one for one in ids if one[0] == "R"),
        )  # fmt: skip

    return made


@pytest.fixture(scope="session")
def upgrade_report(request):
    """The report of that cluster."""
    return scan([request.config.rootpath / "tests/real/scenarios/upgrade-failed-pdb-cordon/objects.json.gz"])


@pytest.fixture
def choice(upgrade_report):
    """How a model is asked about it, within bounds that no test reaches."""
    redactor = Redactor(Pseudonyms(b"k" * 32), named_in(upgrade_report))
    return Choice(redactor=redactor, spending=Spending(most_calls=20, most_tokens=100_000))
