"""Schedules of CronJobs."""

import pytest

from diag.facts.cron import unreadable


@pytest.mark.parametrize(
    "schedule",
    [
        "* * * * *",
        "*/5 0-23/2 1,15 JAN-dec sun",
        "0 3 ? * 6",
        "@hourly",
        "@every 1h30m",
        "TZ=UTC 0 0 * * *",
        "5/15 * * * *",
    ],
)
def test_what_the_controller_reads_is_readable(schedule):
    assert unreadable(schedule) == ""


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ("* * * *", "4 fields"),
        ("0 * * * * *", "6 fields"),
        ("", "0 fields"),
        ("60 * * * *", "60 is no minute"),
        ("* 24 * * *", "24 is no hour"),
        ("* * 0 * *", "0 is no day of month"),
        ("* * * 13 *", "13 is no month"),
        ("* * * * 7", "7 is no day of week"),
        ("* * * * mon-sun", "mon-sun is no day of week"),
        ("1-2-3 * * * *", "1-2-3 is no minute"),
        ("*/0 * * * *", "*/0 is no minute"),
        ("*/x * * * *", "*/x is no minute"),
        ("1, * * * *", "1, is no minute"),
        ("99999999999999999999 * * * *", "is no minute"),
        ("@fortnightly", "@fortnightly is no known descriptor"),
    ],
)
def test_what_the_controller_refuses_is_told_with_the_part_at_fault(schedule, why):
    assert why in unreadable(schedule)
