"""Local models: a short table of files that are worth a try, where pulled ones lie, and which one is chosen."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from diag.errors import DiagError, UsageError
from diag.llm.engines.engine import EngineError
from diag.whole_file import replace

INSTALL = "pip install 'kube-diag[local]'"
_CHOSEN = "chosen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A file on a hub. Sizes in GB (10⁹ bytes); `memory_gb` is the file and a context of 4,096 tokens, rounded up."""

    name: str
    repository: str
    file: str
    size_gb: float
    memory_gb: float
    licence: str
    good_for: str


# Sizes and licences as copies of these repositories' pages on huggingface.co list them; the size of mistral-7b is that
# of the same file in lmstudio-community's copy. Neither the files nor how well they explain was tried here.
KNOWN = (
    Known(
        name="qwen2.5-1.5b", repository="bartowski/Qwen2.5-1.5B-Instruct-GGUF",
        file="Qwen2.5-1.5B-Instruct-Q4_K_M.gguf",
        size_gb=1.0, memory_gb=2, licence="Apache-2.0", good_for="laptops; short and plain, several languages",
    ),
    Known(
        name="smollm2-1.7b", repository="HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF",
        file="smollm2-1.7b-instruct-q4_k_m.gguf",
        size_gb=1.1, memory_gb=2, licence="Apache-2.0", good_for="laptops; English only",
    ),
    Known(
        name="mistral-7b", repository="bartowski/Mistral-7B-Instruct-v0.3-GGUF",
        file="Mistral-7B-Instruct-v0.3-Q4_K_M.gguf",
        size_gb=4.4, memory_gb=6, licence="Apache-2.0", good_for="workstations; slow without a GPU",
    ),
)  # fmt: skip


def folder() -> Path:
    """Where pulled models lie."""
    return Path(platformdirs.user_data_dir("diag", appauthor=False)) / "models"


def known(name: str) -> Known | None:
    """The row of the table with that name."""
    return next((each for each in KNOWN if each.name == name), None)


def find(named: str) -> Path:
    """The file of a name of the table, or a path as it is. Raises EngineError for a name that was not pulled."""
    row = known(named)
    if row is None or Path(named).exists():
        return Path(named)
    path = folder() / row.file
    if not path.exists():
        raise EngineError(f"the model {named} is not here", hint=f"diag model pull {named}")
    return path


def chosen() -> Path | None:
    """The file that `diag model use` named, None where none was chosen."""
    try:
        written = (folder() / _CHOSEN).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return Path(written) if written else None


def choose(path: Path | None) -> None:
    """Makes a file the one that `--llm auto` takes; None for no model. Raises DiagError where that cannot be kept."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        replace(folder() / _CHOSEN, f"{path.resolve() if path else ''}\n".encode())
    except OSError as error:
        raise DiagError(f"cannot write to {folder()}: {error.strerror or error}", hint="see its permissions") from error


def pull(name: str) -> Path:
    """Downloads a file of the table, or goes on with a download; its checksum is compared with the hub's.

    Raises UsageError for an unknown name, DiagError where the download fails or the checksum differs.
    """
    row = known(name)
    if row is None:
        raise UsageError(f"no model of the table is called {name!r}", hint=", ".join(each.name for each in KNOWN))
    try:
        import huggingface_hub  # noqa: PLC0415  # only for a download that was asked for
    except ImportError as error:
        raise DiagError("pulling a model needs huggingface_hub, which is not installed", hint=INSTALL) from error
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        url = huggingface_hub.hf_hub_url(row.repository, row.file)
        wanted = huggingface_hub.get_hf_file_metadata(url).etag
        path = Path(huggingface_hub.hf_hub_download(row.repository, row.file, local_dir=folder()))
    except Exception as error:  # its exceptions come from several libraries
        raise DiagError(
            f"cannot pull {row.repository}/{row.file}: {' '.join(str(error).split())[:200]}",
            hint="the next attempt goes on where this one ended; any GGUF file can be used by its path",
        ) from error
    # The tag of a large file is its SHA-256 (huggingface_hub, file_download.py: `HfFileMetadata.etag`).
    if wanted and len(wanted) == hashlib.sha256().digest_size * 2 and digest(path) != wanted:
        path.unlink()
        raise DiagError(f"{path.name} came with another checksum than the hub names", hint="pull it again")
    return path


def digest(path: Path) -> str:
    """SHA-256 of a file. Raises DiagError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DiagError(f"cannot read {path}: {error.strerror or error}", hint="name a file") from error
