from diag.facts.timeline.model import Moment
from diag.facts.timeline.spans import Milestone, sums


def phases(*begins, ended):
    milestones = [Milestone(Moment.at(when), (name,)) for when, name in begins]
    return [(one.name, one.min_s) for one in sums(milestones, 0.0, ended)]


def test_an_image_that_is_pulled_after_the_init_containers_stands_after_them():
    assert phases((0, "sandbox"), (3, "init"), (1903, "pull"), (2443, "start"), ended=2500.0) == [
        ("sandbox", 3.0),
        ("init", 1900.0),
        ("pull", 540.0),
        ("start", 57.0),
    ]


def test_a_second_attempt_does_not_turn_the_order_of_the_phases_round():
    begins = ((0, "load"), (20, "compile"), (70, "load"), (95, "compile"))
    assert phases(*begins, ended=125.0) == [("load", 45.0), ("compile", 80.0)]
