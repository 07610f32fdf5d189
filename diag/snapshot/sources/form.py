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
# Two characters of ASCII as UTF-16 has them (RFC 8259, 8.1 knows JSON by its first zeros): no other text begins so.
_UTF16_UNMARKED = (
    (re.compile(rb"[\t\n\r -~]\0[\t\n\r -~]\0"), "le"),
    (re.compile(rb"\0[\t\n\r -~]\0[\t\n\r -~]"), "be"),
)
_UTF32 = re.compile(rb"\xff\xfe\0\0|\0\0\xfe\xff|(?:[\t\n\r -~]\0\0\0){2}|(?:\0\0\0[\t\n\r -~]){2}")
# Compressions and archives that nobody reads here, by their magic bytes, and what opens them.
_TAR, _ZIP = b"ustar", b"PK\x03\x04"  # POSIX.1-2024, pax: ustar Header Block; PKWARE APPNOTE 4.3.7
_PACKED = (
    (b"BZh", "bzip2", "bzip2 -d"),
    (b"\xfd7zXZ\0", "xz", "xz -d"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x"),
    (b"Rar!\x1a\x07", "RAR", "unrar x"),
    (b"\x04\x22\x4d\x18", "lz4", "lz4 -d"),
)
# What kubectl says on stderr, where a shell sent both streams into the file (klog lines, deprecation warnings).
_CHATTER = re.compile(rb"\A(?:(?:Warning: |[IWEF]\d{4} \d\d:|Error from server|error: )[^\n]*\n|[ \t]*\r?\n)+")
_JSON_START = re.compile(rb'\{\s*(?:["}]|\Z)|\[\s*(?:\[\s*)*(?:[{"\]\d-]|\Z|(?:null|true|false)\b)')
_YAML_START = re.compile(
    rb"""\A(?:[ \t]*(?:\#[^\n]*)?\r?\n|%[^\n]*\n)*"""
    rb"""(?:---(?:\s|\Z)|!!?\w|-\s|["']|\{\s*\w|[^\s:\#{}<>][^\s:]*:(?:\s|\Z))"""
)
# What stands at the beginning of nearly every file that holds an object, or before the first words of a list of logs (a
# metric has labels `pod` and `container`, too).
OBJECTS = re.compile(rb'"?(?:kind|apiVersion|metadata|items)"?[ \t]*:|"text"[ \t]*:')
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
    """Text as UTF-8 without a mark; PowerShell's redirect writes UTF-16, and what cuts or joins files loses its mark.

    Half a pair of surrogates becomes bytes that are no UTF-8: they cost the object that they stand in. With `head` it
    is the beginning of a file.
    """
    encoding = "utf-16" if data.startswith(_UTF16) else _unmarked(data)
    if not encoding:
        return data.removeprefix(codecs.BOM_UTF8)
    # Not final: a text that breaks off within a character is read up to there.
    text = codecs.getincrementaldecoder(encoding)("replace" if head else "surrogatepass").decode(data)
    return text.encode(errors="surrogatepass")


def _unmarked(data: bytes) -> str:
    return next((f"utf-16-{order}" for pattern, order in _UTF16_UNMARKED if pattern.match(data)), "")


def refusal(head: bytes, path: str) -> NotObjectsError:
    """Why a file that begins with `head` holds no objects."""
    text = to_utf8(head, head=True).lstrip()
    if not text:
        hint = f"kubectl writes nothing if one of the kinds is unknown to it: leave that kind out; {KUBECTL_JSON}"
        return NotObjectsError(f"{path} is empty", hint=hint)
    if (known := _packed(head, path) or _written_otherwise(head, text, path)) is not None:
        return known
    for pattern, sentence, hint in _MISTAKES:
        if re.match(pattern, text):
            said = text.splitlines()[0].decode(errors="replace")[:200] if sentence.endswith(": ") else ""
            return NotObjectsError(f"{path} {sentence}{said}", hint=hint)
    if re.match(rb'"|-?\d[\d.eE+-]*\s*\Z|(?:true|false|null)\s*\Z', text):
        return NotObjectsError(f"{path} holds a single value, no Kubernetes objects", hint=KUBECTL_JSON)
    if b"\0" in text or not _is_text(text):
        zeros = not head.strip(b"\0")
        what = (
            "holds nothing but zeros, as a tar archive without files" if zeros else "is binary, neither JSON nor YAML"
        )
        return NotObjectsError(f"{path} {what}", hint="pack or copy it again" if zeros else KUBECTL_JSON)
    return NotObjectsError(f"{path} is neither JSON nor YAML", hint=KUBECTL_JSON)


def _packed(head: bytes, path: str) -> NotObjectsError | None:
    for magic, what, opens in _PACKED:
        if head.startswith(magic):
            return NotObjectsError(f"{path} is packed with {what}, which is not read", hint=f"expand it first: {opens}")
    if head[257:262] == _TAR or head.startswith(_ZIP):  # one that is packed once is read as a bundle
        return NotObjectsError(f"{path} is an archive that was packed twice over", hint="expand it once, as by gunzip")
    return None


def _written_otherwise(head: bytes, text: bytes, path: str) -> NotObjectsError | None:
    """Why objects are not read for the way in which their text is written."""
    if _UTF32.match(head):
        what, hint = "is written in UTF-32, and only UTF-8 and UTF-16 are read", "iconv -f UTF-32 -t UTF-8"
    elif b"\n" not in text and _KIND_LINE.search(text.replace(b"\r", b"\n")) and b"\r" in text:
        what, hint = "ends its lines with CR alone, and only LF and CRLF are read", "tr '\\r' '\\n'"
    else:
        return None
    return NotObjectsError(f"{path} {what}", hint=f"write it anew: {hint}")


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return False
    return True
