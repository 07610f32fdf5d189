"""nvidia-bug-report.sh: a long text of sections, of which `dmesg` and `nvidia-smi --query` tell of GPUs.

Origin: the script of the driver packages. Its greps through older logs and boots are left aside: they tell of the past.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from diag.snapshot.sources.part import Reading
from diag.snapshot.sources.side import texts

PROLOGUE = "Start of NVIDIA bug report log file"
_RULE = re.compile(rb"_{20,}\s*")
_TITLE = re.compile(rb"(?:/\S*/)?dmesg:?\s*|\S*nvidia-smi --query\s*|Start of NVIDIA bug report log file.*")
_KERNEL = re.compile(rb"(?:/\S*/)?dmesg:?\s*")
_UNAME = re.compile(r"(?m)^uname: Linux (\S+) ")
# Where the GPU Operator's must-gather runs the script: the host that it names is a pod.
_POD = re.compile(r"nvidia-(?:driver|vgpu)-")
_MOST_LINE = 64 * 1024
_RULE_LINE = re.compile(r"(?m)^_{20,}[ \t\r]*$")
_SECOND_LINE = re.compile(r"_+[ \t\r]*\n\s*([^\n]{1,300})")


class Telling:
    """Lets a report pass with only the sections that tell something; each other line is empty, so that numbers stay.

    At most `most` bytes of them are kept; `cut` says that there were more.
    """

    def __init__(self, most: int) -> None:
        self.cut = False
        self._left = most
        self._titled = self._wanted = False

    def of(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """What is kept of a text."""
        for block in blocks(pieces):
            if self._titled and b"____" not in block:
                yield self._kept(block)
            else:
                yield b"".join(map(self._line, block.splitlines(keepends=True)))

    def _line(self, line: bytes) -> bytes:
        if _RULE.fullmatch(line):
            self._titled = self._wanted = False
            return line
        if not self._titled and line.strip():
            self._titled, self._wanted = True, _TITLE.match(line) is not None
        return self._kept(line)

    def _kept(self, text: bytes) -> bytes:
        """What is kept of lines within one section."""
        if self._wanted and self._left >= len(text):
            self._left -= len(text)
            return text
        self.cut = self.cut or self._wanted
        return b"\n" * text.count(b"\n")


def bug_report(text: str, path: str) -> Iterator[Reading]:
    """What the kernel and nvidia-smi said in it; of the node that the path names, else of the host that it names."""
    host = _UNAME.search(text[:4096])
    node = host[1] if host and not _POD.match(host[1]) and "nvidia-bug-report_" not in path else ""
    for before, title, body in _sections(text):
        read = texts.kernel_log if _KERNEL.match(title.encode()) else texts.nvidia_smi
        for one in read(body, path):
            yield replace(one, node=one.node or node, line=one.line + before)


def _sections(text: str) -> Iterator[tuple[int, str, str]]:
    """The telling sections: how many lines stand before each, its title, and its text."""
    number, ends = 0, 0
    rules = [found.start() for found in _RULE_LINE.finditer(text)]
    for start, stop in pairwise([*rules, len(text)]):
        number, ends = number + text.count("\n", ends, start), start
        title = _SECOND_LINE.match(text, start, stop)
        if title and _TITLE.match(title[1].encode()) and PROLOGUE not in title[1]:
            yield number, title[1], text[start:stop].rstrip("\n")


def blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, many at once; a line that never ends comes in parts."""
    left = b""
    for piece in pieces:
        end = piece.rfind(b"\n") + 1
        if end:
            yield left + piece[:end]
            left = piece[end:]
        else:
            left += piece
        if len(left) > _MOST_LINE:
            yield left
            left = b""
    if left:
        yield left
