"""What a file's first bytes say it is: JSON, YAML, or something that holds no objects, in words for the user."""

import codecs
import re
from typing import Literal

from diag.snapshot.sources.budget import NotObjectsError
from diag.snapshot.sources.compressed import is_compressed
from diag.snapshot.sources.documents import KUBECTL_JSON

HEAD_BYTES = 4096
Form = Literal["compressed", "json", "yaml"]

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# What kubectl says on stderr, where a shell sent both streams into the file (klog lines, deprecation warnings).
_CHATTER = re.compile(rb"\A(?:(?:Warning: |[IWEF]\d{4} \d\d:|Error from server|error: )[^\n]*\n|[ \t]*\r?\n)+")
_JSON_START = re.compile(rb'\{\s*(?:["}]|\Z)|\[\s*(?:[{"\]\d-]|\Z|(?:null|true|false)\b)')
_YAML_START = re.compile(
    rb"""\A(?:[ \t]*(?:\#[^\n]*)?\r?\n|%[^\n]*\n)*(?:---(?:\s|\Z)|-\s|["']|\{\s*\w|[^\s:\#{}<>][^\s:]*:(?:\s|\Z))"""
)
_KIND_LINE = re.compile(rb"""(?:^[ \t-]*|[{,][ \t]*)["']?kind["']?[ \t]*:""", re.MULTILINE)

# What people save by mistake, by how it begins. Each sentence ends the one that begins with the path.
_MISTAKES = (
    (rb"<", "is HTML or XML: probably a login page or a proxy's error", KUBECTL_JSON),
    (
        rb"(?:NAMESPACE +)?NAME +[A-Z]|LAST SEEN +TYPE|NAMESPACE +LAST SEEN",
        "is the table that kubectl prints, not the objects",
        KUBECTL_JSON,
    ),
    (rb"Name: ", "is the text of `kubectl describe`, not the objects", KUBECTL_JSON),
    (
        rb"Error from server|error: |Unable to connect|The connection to the server|No resources found",
        "holds what kubectl said instead of objects: ",
        "mend that, then " + KUBECTL_JSON,
    ),
)


def form_of(head: bytes, path: str) -> Form:
    """The form of a file that begins with `head`; raises `NotObjectsError` if it can hold no objects."""
    if is_compressed(head):
        return "compressed"
    text = to_utf8(head, head=True).lstrip()
    text = text[chatter_end(text) :].lstrip()
    if _JSON_START.match(text):
        return "json"
    if b"\0" not in text and _YAML_START.match(text):
        return "yaml"
    raise refusal(head, path)


def holds_kind(text: bytes) -> bool:
    """Whether a YAML text names a kind at all, before the slow parser is asked."""
    return _KIND_LINE.search(text) is not None


def chatter_end(text: bytes) -> int:
    """Where the lines end that kubectl wrote to stderr before the objects."""
    chatter = _CHATTER.match(text)
    return chatter.end() if chatter else 0


def to_utf8(data: bytes, *, head: bool = False) -> bytes:
    """Text as UTF-8 without a mark; PowerShell's redirect writes UTF-16.

    Raises UnicodeError for UTF-16 that is none, unless it is only the `head` of a file that is looked at.
    """
    if data.startswith(_UTF16):
        # Not final: a text that breaks off within a character is read up to there.
        return codecs.getincrementaldecoder("utf-16")("replace" if head else "strict").decode(data).encode()
    return data.removeprefix(codecs.BOM_UTF8)


def refusal(head: bytes, path: str) -> NotObjectsError:
    """Why a file that begins with `head` holds no objects."""
    text = to_utf8(head, head=True).lstrip()
    if not text:
        hint = f"kubectl wrote nothing into it; {KUBECTL_JSON}"
        return NotObjectsError(f"{path} is empty", hint=hint)
    for pattern, sentence, hint in _MISTAKES:
        if re.match(pattern, text):
            said = text.splitlines()[0].decode(errors="replace")[:200] if sentence.endswith(": ") else ""
            return NotObjectsError(f"{path} {sentence}{said}", hint=hint)
    if re.match(rb'"|-?\d[\d.eE+-]*\s*\Z|(?:true|false|null)\s*\Z', text):
        return NotObjectsError(f"{path} holds a single value, no Kubernetes objects", hint=KUBECTL_JSON)
    if b"\0" in text or not _is_text(text):
        return NotObjectsError(f"{path} is binary, neither JSON nor YAML", hint=KUBECTL_JSON)
    return NotObjectsError(f"{path} is neither JSON nor YAML", hint=KUBECTL_JSON)


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return False
    return True
