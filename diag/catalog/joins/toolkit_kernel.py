"""The kernel that an OpenShift Driver Toolkit image has packages for, as the driver's log says below its warning.

NVIDIA/gpu-driver-container rhel9/ocp_dtk_entrypoint: `- Node kernel:` and `- Kernel package:` follow the words.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from diag.catalog.signature import Found, Look
from diag.snapshot.kinds import Pod

if TYPE_CHECKING:
    from diag.catalog.context import Context
    from diag.catalog.texts import Text

PACKAGE = re.compile(r"^\W*Kernel package:\s*(?P<kernel>[\w.+-]+)")


def _package(ctx: "Context", text: "Text", _: Mapping[str, str]) -> Found:
    pod, container = text.member, text.container.partition(" ")[0]
    for previous, number, line in ctx.logs(pod, container) if isinstance(pod, Pod) else ():
        if found := PACKAGE.search(line):
            proof = ctx.cite_log(text.member, container, number, previous=previous)
            return Found(words={"package": f"; its packages are of {found['kernel']}"}, evidence=(proof,))
    return Found()


TOOLKIT_KERNEL = Look(about="the kernel that the toolkit image has packages for", fills=("package",), find=_package)
