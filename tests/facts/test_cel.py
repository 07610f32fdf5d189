"""Device selectors: what is understood is decided, all else is unknown."""

import pytest

from diag.facts.cel import Device, parse, version

H100 = Device(
    driver="gpu.nvidia.com",
    attributes={
        ("gpu.nvidia.com", "type"): "gpu",
        ("gpu.nvidia.com", "productName"): "NVIDIA H100 80GB HBM3",
        ("gpu.nvidia.com", "driverVersion"): version("580.95.5"),
        ("gpu.nvidia.com", "index"): 3,
        ("gpu.nvidia.com", "healthy"): True,
    },
    capacity={("gpu.nvidia.com", "memory"): "81559Mi"},
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("device.driver == 'gpu.nvidia.com'", True),
        ('device.driver == "other"', False),
        ("device.driver == 'gpu.nvidia.com' && device.attributes['gpu.nvidia.com'].type == 'gpu'", True),
        (
            "device.attributes['gpu.nvidia.com']['type'] == 'mig' || device.attributes['gpu.nvidia.com'].index >= 3",
            True,
        ),
        ("device.capacity['gpu.nvidia.com'].memory.compareTo(quantity('120Gi')) >= 0", False),
        ("device.capacity['gpu.nvidia.com'].memory.isGreaterThan(quantity('40Gi'))", True),
        ("device.attributes['gpu.nvidia.com'].driverVersion.compareTo(semver('580.100.0')) < 0", True),
        ("device.attributes['gpu.nvidia.com'].productName in ['NVIDIA A100', 'NVIDIA H100 80GB HBM3']", True),
        ("device.attributes['gpu.nvidia.com'].productName.startsWith('NVIDIA-')", False),
        ("'type' in device.attributes['gpu.nvidia.com']", True),
        ("!device.attributes['gpu.nvidia.com'].healthy", False),
        ("!(device.driver == 'a' || device.driver == 'b')", True),
        ("device.attributes['gpu.nvidia.com'].missing == 'x'", False),
        ("device.attributes['gpu.nvidia.com'].productName.matches('^NVIDIA (A|H)100 .*HBM[23]$')", True),
        ("device.attributes['gpu.nvidia.com'].productName.matches('A100')", False),
        ("has(device.attributes['gpu.nvidia.com'].index)", True),
        ("has(device.attributes['gpu.nvidia.com'].missing) && device.driver == 'x'", False),
        ("!has(device.attributes['other.example.com'].type)", True),
        ("device.attributes['gpu.nvidia.com'].?missing.orValue('none') == 'none'", True),
        ("device.attributes['gpu.nvidia.com'].?type.orValue('none') == 'gpu'", True),
        ("device.allowMultipleAllocations == false", True),
        ("device.attributes['gpu.nvidia.com'].missing == 'x' || device.driver == 'gpu.nvidia.com'", True),
    ],
)
def test_what_is_understood_is_decided(expression, expected):
    assert parse(expression).matches(H100) is expected


@pytest.mark.parametrize(
    "expression",
    [
        "device.attributes['gpu.nvidia.com'].productName.matches('(NVIDIA )+')",
        "device.attributes['gpu.nvidia.com'].productName.matches('.*.*.*.*x')",
        "device.attributes['gpu.nvidia.com'].productName.matches('(?i)nvidia')",
        "device.attributes['gpu.nvidia.com'].productName.matches('[9-0]')",
        "device.attributes['gpu.nvidia.com'].?type.hasValue()",
        "has(device.driver)",
        "cel.bind(x, device.attributes['gpu.nvidia.com'], x.type == 'gpu')",
        "device.attributes['gpu.nvidia.com'].index + 1 == 4",
        "device.attributes['gpu.nvidia.com'].index == '3'",
        "device.driver == 'gpu.nvidia.com' && foo()",
        "device.driver ==",
        "'unclosed",
        "(" * 500 + "true" + ")" * 500,
        "x" * 20_000,
        "",
    ],
)
def test_what_is_not_understood_is_unknown(expression):
    assert parse(expression).matches(H100) is None


def test_a_false_part_decides_whatever_the_unknown_part_says():
    assert parse("device.driver == 'other' && foo()").matches(H100) is None
    assert (
        parse("device.driver == 'other' && device.attributes['gpu.nvidia.com'].type.matches('(x)*')").matches(H100)
        is False
    )


def test_the_names_that_an_expression_looks_at_are_listed_once():
    found = parse(
        "device.attributes['d'].a == 'x' && device.attributes['d'].a != 'y' && device.capacity['d'].m.foo(1)"
    ).names

    assert found == (("attributes", "d", "a"), ("capacity", "d", "m"))
