import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.facts.quantity import amount, milli, show

GI = 1024**3


@pytest.mark.parametrize(
    ("written", "thousandths"),
    [
        ("4", 4000),
        ("500m", 500),
        ("0.5", 500),
        (".5", 500),
        ("5.", 5000),
        ("1.5Gi", 1536 * 1024**2 * 1000),
        ("8Ki", 8192 * 1000),
        ("1Ei", 1024**6 * 1000),
        ("1E", 10**18 * 1000),
        ("1k", 10**6),
        ("1M", 10**9),
        ("1T", 10**15),
        ("1P", 10**18),
        ("1e3", 10**6),
        ("1E3", 10**6),
        ("12e-1", 1200),
        ("-2", -2000),
        ("+2", 2000),
        ("0", 0),
        (8, 8000),
        (0.5, 500),
        (1e16, 10**19),
    ],
)
def test_a_quantity_is_read_in_thousandths(written, thousandths):
    assert milli(written) == thousandths


@pytest.mark.parametrize(("written", "thousandths"), [("1n", 1), ("1u", 1), ("1500u", 2), ("0.0001", 1), ("-1n", -1)])
def test_what_lies_below_a_thousandth_is_rounded_away_from_zero(written, thousandths):
    assert milli(written) == thousandths


@pytest.mark.parametrize(("written", "whole"), [("500m", 1), ("1001m", 2), ("2", 2), ("1Ki", 1024), ("-500m", -1)])
def test_whole_units_are_rounded_up(written, whole):
    assert amount(written) == whole


@pytest.mark.parametrize(
    "written",
    [
        None,
        True,
        False,
        [],
        {},
        "",
        ".",
        "-",
        "4 Gi",
        " 4",
        "4\n",
        "4gi",
        "4K",
        "1e",
        "1e+",
        "1.2.3",
        "0x10",
        "٤",
        float("nan"),
        float("inf"),
        "9" * 65,
        b"4",
    ],
)
def test_nonsense_is_no_quantity(written):
    assert milli(written) is None
    assert amount(written) is None


@pytest.mark.parametrize(
    ("written", "thousandths"),
    [
        ("1e999999999", (2**63 - 1) * 1000),
        ("-1e999999999", -(2**63 - 1) * 1000),
        ("1e-999999999", 1),
        ("0e999999999", 0),
        (10**30, (2**63 - 1) * 1000),
        ("9223372036854775807", (2**63 - 1) * 1000),
    ],
)
def test_a_huge_exponent_is_capped_at_once(written, thousandths):
    # Computed as written, the first would need a gigabyte of digits.
    assert milli(written) == thousandths


@pytest.mark.parametrize(
    ("thousandths", "resource", "text"),
    [
        (4000, "cpu", "4"),
        (500, "cpu", "500m"),
        (1500, "requests.cpu", "1500m"),
        (-500, "cpu", "-500m"),
        (8000, "nvidia.com/gpu", "8"),
        (64 * GI * 1000, "memory", "64Gi"),
        (64 * GI * 1000, "requests.memory", "64Gi"),
        (GI * 3 // 2 * 1000, "memory", "1.5Gi"),
        (1500 * 1024**2 * 1000, "memory", "1500Mi"),
        (32615808 * 1024 * 1000, "memory", "31.1Gi"),
        (512 * 1024**2 * 1000, "limits.memory", "512Mi"),
        (2 * 1024**4 * 1000, "ephemeral-storage", "2Ti"),
        (4096 * 1000, "hugepages-2Mi", "4Ki"),
        (10 * GI * 1000, "fast.storageclass.storage.k8s.io/requests.storage", "10Gi"),
        (1000, "memory", "1"),
        (0, "memory", "0"),
        (-GI * 1000, "memory", "-1Gi"),
    ],
)
def test_an_amount_is_shown_as_a_person_writes_it(thousandths, resource, text):
    assert show(thousandths, resource) == text


@given(st.text(max_size=80) | st.floats() | st.integers() | st.none() | st.binary())
def test_no_input_crashes(value):
    assert milli(value) is None or isinstance(milli(value), int)


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_thousandths_survive_being_written(thousandths):
    assert milli(f"{thousandths}m") == thousandths
