"""What DCGM's exporter says when it cannot watch a GPU's fields: OBS103."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

DCGM_EXPORTER = signatures(
    "DCGM exporter",
    origin="NVIDIA/DCGM dcgmlib/dcgm_errors.c, NVIDIA/dcgm-exporter internal/pkg/collector (2.1 to 4.5)",
    rows=(
        Signature(
            "OBS103",
            "dcgm-profiling-unsupported-gpu",
            on=On.LOG,
            question=Question.STARTED,
            explains=("container-crashing", "container-not-ready"),
            literal="rofiling is not supported",
            # `Not collecting DCP metrics: …` is what an exporter says that goes on without them.
            pattern=r"^(?!.*Not collecting DCP metrics).*?[Pp]rofiling is not supported for this group of GPUs",
            summary="watches profiling fields (DCGM_FI_PROF), which the GPU of its node does not have: Profiling is "
            "not supported for this group of GPUs",
            means="The exporter's list of metrics holds DCGM_FI_PROF fields, and DCGM cannot profile this GPU: one "
            "before Volta, a GeForce, a virtual GPU, or a MIG instance under an old driver. The exporter ends instead "
            "of leaving them out. Workloads on the GPU are well; its metrics are missing.",
            beside=Beside(
                args=r"^(?:-f|--collectors|-m|--configmap-data)",
                variables=r"^DCGM_EXPORTER_(?:COLLECTORS|CONFIGMAP_DATA)$",
                pod=("spec.nodeName",),
                node=(
                    'metadata.labels["nvidia.com/gpu.product"]',
                    'metadata.labels["nvidia.com/gpu.compute.major"]',
                    'metadata.labels["nvidia.com/vgpu.present"]',
                ),
            ),
            remedies=(
                Remedy(
                    text="give the exporter a list of metrics without DCGM_FI_PROF fields (the ConfigMap or file that "
                    "its collectors setting names)",
                    who="platform",
                ),
                Remedy(
                    text="or run a second exporter with such a list on nodes with these GPUs, and keep this one off "
                    "them by a node selector",
                    who="platform",
                ),
            ),
            source="NVIDIA/DCGM dcgmlib/dcgm_errors.c DCGM_ST_PROFILING_NOT_SUPPORTED",
        ),
    ),
)
