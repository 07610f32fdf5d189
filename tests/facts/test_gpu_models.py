"""When two names of a GPU model mean the same hardware."""

import pytest

from diag.facts.gpu_models import same_model, spelling_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("NVIDIA-L4", "NVIDIA-L4-SHARED"),
        ("NVIDIA-A100-SXM4-80GB", "NVIDIA-A100-SXM4-80GB-MIG-1g.10gb"),
        ("A100-SXM4-40GB", "NVIDIA-A100-SXM4-40GB"),
        ("nvidia-tesla-t4", "Tesla-T4"),
        ("nvidia-h100-80gb", "NVIDIA-H100-80GB-HBM3"),
        ("h100", "NVIDIA-H100-80GB-HBM3"),
        ("NVIDA-H100-80GB-HBM3", "NVIDIA-H100-80GB-HBM3"),
        ("Hopper", "hopper"),
        ("ada-lovlace", "ada-lovelace"),
    ],
)
def test_spellings_of_one_model_are_taken_for_one(one, other):
    assert same_model(one, other)
    assert same_model(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("NVIDIA-A100-SXM4-40GB", "NVIDIA-A100-SXM4-80GB"),
        ("NVIDIA-L4", "NVIDIA-L40S"),
        ("NVIDIA-H100-NVL", "NVIDIA-H100-80GB-HBM3"),
        ("NVIDIA-H100-PCIe", "NVIDIA-H100-NVL"),
        ("NVIDIA-B200", "NVIDIA-H200"),
        ("NVIDIA-B200", "NVIDIA-GB200"),
        ("Quadro-RTX-6000", "NVIDIA-RTX-6000-Ada-Generation"),
        ("blackwell", "hopper"),
    ],
)
def test_different_hardware_is_kept_apart(one, other):
    assert not same_model(one, other)
    assert not same_model(other, one)


def test_the_closest_spelling_is_offered_and_none_where_there_is_none():
    present = ["NVIDIA-L4-SHARED", "NVIDIA-L40S"]

    assert spelling_of("NVIDIA-L4", present) == "NVIDIA-L4-SHARED"
    assert spelling_of("NVIDIA-B200", present) is None
