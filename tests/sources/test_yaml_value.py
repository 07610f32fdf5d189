"""YAML inside an object, such as the text of a ConfigMap, is read with the same guards as a file."""

import pytest

from diag.snapshot.sources.yaml_text import yaml_value

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [" + ", ".join([f"*{old}"] * 9) + "]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_a_text_becomes_plain_values():
    assert yaml_value("partitions:\n- name: default\n  limits: {gpu: 8, on: yes}\n") == {
        "partitions": [{"name": "default", "limits": {"gpu": 8, "on": "yes"}}]
    }


@pytest.mark.parametrize("text", ["a: [", BOMB, "x: " + "[" * 500, "", "\x00", "a: *nowhere"])
def test_what_cannot_be_read_is_nothing(text):
    assert yaml_value(text) is None
