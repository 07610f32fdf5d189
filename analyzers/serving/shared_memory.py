"""SRV209, SRV251: what programs say when /dev/shm is too small for them."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
LARGER = Remedy(text="mount an emptyDir with medium Memory and a sizeLimit of some GiB at /dev/shm")
# What stands for the trouble of the ranks behind it.
WRAPPERS = ("engine-ready-timeout",)

SHARED_MEMORY = signatures(
    "shared memory",
    origin="NVIDIA/nccl src/misc/shmutils.cc; pytorch/pytorch aten/src/ATen/MapAllocator.cpp, "
    "torch/utils/data/_utils/signal_handling.py, torch/csrc/DataLoader.cpp; postgres/postgres src/backend/storage/ipc",
    exclusive=True,
    hangs=True,
    rows=(
        Signature(
            "SRV209",
            "dev-shm-too-small",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="No space left on device",
            pattern=r"(?P<what>/dev/shm/[\w.-]{1,100}|posix_fallocate failed|unable to [^\n<]{1,60}</?torch_\w{1,60}>"
            r"|could not resize shared memory segment \"[^\"\n]{1,80}\")[^\n]{0,200}No space left on device",
            summary="the shared memory of its processes does not fit into /dev/shm ({what}: No space left on device)",
            remedies=(LARGER,),
            beside=Beside(args=r"parallel-size|^-tp$|num-shard|workers", gpus=True),
            refines=WRAPPERS,
            means="The runtime's default /dev/shm of 64 MB does not hold the shared memory of several processes.",
        ),
        Signature(
            "SRV251",
            "dev-shm-too-small",
            on=On.LOG,
            question=Question.STARTED,
            explains=CRASHED,
            literal="shared memory",
            # NCCL that tells the error's name, too, is the row above or another fault.
            pattern=r"(?P<what>creating shared memory segment /dev/shm/[\w.-]{1,100}(?= \(size \d{1,15}\)(?!, error))"
            r"|[Bb]us error[^\n]{0,80}(?:are out of|insufficient) shared memory)",
            summary="the shared memory of its processes does not fit into /dev/shm: {what}",
            remedies=(LARGER, Remedy(text="or let the data loader use fewer worker processes", when="it is the one")),
            beside=Beside(args=r"parallel-size|^-tp$|num-shard|workers", gpus=True),
            refines=WRAPPERS,
            means="The runtime's default /dev/shm of 64 MB does not hold the shared memory of several processes.",
        ),
    ),
)
