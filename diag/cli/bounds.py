"""How much may be read, by the flags that errors name."""

from typing import TYPE_CHECKING

from diag.cli.flags import Flags

if TYPE_CHECKING:
    from diag.api import Limits


def limits(flags: Flags) -> "Limits | None":
    """How much may be read, None where no flag says so."""
    asked = {
        "bytes": flags.max_bytes,
        "objects": flags.max_objects,
        "files": flags.max_files,
        "ratio": flags.max_ratio,
        "path": flags.max_path,
        "log_bytes": flags.max_log_bytes,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    from diag.api import Limits  # noqa: PLC0415  # only where something is read

    return Limits(**given) if given else None
