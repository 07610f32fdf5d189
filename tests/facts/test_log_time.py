"""Times of log lines."""

import pytest

from diag.facts.timeline.log_time import log_time
from diag.facts.times import seconds

NEAR = seconds("2026-11-25T10:00:00Z")


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("2026-11-25T10:00:05.250000Z  INFO text_generation_launcher: x", "2026-11-25T10:00:05.25Z"),
        ("2026-11-25 10:00:05.250 1 kserve INFO [x.py:1] y", "2026-11-25T10:00:05.25Z"),
        ("2026-11-25 10:00:05,250 INFO rank 0: ready", "2026-11-25T10:00:05.25Z"),
        ("[2026-11-25 10:00:05 TP0] Load weight begin. avail mem=78.5 GB", "2026-11-25T10:00:05Z"),
        ('time="2026-11-25T12:00:05+02:00" level=info msg="x"', "2026-11-25T10:00:05Z"),
        ("2026-11-25T12:00:05+0200 x", "2026-11-25T10:00:05Z"),
        ("(Worker_TP0 pid=2) INFO 11-25 10:00:05 [a.py:1] x", "2026-11-25T10:00:05Z"),
        ("I1125 10:00:05.250000 1 model_lifecycle.cc:472] loading: m:1", "2026-11-25T10:00:05.25Z"),
        ('{"level":"info","ts":1795600805.25,"msg":"x"}', "2026-11-25T10:00:05.25Z"),
    ],
)
def test_a_line_states_its_time_in_any_of_the_known_formats(line, time):
    assert log_time(line, NEAR) == pytest.approx(seconds(time))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Loading safetensors checkpoint shards:  18% Completed | 3/16 [00:03<00:16, 1.31s/it]",
        "INFO 13-45 99:00:00 x",
    ],
)
def test_a_line_without_a_time_has_none(line):
    assert log_time(line, NEAR) is None


def test_a_missing_year_is_the_one_that_lies_nearest():
    new_year = seconds("2027-01-01T00:00:10Z")

    assert log_time("INFO 12-31 23:59:50 x", new_year) == seconds("2026-12-31T23:59:50Z")
