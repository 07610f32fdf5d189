"""Which machine types of clouds have NVIDIA GPUs, for nodes that no label and no resource tells of."""

import re

from diag.snapshot.kinds import Node

# Families as the clouds' documentation lists them. Left out are those with AMD's GPUs: g4ad of AWS, NV…as_v4 and MI300X
# of Azure, and MI300X of Oracle.
NVIDIA_MACHINE = re.compile(
    r"^(?:"
    r"p[2-6][a-z]*(?:-g?b\d00)?\.|gr?\d(?!ad)[a-z]*\."  # AWS
    r"|(?:a[234]x?|g[24])-"  # Google
    r"|Standard_N[CDV](?!\w*MI\d)(?!\d+as_v4$)"  # Azure
    r"|(?:BM|VM)\.GPU(?!\d*\.MI)"  # Oracle
    r")"
)
TYPE_LABELS = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")


def gpu_machine_label(node: Node) -> str | None:
    """The label by which the node is of a machine type with NVIDIA GPUs."""
    return next((label for label in TYPE_LABELS if NVIDIA_MACHINE.match(node.labels.get(label, ""))), None)
