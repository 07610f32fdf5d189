"""TRN401 to TRN404: why the members of a distributed job do not find or accept each other, in their own words."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

MEMBERS = ("container-crashing", "pod-failed", "container-not-ready", "init-container-failing")

COLLECTIVES = signatures(
    "NCCL, OpenSSH and Ray between the members of a job",
    origin="NVIDIA/nccl src/bootstrap.cc, src/transport/net_socket.cc; openssh/openssh-portable; ray-project/ray",
    rows=(
        Signature(
            "TRN401",
            "nccl-interface-misconfigured",
            on=On.LOG,
            also_on=(On.ENDED,),
            question=Question.STARTED,
            explains=MEMBERS,
            literal="interface found",
            pattern=r"(?P<words>Bootstrap : no (?:socket|usable) interface found|NET/Socket : [Nn]o (?:usable )?"
            r"(?:listening )?interface found)",
            beside=Beside(variables=r"^NCCL_SOCKET_IFNAME$"),
            summary="NCCL finds no network interface of the name that it was given: {words}",
            means="NCCL_SOCKET_IFNAME names an interface that the pod does not have.",
            remedies=(
                Remedy(text="leave NCCL_SOCKET_IFNAME out, or name an interface that every pod has (often eth0)"),
            ),
        ),
        Signature(
            "TRN402",
            "mpi-ssh-auth-refused",
            on=On.LOG,
            also_on=(On.ENDED,),
            question=Question.STARTED,
            explains=MEMBERS,
            literal="ion ",
            pattern=r"(?P<words>Permission denied \(publickey[^)\n]{0,60}\)"
            r"|Authentication refused: bad ownership or modes for \w{1,20}(?: \S{1,200})?)",
            summary="a member's sshd refuses the launcher's key: {words}",
            means="The key is not the one that the worker trusts, or its file belongs to another user or is too open.",
            remedies=(
                Remedy(text="look at the owner and mode of the key's folder in launcher and worker (sshAuthMountPath)"),
                Remedy(text="run the image as the user whose keys are mounted"),
            ),
            source="openssh/openssh-portable auth.c, sshconnect2.c",
        ),
        Signature(
            "TRN403",
            "ray-version-mismatch",
            on=On.LOG,
            also_on=(On.ENDED, On.MESSAGE),
            question=Question.STARTED,
            explains=(*MEMBERS, "custom-resource-not-ready"),
            literal=" cl",
            pattern=r"(?P<words>Version mismatch: The cluster was started with:?"
            r"|Python minor versions differ between client and server:[^\n]{0,120}"
            r"|Client Ray installation incompatible with server:[^\n]{0,120})",
            summary="client and cluster run different versions of Ray or Python: {words}",
            means="Ray refuses to join a process whose version of Ray, or whose minor version of Python, is another.",
            remedies=(
                Remedy(text="give the submitter and all Ray pods the same image, or set spec.rayVersion to that image"),
            ),
            source="ray-project/ray python/ray/_private/utils.py, python/ray/util/client/__init__.py",
        ),
        Signature(
            "TRN404",
            "rdma-memory-lock-limit",
            on=On.LOG,
            also_on=(On.ENDED,),
            question=Question.STARTED,
            explains=MEMBERS,
            literal="ibv_reg_mr",
            pattern=r"(?P<words>ibv_reg_mr\w{0,20}(?:\([^)\n]{0,200}\))? failed[^\n]{0,60}Cannot allocate memory)",
            summary="RDMA may not lock the memory that it registers: {words}",
            means="Registered memory must not be swapped, and the container's limit of locked memory is too low.",
            remedies=(
                Remedy(text="add the capability IPC_LOCK to securityContext.capabilities of the container"),
                Remedy(text="or raise LimitMEMLOCK of the container runtime's service on the nodes", who="platform"),
            ),
            source="NVIDIA/nccl src/misc/ibvwrap.cc, openucx/ucx src/uct/ib/base/ib_md.c",
        ),
    ),
)  # fmt: skip
