"""A pasted piece of a message is found in what the causes say, whatever marks stand at the end of its words there."""

import pytest

from diag.views.pasted import _normal, _stretch  # the two steps of the search


@pytest.mark.parametrize("pasted", ["exceeded quota", "Exceeded quota:", "exceeded  quota"])
def test_marks_and_spaces_do_not_hide_a_message(pasted):
    said = _normal('Error creating: pods "x" is forbidden: exceeded quota: q, used: 8')
    text = f" {' '.join(said)} "

    assert _stretch(_normal(pasted), text) == len("exceeded quota")


def test_a_single_short_run_means_nothing():
    assert _stretch(_normal("the quota is large"), " the pod is lost ") == 0
