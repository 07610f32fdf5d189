"""Names of members. Nothing is ever written to them, but a name that leaves its bundle is no collector's."""

import posixpath
import re
import unicodedata

_DRIVE = re.compile(r"[A-Za-z]:")
MAX_DEPTH = 100  # folders in folders


def checked(raw: str, most: int) -> tuple[str, str]:
    """A member's name with `/` between its parts, and what is wrong with it (empty: nothing)."""
    name = raw.encode(errors="surrogateescape").decode(errors="replace").replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or _DRIVE.match(name):
        return name, "its path is absolute"
    if ".." in parts:
        return name, "its path leads out of the bundle (..)"
    if len(name) > most:
        return name, f"its path is longer than {most:,} characters; --max-path allows more"
    if len(parts) > MAX_DEPTH:
        return name, f"its path is deeper than {MAX_DEPTH} folders"
    if "\0" in name:
        return name, "its path holds a zero byte"
    return "/".join(parts), ""


def leads_inside(name: str, target: str) -> bool:
    """Whether the target of a link in an archive is a member, so that nothing is lost when the link is not followed.

    kind exports `containers/`, whose links lead to /var/log/pods, which it exports beside it as `pods/`.
    """
    if target.startswith("/"):
        return target.startswith("/var/log/pods/")
    return not posixpath.normpath(posixpath.join(posixpath.dirname(name), target)).startswith("..")


def folded(name: str) -> str:
    """What two names share that some file systems take for one: letters without case, in one composition."""
    return unicodedata.normalize("NFC", name).casefold() if not name.isascii() else name.lower()


def shown(name: str, most: int = 120) -> str:
    """A name for a sentence."""
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-most // 2 :]}"
