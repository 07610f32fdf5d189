from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.facts.times import age_s, go_duration_s, iso, later, parse_span, seconds, show_age

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("written", "since_epoch"),
    [
        ("2026-08-01T12:00:00Z", NOON),
        ("2026-08-01T12:00:00.5Z", NOON + 0.5),
        ("2026-08-01T12:00:00.000001Z", NOON + 0.000001),
        ("2026-08-01T12:00:00.250000000123456Z", NOON + 0.25),
        ("2026-08-01T14:00:00+02:00", NOON),
        ("2026-08-01T06:30:00-05:30", NOON),
        ("2026-08-01 12:00:00Z", NOON),
        ("2026-08-01t12:00:00z", NOON),
        ("2026-08-01T11:59:60Z", NOON),
        ("1970-01-01T00:00:00Z", 0.0),
    ],
)
def test_a_timestamp_is_read_as_seconds(written, since_epoch):
    assert seconds(written) == pytest.approx(since_epoch, abs=1e-6)


@pytest.mark.parametrize(
    "written",
    [
        None,
        1754049600,
        True,
        "",
        "now",
        "2026-08-01",
        "2026-08-01T12:00:00",
        "2026-13-01T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-08-01T25:00:00Z",
        "2026-08-01T12:00:61Z",
        "2026-08-01T12:00:00Z\n",
        "٢٠٢٦-08-01T12:00:00Z",
        "2026-08-01T12:00:00." + "1" * 100 + "Z",
        [],
    ],
)
def test_what_is_no_timestamp_is_unknown(written):
    assert seconds(written) is None


def test_the_zero_time_of_go_means_never():
    assert seconds("0001-01-01T00:00:00Z") is None


def test_an_age_takes_texts_and_seconds():
    assert age_s("2026-08-01T12:00:00Z", "2026-08-01T12:01:00Z") == 60
    assert age_s("2026-08-01T12:00:00Z", NOON + 5) == 5
    assert age_s("2026-08-01T12:00:00Z", NOON - 5) == -5
    assert age_s(None, NOON) is None
    assert age_s("2026-08-01T12:00:00Z", None) is None
    assert age_s(True, NOON) is None


def test_the_later_time_wins_across_spellings():
    earlier, after = "2026-08-01T12:00:00Z", "2026-08-01T14:00:01+02:00"
    assert later(earlier, after) == after
    assert later(after, earlier) == after
    assert later(None, earlier) == earlier
    assert later(earlier, None) == earlier
    assert later("soon", earlier) == earlier
    assert later(earlier, "soon") == earlier
    assert later(None, "soon") is None


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (0, "0s"),
        (45.9, "45s"),
        (119, "119s"),
        (120, "2m"),
        (150, "2m30s"),
        (12 * 60 + 5, "12m"),
        (179 * 60, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 20 * 60, "3h20m"),
        (9 * 3600 + 20 * 60, "9h"),
        (51 * 3600, "2d3h"),
        (48 * 3600, "2d"),
        (100 * 86400, "100d"),
        (800 * 86400, "2y70d"),
        (4000 * 86400, "10y"),
        (-30, "0s"),
        (float("inf"), "31709y"),
    ],
)
def test_an_age_reads_as_in_kubectl(age, text):
    assert show_age(age) == text


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("6m41.22s", 401.22),
        ("913ms", 0.913),
        ("1h2m", 3720),
        ("2µs", 2e-6),
        ("2us", 2e-6),
        ("15ns", 15e-9),
        ("-1.5h", -5400),
        (".5s", 0.5),
        ("0", 0),
        ("0s", 0),
    ],
)
def test_a_go_duration_is_read_as_seconds(written, length):
    assert go_duration_s(written) == pytest.approx(length)


@pytest.mark.parametrize("written", [None, 5, "", "5", "s", "1d", "1h 2m", "1hh", "--1s", "1s" * 100, ".s"])
def test_what_is_no_go_duration_is_unknown(written):
    assert go_duration_s(written) is None


@pytest.mark.parametrize(
    ("written", "length"),
    [("2h", 7200), ("30m", 1800), ("1d", 86400), ("90s", 90), ("1d12h", 129600), ("2w", 1209600), (" 5m ", 300)],
)
def test_a_span_of_a_flag_knows_days(written, length):
    assert parse_span(written) == length


@pytest.mark.parametrize("written", [None, "", "5", "-5m", "yesterday", "5 m", "1y"])
def test_what_is_no_span_is_unknown(written):
    assert parse_span(written) is None


@pytest.mark.parametrize(
    ("since_epoch", "text"),
    [
        (NOON, "2026-08-01T12:00:00Z"),
        (NOON + 0.25, "2026-08-01T12:00:00.25Z"),
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (1e30, "9999-12-31T23:59:59Z"),
        (-1e30, "0001-01-01T00:00:00Z"),
    ],
)
def test_seconds_are_written_in_utc(since_epoch, text):
    assert iso(since_epoch) == text


@given(st.integers(min_value=-50_000_000_000, max_value=250_000_000_000))
def test_a_written_time_is_read_back(since_epoch):
    assert seconds(iso(since_epoch)) == since_epoch


@given(st.text(max_size=80))
def test_no_text_crashes(text):
    for read in (seconds, go_duration_s, parse_span):
        assert read(text) is None or isinstance(read(text), float)
