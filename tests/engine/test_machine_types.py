"""Machine types with NVIDIA GPUs, by the names that clouds give them."""

import pytest

from diag.facts.machine_types import NVIDIA_MACHINE


@pytest.mark.parametrize(
    "name",
    [
        *("p3.16xlarge", "p4de.24xlarge", "p5en.48xlarge", "p6-b200.48xlarge", "p6e-gb200.36xlarge"),
        *("g4dn.xlarge", "g5.12xlarge", "g5g.xlarge", "g6e.48xlarge", "gr6.4xlarge"),
        *("a2-ultragpu-8g", "a3-megagpu-8g", "a4x-highgpu-4g", "g2-standard-12"),
        *("Standard_NC24ads_A100_v4", "Standard_NC4as_T4_v3", "Standard_ND96isr_H100_v5", "Standard_NV36ads_A10_v5"),
        *("BM.GPU.H100.8", "BM.GPU4.8", "VM.GPU.A10.2"),
    ],
)
def test_these_have_gpus(name):
    assert NVIDIA_MACHINE.match(name)


@pytest.mark.parametrize(
    "name",
    [
        *("m7i.24xlarge", "g4ad.xlarge", "inf2.24xlarge", "trn1.32xlarge", "t3.large", "c7g.large", "r6g.large"),
        *("n2-standard-8", "a2.large", "g1-small", "ct5lp-hightpu-4t"),
        *("Standard_D8s_v5", "Standard_NV16as_v4", "Standard_ND96isr_MI300X_v5", "Standard_NP10s"),
        *("BM.Standard.E5.192", "BM.GPU.MI300X.8", "metal.a100.8", ""),
    ],
)
def test_these_have_none_that_the_name_tells_of(name):
    assert not NVIDIA_MACHINE.match(name)
