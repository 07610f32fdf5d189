"""How a container ended, as the runtime and the shell tell it: APP111 to APP118."""

from diag.catalog.beside import Beside
from diag.catalog.signature import On, Signature, signatures
from diag.findings import Question, Remedy

CRASHED = ("container-crashing", "init-container-failing", "pod-failed", "container-not-started")
COMMAND = r"exec: \"(?P<command>[^\"]{1,300})\": (?:stat [^:\n]{1,300}: )?"
NODE = Beside(pod=("spec.nodeName",))

ENDS = signatures(
    "container ends",
    origin="opencontainers/runc libcontainer (1.0 to 1.3), POSIX shells, signal(7)",
    exclusive=True,
    rows=(
        Signature(
            "APP111",
            "container-command-not-found",
            on=On.ENDED,
            also_on=(On.WAITING, On.EVENT),
            question=Question.STARTED,
            explains=CRASHED,
            literal='exec: "',
            pattern=COMMAND + r"(?:executable file not found|no such file or directory)",
            summary="its command {command} is not in the image",
            remedies=(
                Remedy(
                    text="correct command or args in the pod template, or build the image with {command} in its PATH"
                ),
            ),
            means="The runtime finds no file of the command's name in the image.",
        ),
        Signature(
            "APP118",
            "container-command-not-found",
            on=On.ENDED,
            also_on=(On.WAITING, On.EVENT),
            question=Question.STARTED,
            explains=CRASHED,
            literal="executable file `",
            pattern=r"executable file `(?P<command>[^`\n]{1,300})` not found",
            summary="its command {command} is not in the image",
            source="containers/crun src/libcrun/container.c",
            remedies=(
                Remedy(
                    text="correct command or args in the pod template, or build the image with {command} in its PATH"
                ),
            ),
            means="The runtime finds no file of the command's name in the image; CRI-O runs containers by crun, which"
            " says it in other words than runc.",
        ),
        Signature(
            "APP112",
            "container-command-not-executable",
            on=On.ENDED,
            also_on=(On.WAITING, On.EVENT),
            question=Question.STARTED,
            explains=CRASHED,
            literal='exec: "',
            pattern=COMMAND + r"permission denied",
            summary="its command {command} may not be executed (permission denied)",
            remedies=(
                Remedy(text="give {command} the executable bit in the image, or name the program that runs it"),
                Remedy(text="mount the volume without noexec", when="the command lies on a volume"),
            ),
            means="The file is there, and is not executable for the container's user.",
        ),
        Signature(
            "APP113",
            "container-command-not-executable",
            on=On.ENDED,
            also_on=(On.WAITING, On.LOG),
            question=Question.STARTED,
            explains=CRASHED,
            literal="exec format error",
            pattern=r"exec format error",
            summary="its command has a format that the node cannot run (exec format error)",
            remedies=(
                Remedy(text="build the image for the node's architecture"),
                Remedy(text="begin the script with #! and its interpreter", when="the command is a script"),
            ),
            beside=NODE,
            means="The kernel cannot run the file: built for another architecture, or a script without its first line.",
        ),
        Signature(
            "APP114",
            "container-command-not-executable",
            on=On.ENDED,
            question=Question.STARTED,
            explains=CRASHED,
            literal="exitCode=126 ",
            pattern=r"exitCode=126 ",
            summary="its command was found but cannot be executed (exit code 126)",
            remedies=(Remedy(text="give the file the executable bit, or name the program that runs it"),),
            means="The shell found the command, and could not execute it.",
        ),
        Signature(
            "APP115",
            "container-segfault",
            on=On.ENDED,
            question=Question.STARTED,
            explains=CRASHED,
            literal="exitCode=139 ",
            pattern=r"exitCode=139 ",
            summary="its process crashed with a segmentation fault (exit code 139, signal 11)",
            remedies=(
                Remedy(text="run with PYTHONFAULTHANDLER=1, and look for the native library in the log's last lines"),
                Remedy(text="compare driver, CUDA and library versions of the image with a run that works"),
                Remedy(
                    text="look for memory and Xid errors of the node", who="platform", when="only one node shows it"
                ),
            ),
            beside=NODE,
            means="The process touched memory that is not its own: mostly a fault of native code, at times of "
            "hardware.",
        ),
        Signature(
            "APP116",
            "container-command-not-found",
            on=On.LOG,
            question=Question.STARTED,
            explains=("container-crashing", "init-container-failing", "pod-failed"),
            literal="not found",
            pattern=r"^(?:/?[\w/.-]{0,100}sh: )?(?:line )?(?:\d{1,6}: )?"
            r"(?P<command>[^\s:]{1,200}): (?:command )?not found$",
            summary="its shell finds no command {command} in the image",
            remedies=(Remedy(text="correct the command in the pod template, or add {command} to the image"),),
            means="A shell of the container finds no command of that name in the image.",
        ),
        Signature(
            "APP117",
            "container-oomkilled",
            on=On.ENDED,
            question=Question.STARTED,
            explains=("custom-resource-not-ready",),
            root="member",
            literal="reason=OOMKilled ",
            pattern=r"exitCode=137 reason=OOMKilled ",
            summary="a container of it exceeded its memory limit and was killed (OOMKilled)",
            remedies=(
                Remedy(text="raise resources.limits.memory of that container, or lower what it holds in memory"),
            ),
            means="The resource repeats of a container whose pod may be gone that the kernel killed it for memory.",
            source="argoproj/argo-workflows workflow/controller/operator.go",
        ),
    ),
)
